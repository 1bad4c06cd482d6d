/* SPDX-License-Identifier: MIT */
/*
 * One record at a time is open. A line that begins a record closes the one before; a line that belongs to a record
 * when none is open, or the open one has had its kill, opens one without a head. The kernel holds one lock over all
 * of a record, so records do not mix; other lines of the kernel may stand in between.
 */
#include "sources/kernel_log.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sources/arena.h"
#include "sources/kernel_memory.h"
#include "sources/kernel_scan.h"
#include "sources/kernel_tasks.h"

struct kernel_log {
    kernel_log_found *found;
    void *context;
    uint64_t lines;
    bool open;
    struct oom_record record;
    struct task_columns columns;
    bool in_stats;   /* rows "anon 4096" may follow */
    bool in_machine; /* rows of Mem-Info may follow */
    bool stats_total;
    char line[KERNEL_LINE_MAX + 1];
};

/* ---- records ---- */

static void open_record(struct kernel_log *log, const struct kernel_stamp *stamp)
{
    kernel_log_flush(log);
    oom_record_begin(&log->record, stamp);
    memset(&log->columns, 0, sizeof(log->columns));
    log->in_stats = log->in_machine = log->stats_total = false;
    log->open = true;
}

/* The record that a part belongs to: the open one, unless it is past that part. */
static struct oom_record *record_for(struct kernel_log *log, const struct kernel_stamp *stamp, enum oom_part part)
{
    uint32_t past = OOM_PART_KILL | OOM_PART_NOBODY | OOM_PART_PANIC | part;

    if (part == OOM_PART_KILL || part == OOM_PART_GROUP)
        past = 0;
    if (part == OOM_PART_MEMCG || part == OOM_PART_MACHINE || part == OOM_PART_STATS || part == OOM_PART_CHOICE)
        past &= ~(uint32_t)part; /* come in several lines */
    if (!log->open || (log->record.parts & past))
        open_record(log, stamp);
    log->record.parts |= part;
    return &log->record;
}

void kernel_log_flush(struct kernel_log *log)
{
    if (!log->open)
        return;
    log->open = false;
    struct oom_record *record = &log->record;
    if (record->parts & (OOM_PART_TRIGGER | OOM_PART_CHOICE | OOM_PART_KILL | OOM_PART_NOBODY | OOM_PART_PANIC)) {
        oom_record_end(record);
        log->found(record, log->context);
    }
    oom_record_clear(record);
}

/* ---- lines ---- */

/* python3 invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0
 * before Linux 4.21 with "nodemask=(null), " in between */
static bool line_trigger(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    const char *rest = scan_find(line, " invoked oom-killer: ");

    if (!rest)
        return false;
    open_record(log, stamp);
    struct oom_record *record = &log->record;
    record->parts |= OOM_PART_TRIGGER;
    scan_copy(line, rest - strlen(" invoked oom-killer: "), record->trigger, sizeof(record->trigger));
    scan_word(rest, "gfp_mask=", ",", record->gfp_mask, sizeof(record->gfp_mask));
    scan_signed(rest, "order=", &record->order);
    record->has_trigger_adj = scan_signed(rest, "oom_score_adj=", &record->trigger_adj);
    return true;
}

/* CPU: 0 UID: 0 PID: 9780 Comm: leak Not tainted …     (UID since 6.12) */
static bool line_cpu(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    if (!scan_after(line, "CPU: ") || !scan_find(line, " Comm: "))
        return false;
    if (log->open && log->record.trigger_pid == 0)
        scan_small(line, " PID: ", &log->record.trigger_pid);
    return true;
}

/* Task in /a/b killed as a result of limit of /a                                before Linux 4.21
 * Tasks in /a are going to be killed due to memory.oom.group set */
static bool line_cgroups(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    static const char limit[] = " killed as a result of limit of ", all[] = " are going to be killed due to";
    const char *path = scan_after(line, "Task in ");

    path = path ? path : scan_after(line, "Tasks in ");
    const char *after_limit = path ? scan_find(path, limit) : NULL, *after_all = path ? scan_find(path, all) : NULL;
    if (after_limit) {
        struct oom_record *record = record_for(log, stamp, OOM_PART_CHOICE);
        scan_copy(path, after_limit - strlen(limit), record->task_memcg, sizeof(record->task_memcg));
        scan_copy(after_limit, after_limit + strcspn(after_limit, "\n"), record->oom_memcg, sizeof(record->oom_memcg));
    } else if (after_all) {
        struct oom_record *record = record_for(log, stamp, OOM_PART_GROUP);
        scan_copy(path, after_all - strlen(all), record->group, sizeof(record->group));
    }
    return after_limit || after_all;
}

static bool line_amount(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    enum oom_amount_kind kind;
    struct oom_amount amount;

    if (!memory_amount(line, &kind, &amount))
        return false;
    record_for(log, stamp, OOM_PART_MEMCG)->amounts[kind] = amount;
    return true;
}

/* Memory cgroup stats for /a: cache:0KB rss:1024KB …     one line for each cgroup below, to be added up
 * Memory cgroup stats for /a:                            since Linux 5.3, the numbers in rows of their own */
static bool line_stats(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    const char *path = scan_after(line, "Memory cgroup stats for "), *colon = path ? strchr(path, ':') : NULL;

    if (!colon)
        return false;
    struct oom_record *record = record_for(log, stamp, OOM_PART_STATS);
    if (!record->oom_memcg[0])
        scan_copy(path, colon, record->oom_memcg, sizeof(record->oom_memcg));
    memory_inline_stats(colon + 1, record->stats);
    log->in_stats = true;
    log->in_machine = false;
    return true;
}

static bool line_stat_row(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    return log->open && log->in_stats && memory_stat_row(line, log->record.stats, &log->stats_total);
}

static bool line_machine(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    if (strcmp(line, "Mem-Info:") == 0) {
        /* also of "page allocation failure" and SysRq-m, which are no OOM records and are dropped at their end */
        record_for(log, stamp, OOM_PART_MACHINE);
        log->in_machine = true;
        log->in_stats = false;
        return true;
    }
    return log->open && log->in_machine && memory_machine_row(line, &log->record);
}

static bool line_table(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    if (task_columns_read(line, &log->columns)) {
        record_for(log, stamp, OOM_PART_TASKS);
        task_columns_read(line, &log->columns); /* a record that was opened just now began without */
        log->in_stats = log->in_machine = false;
        return true;
    }
    struct oom_task task;
    if (!log->open || !(log->record.parts & OOM_PART_TASKS) || !task_row_read(line, &log->columns, &task))
        return false;
    oom_record_add_task(&log->record, &task);
    return true;
}

/* oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,task_memcg=/a/b,
 *     task=leak,pid=131,uid=0                               Linux 5.0 and later; "global_oom," instead of oom_memcg */
static bool line_choice(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    const char *rest = scan_after(line, "oom-kill:constraint=");

    if (!rest)
        return false;
    struct oom_record *record = record_for(log, stamp, OOM_PART_CHOICE);
    scan_copy(rest, rest + strcspn(rest, ","), record->constraint, sizeof(record->constraint));
    scan_word(rest, ",cpuset=", ",", record->cpuset, sizeof(record->cpuset));
    const char *mems = scan_find(rest, ",mems_allowed="); /* "0-1,4" */
    if (mems)
        scan_copy(mems, mems + strspn(mems, "0123456789-,"), record->mems_allowed, sizeof(record->mems_allowed));
    size_t used = strlen(record->mems_allowed);
    if (used > 0 && record->mems_allowed[used - 1] == ',')
        record->mems_allowed[used - 1] = '\0';
    record->global = strstr(rest, ",global_oom,") != NULL;
    const char *limit = scan_find(rest, ",oom_memcg="), *group = scan_find(rest, ",task_memcg=");
    const char *task = scan_find_last(rest, ",task="), *pid = scan_find_last(rest, ",pid=");
    const char *group_end = group ? (task ? task - strlen(",task=") : group + strlen(group)) : NULL;
    const char *limit_end = limit ? (group ? group - strlen(",task_memcg=") : limit + strlen(limit)) : NULL;
    if (limit)
        scan_copy(limit, limit_end, record->oom_memcg, sizeof(record->oom_memcg));
    if (group)
        scan_copy(group, group_end, record->task_memcg, sizeof(record->task_memcg));
    if (task)
        scan_copy(task, pid ? pid - strlen(",pid=") : task + strlen(task), record->chosen, sizeof(record->chosen));
    if (pid)
        scan_small(pid - 1, "=", &record->chosen_pid);
    record->has_chosen_uid = pid && scan_small(pid, ",uid=", &record->chosen_uid);
    return true;
}

/* Memory cgroup out of memory: Kill process 131 (leak) score 966 or sacrifice child           before Linux 5.3 */
static bool line_kill_choice(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    const char *rest = scan_find(line, ": Kill process "), *name = rest ? strchr(rest, '(') : NULL;
    const char *score = rest ? scan_find_last(rest, ") score ") : NULL;

    if (!rest || !name || !isdigit((unsigned char)*rest) || !strstr(line, "ut of memory"))
        return false;
    struct oom_record *record = record_for(log, stamp, OOM_PART_CHOICE);
    record->global = scan_after(line, "Out of memory") != NULL;
    scan_small(rest - 1, " ", &record->chosen_pid);
    const char *end = score ? score - strlen(") score ") : name + 1 + strcspn(name + 1, ")");
    scan_copy(name + 1, end, record->chosen, sizeof(record->chosen));
    if (score)
        scan_number(score - 1, " ", &record->score);
    return true;
}

static void read_victim(struct oom_victim *victim, const char *rest)
{
    const char *name = strchr(rest, '('), *total = scan_find_last(rest, "total-vm:");
    const char *end = total ? total : rest + strlen(rest);

    while (name && end > name && *end != ')')
        end--;
    if (name && end > name)
        scan_copy(name + 1, end, victim->name, sizeof(victim->name));
    victim->killed = true;
    victim->has_uid = scan_small(rest, ", UID ", &victim->uid); /* RHEL 7 */
    if (!total)
        return;
    scan_kilobytes(total - 1, ":", &victim->total_vm_bytes);
    scan_kilobytes(total, "anon-rss:", &victim->anon_bytes);
    scan_kilobytes(total, "file-rss:", &victim->file_bytes);
    scan_kilobytes(total, "shmem-rss:", &victim->shmem_bytes);
    scan_kilobytes(total, "pgtables:", &victim->page_table_bytes);
    victim->has_uid = victim->has_uid || scan_small(total, "UID:", &victim->uid);
    victim->has_adj = scan_signed(total, "oom_score_adj:", &victim->adj);
}

/* Memory cgroup out of memory: Killed process 131 (leak) total-vm:38832kB, anon-rss:36512kB, file-rss:1004kB,
 *     shmem-rss:0kB, UID:0 pgtables:120kB oom_score_adj:0                       before Linux 5.4 up to shmem-rss */
static bool line_killed(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    const char *rest = scan_find(line, "Killed process ");
    uint32_t pid;

    if (!rest || !isdigit((unsigned char)*rest) || !strchr(rest, '(') || !scan_small(rest - 1, " ", &pid))
        return false;
    const char *before = rest - strlen("Killed process ");
    bool headed = before > line && strstr(line, "ut of memory");
    if (before > line && !headed)
        return false;
    bool again = log->open && (log->record.parts & OOM_PART_KILL) && !(log->record.parts & OOM_PART_GROUP);
    if (again && oom_record_find_victim(&log->record, pid))
        return true;
    if (again)
        open_record(log, stamp);
    struct oom_record *record = record_for(log, stamp, OOM_PART_KILL);
    if (headed)
        record->global = scan_after(line, "Out of memory") != NULL;
    struct oom_victim *victim = oom_record_victim_of(record, pid);
    if (victim)
        read_victim(victim, rest);
    if (victim && record->has_chosen_uid && record->chosen_pid == pid && !victim->has_uid) {
        victim->has_uid = true;
        victim->uid = record->chosen_uid;
    }
    log->in_stats = log->in_machine = false;
    return true;
}

/* oom_reaper: reaped process 131 (leak), now anon-rss:0kB, …      oom_reaper: unable to reap pid:131 (leak) */
static bool line_reaper(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    const char *rest = scan_after(line, "oom_reaper: ");
    struct oom_victim *victim;
    uint32_t pid;

    if (!rest)
        return false;
    bool reaped = scan_small(rest, "reaped process ", &pid);
    if ((!reaped && !scan_small(rest, "unable to reap pid:", &pid)) || !log->open ||
        !(victim = oom_record_find_victim(&log->record, pid)))
        return true;
    victim->reaped = reaped;
    victim->unreapable = !reaped;
    return true;
}

/* Out of memory and no killable processes...      Kernel panic - not syncing: … out of memory … */
static bool line_nobody(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp)
{
    bool panic = scan_after(line, "Kernel panic - not syncing: ") &&
                 (strstr(line, "ut of memory") || strstr(line, "deadlocked on memory"));
    bool nobody = strstr(line, "no killable process") != NULL;

    if (panic && log->open)
        log->record.parts |= OOM_PART_PANIC;
    else if (panic)
        record_for(log, stamp, OOM_PART_PANIC);
    if (nobody && log->open)
        log->record.parts |= OOM_PART_NOBODY;
    else if (nobody)
        record_for(log, stamp, OOM_PART_NOBODY);
    return panic || nobody;
}

/* In this order: rows of a block last, they look like little. */
static bool (*const readers[])(struct kernel_log *log, const char *line, const struct kernel_stamp *stamp) = {
    line_trigger, line_cgroups, line_choice, line_kill_choice, line_killed,  line_reaper,   line_nobody,
    line_cpu,     line_amount,  line_stats,  line_table,       line_machine, line_stat_row,
};

static void read_line(struct kernel_log *log, char *text, size_t length, const struct kernel_stamp *stamp)
{
    while (length > 0 && isspace((unsigned char)*text))
        text++, length--;
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    text[length] = '\0';
    for (size_t i = 0; *text && i < sizeof(readers) / sizeof(readers[0]); i++)
        if (readers[i](log, text, stamp))
            return;
}

void kernel_log_feed(struct kernel_log *log, char *line, size_t length)
{
    struct kernel_line parts;

    log->lines++;
    kernel_line_split(line, length, &parts);
    if (parts.foreign)
        return;
    for (size_t from = 0; from < parts.length;) {
        const char *newline = memchr(parts.text + from, '\n', parts.length - from);
        size_t to = newline ? (size_t)(newline - parts.text) : parts.length, n = to - from;
        memcpy(log->line, parts.text + from, n);
        for (size_t i = 0; i < n; i++) /* a byte that would end the text for the readers */
            log->line[i] = log->line[i] ? log->line[i] : '\x01';
        read_line(log, log->line, n, &parts.stamp);
        from = to + 1;
    }
}

/* ---- life ---- */

struct kernel_log *kernel_log_new(kernel_log_found *found, void *context)
{
    struct kernel_log *log = array_resize(NULL, 1, sizeof(*log));

    memset(log, 0, sizeof(*log));
    log->found = found;
    log->context = context;
    return log;
}

bool kernel_log_pending(const struct kernel_log *log)
{
    return log->open;
}

uint64_t kernel_log_lines(const struct kernel_log *log)
{
    return log->lines;
}

void kernel_log_free(struct kernel_log *log)
{
    oom_record_clear(&log->record);
    free(log);
}
