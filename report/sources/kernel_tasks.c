/* SPDX-License-Identifier: MIT */
/*
 * dump_tasks() of mm/oom_kill.c, numbers in pages unless they say bytes:
 *     [ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name                          3.x
 *     [ pid ]   uid  tgid total_vm      rss nr_ptes nr_pmds swapents oom_score_adj name                  4.0
 *     [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name                 4.15
 *     [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name
 *                                                                                                        6.8
 *     [   9743]     0  9743     5740     5465     5120      345         0    81920        0             0 idle
 */
#include "sources/kernel_tasks.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sources/kernel_scan.h"

enum { OTHER, UID, TGID, TOTAL_VM, RSS, ANON, FILES, SHMEM, PAGE_TABLES, TABLE_BYTES, SWAP, ADJ };

static const struct {
    const char *name;
    unsigned char kind;
} names[] = {
    {"uid", UID},
    {"tgid", TGID},
    {"total_vm", TOTAL_VM},
    {"rss", RSS},
    {"rss_anon", ANON},
    {"rss_file", FILES},
    {"rss_shmem", SHMEM},
    {"nr_ptes", PAGE_TABLES},
    {"nr_pmds", PAGE_TABLES},
    {"nr_puds", PAGE_TABLES},
    {"pgtables_bytes", TABLE_BYTES},
    {"swapents", SWAP},
    {"oom_score_adj", ADJ},
};

static unsigned char kind_of(const char *word, size_t length)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == length && memcmp(names[i].name, word, length) == 0)
            return names[i].kind;
    return OTHER;
}

bool task_columns_read(const char *line, struct task_columns *columns)
{
    const char *rest = line[0] == '[' ? strchr(line, ']') : NULL;
    struct task_columns found = {.count = 0};

    if (!rest || strspn(line + 1, " ") + 1 + 3 > (size_t)(rest - line) ||
        !scan_after(line + 1 + strspn(line + 1, " "), "pid") || !strstr(rest, " total_vm "))
        return false;
    for (rest++; *(rest += strspn(rest, " "));) {
        size_t length = strcspn(rest, " ");
        if (length == 4 && memcmp(rest, "name", 4) == 0) {
            *columns = found;
            return true;
        }
        if (found.count == TASK_MAX_COLUMNS)
            return false;
        found.kinds[found.count++] = kind_of(rest, length);
        rest += length;
    }
    return false;
}

static void set(struct oom_task *task, unsigned char kind, long long value)
{
    uint64_t number = value < 0 ? 0 : (uint64_t)value;

    switch (kind) {
    case UID:
        task->uid = (uint32_t)number;
        break;
    case TGID:
        task->tgid = (uint32_t)number;
        break;
    case PAGE_TABLES:
        task->page_table_pages = (task->page_table_pages == LW_UNKNOWN ? 0 : task->page_table_pages) + number;
        break;
    case ADJ:
        task->adj = value < -1000 ? -1000 : value > 1000 ? 1000 : (int)value;
        break;
    default: {
        uint64_t *const places[] = {[TOTAL_VM] = &task->total_vm_pages, [RSS] = &task->rss_pages,
                                    [ANON] = &task->anon_pages,         [FILES] = &task->file_pages,
                                    [SHMEM] = &task->shmem_pages,       [TABLE_BYTES] = &task->page_table_bytes,
                                    [SWAP] = &task->swap_pages,         [ADJ] = NULL};
        if (places[kind])
            *places[kind] = number;
    }
    }
}

/* A number of at most 2^44 pages or bytes: sums of them must not overflow. */
static bool take_number(const char **text, long long *value)
{
    char *end;

    errno = 0;
    *value = strtoll(*text, &end, 10);
    if (end == *text || errno || *value > (1LL << 44) || *value < -(1LL << 44))
        return false;
    *text = end;
    return true;
}

bool task_row_read(const char *line, const struct task_columns *columns, struct oom_task *task)
{
    struct oom_task row = {.anon_pages = LW_UNKNOWN,
                           .file_pages = LW_UNKNOWN,
                           .shmem_pages = LW_UNKNOWN,
                           .page_table_pages = LW_UNKNOWN,
                           .page_table_bytes = LW_UNKNOWN};
    const char *rest = line + 1;
    long long value;

    if (columns->count == 0 || line[0] != '[' || !take_number(&rest, &value) || value < 0 || value > INT_MAX ||
        *rest != ']')
        return false;
    row.pid = (uint32_t)value;
    rest++;
    for (size_t i = 0; i < columns->count; i++) {
        if (*rest != ' ' || !take_number(&rest, &value))
            return false;
        set(&row, columns->kinds[i], value);
    }
    if (*rest != ' ' || !rest[1])
        return false;
    scan_copy(rest + 1, rest + strlen(rest), row.name, sizeof(row.name));
    *task = row;
    return true;
}
