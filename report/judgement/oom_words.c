/* SPDX-License-Identifier: MIT */
#include "judgement/oom_words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sources/sizes.h"
#include "sources/text.h"

/* ---- rows ---- */

__attribute__((format(printf, 3, 4))) static void say(struct oom_words *words, const char *key, const char *format, ...)
{
    va_list arguments;

    if (words->row_count == OOM_MAX_ROWS)
        return;
    struct oom_row *row = &words->rows[words->row_count++];
    row->key = key;
    va_start(arguments, format);
    vsnprintf(row->text, sizeof(row->text), format, arguments);
    va_end(arguments);
}

static bool known(uint64_t bytes)
{
    return bytes != LW_UNKNOWN;
}

static const char *or_none(const char *path)
{
    return path[0] ? path : "(not named)";
}

static void write_title(const struct oom_record *record, struct oom_words *words)
{
    const struct oom_victim *victim = oom_record_victim(record);
    char who[128] = "the OOM killer", where[300];

    if (victim)
        snprintf(who, sizeof(who), "%s (pid %u)", victim->name[0] ? victim->name : "a process", victim->pid);
    if (record->parts & OOM_PART_MEMCG || record->oom_memcg[0])
        snprintf(where, sizeof(where), "the memory limit of cgroup %.200s", or_none(record->oom_memcg));
    else
        snprintf(where, sizeof(where),
                 record->global || (record->parts & OOM_PART_MACHINE) ? "the memory of this machine"
                                                                      : "a memory limit of its cgroup");
    if (record->parts & OOM_PART_PANIC)
        snprintf(words->title, sizeof(words->title), "the kernel panicked: %s was used up", where);
    else if (!victim && (record->parts & OOM_PART_NOBODY))
        snprintf(words->title, sizeof(words->title), "nobody could be killed: %s was used up", where);
    else if (!victim)
        snprintf(words->title, sizeof(words->title), "%s was called: %s was used up", who, where);
    else
        snprintf(words->title, sizeof(words->title), "%s was %s: %s was used up", who,
                 victim->killed ? "OOM-killed" : "chosen by the OOM killer", where);
}

static void row_when(const struct oom_record *record, struct oom_words *words)
{
    const struct kernel_stamp *stamp = &record->stamp;
    char since[96] = "";

    if (stamp->monotonic_us != LW_UNKNOWN)
        snprintf(since, sizeof(since), "%s after the start of the machine",
                 size_duration(stamp->monotonic_us / 1000).text);
    if (stamp->text[0] || since[0])
        say(words, "when", "%s%s%s", stamp->text, stamp->text[0] && since[0] ? ", " : "", since);
}

static void row_where(const struct oom_record *record, struct oom_words *words)
{
    static const struct {
        const char *name;
        const char *text;
    } constraints[] = {
        {"CONSTRAINT_MEMCG", "a cgroup's memory limit was reached, the machine itself had memory left"},
        {"CONSTRAINT_NONE", "no special limit: the machine itself was out of memory"},
        {"CONSTRAINT_CPUSET", "the memory nodes that the cpuset allows were full, others may have had room"},
        {"CONSTRAINT_MEMORY_POLICY", "the memory nodes of the task's memory policy (mbind, numactl) were full"},
    };
    char text[1200] = "";

    for (size_t i = 0; i < sizeof(constraints) / sizeof(constraints[0]); i++)
        if (strcmp(record->constraint, constraints[i].name) == 0)
            text_append(text, sizeof(text), "%s: %s", constraints[i].name, constraints[i].text);
    if (record->oom_memcg[0])
        text_append(text, sizeof(text), "%sthe limit is that of %.400s", text[0] ? "; " : "", record->oom_memcg);
    if (record->task_memcg[0] && strcmp(record->task_memcg, record->oom_memcg) != 0)
        text_append(text, sizeof(text), "%sthe victim was in %.400s%s", text[0] ? "; " : "", record->task_memcg,
                    record->oom_memcg[0] ? ", below it: the limit of an ancestor, not its own" : "");
    if (record->mems_allowed[0] && strcmp(record->mems_allowed, "0") != 0)
        text_append(text, sizeof(text), "; memory nodes %s", record->mems_allowed);
    if (text[0])
        say(words, "where", "%s", text);
}

/* The wish, in the order in which it decides. */
static const char *gfp_text(const char *mask)
{
    static const struct {
        const char *part;
        const char *text;
    } rows[] = {
        {"GFP_HIGHUSER", "memory for a program: a page that it touched or a file page that it read"},
        {"GFP_USER", "memory that a program sees"},
        {"GFP_NOFS", "from inside a file system, which may not write files back to make room"},
        {"GFP_NOIO", "from inside a device driver, which may not write to disks to make room"},
        {"GFP_NOWAIT", "may not wait"},
        {"GFP_ATOMIC", "may not wait"},
        {"GFP_KERNEL", "an ordinary request that may wait: a program's own page, or kernel memory on its behalf"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strstr(mask, rows[i].part))
            return rows[i].text;
    return "";
}

static void row_trigger(const struct oom_record *record, struct oom_words *words)
{
    char pid[32] = "", adj[48] = "", size[96];
    const char *wish = gfp_text(record->gfp_mask);

    if (!(record->parts & OOM_PART_TRIGGER))
        return;
    if (record->trigger_pid > 0)
        snprintf(pid, sizeof(pid), " (pid %u)", record->trigger_pid);
    if (record->has_trigger_adj)
        snprintf(adj, sizeof(adj), "; its oom_score_adj=%d", record->trigger_adj);
    if (record->order < 0)
        snprintf(size, sizeof(size), "nothing: somebody asked for it by SysRq-f");
    else if (record->order > 20)
        snprintf(size, sizeof(size), "order=%d", record->order);
    else
        snprintf(size, sizeof(size), "%s%s (order=%d)", size_prose(record->page_bytes << record->order).text,
                 record->order > 0 ? " in one piece" : ", one page", record->order);
    say(words, "trigger",
        "%s%s asked for %s and there was none to be had; gfp_mask=%.120s%s%s%s. Whoever asks last sets "
        "the killer off, that is no sign of guilt",
        record->trigger, pid, size, record->gfp_mask, wish[0] ? ": " : "", wish, adj);
}

static void row_amount(const struct oom_record *record, enum oom_amount_kind kind, struct oom_words *words)
{
    static const struct {
        const char *key;
        const char *what;
    } names[OOM_AMOUNTS] = {[OOM_MEMORY] = {"memory", ""},
                            [OOM_SWAP] = {"swap", " of swap"},
                            [OOM_MEMSW] = {"mem+swap", " of memory and swap together"},
                            [OOM_KMEM] = {"kmem", " of kernel memory, which counts within memory"}};
    const struct oom_amount *amount = &record->amounts[kind];
    char limit[64] = "unknown", failures[120] = "";

    if (!known(amount->usage_bytes))
        return;
    if (amount->limit_bytes == LW_UNLIMITED)
        snprintf(limit, sizeof(limit), "none");
    else
        snprintf(limit, sizeof(limit), "%s", size_prose(amount->limit_bytes).text);
    if (known(amount->failures) && amount->failures > 0)
        snprintf(failures, sizeof(failures), "; the limit was run into %llu times before (failcnt)",
                 (unsigned long long)amount->failures);
    say(words, names[kind].key, "usage %s%s, limit %s%s", size_prose(amount->usage_bytes).text, names[kind].what, limit,
        failures);
}

struct part {
    uint64_t bytes;
    const char *text;
};

static void say_parts(struct oom_words *words, const char *key, const struct part *parts, size_t count)
{
    char text[1200] = "";

    for (size_t i = 0; i < count; i++)
        if (known(parts[i].bytes) && (parts[i].bytes > 0 || i == 0))
            text_append(text, sizeof(text), "%s%s %s", text[0] ? "; " : "", size_prose(parts[i].bytes).text,
                        parts[i].text);
    if (text[0])
        say(words, key, "%s", text);
}

static void row_stats(const struct oom_record *record, struct oom_words *words)
{
    const uint64_t *stats = record->stats;
    const struct part parts[] = {
        {stats[OOM_STAT_ANON], "anonymous (heap, stacks, private mappings)"},
        {stats[OOM_STAT_HUGE], "of that in huge pages"},
        {stats[OOM_STAT_FILE], "page cache, tmpfs and shared memory (file)"},
        {stats[OOM_STAT_SHMEM], "of that shmem: tmpfs files and shared memory, which cannot be dropped"},
        {stats[OOM_STAT_DIRTY], "of that dirty, to be written before it can be dropped"},
        {stats[OOM_STAT_WRITEBACK], "of that being written"},
        {stats[OOM_STAT_KERNEL], "kernel memory in all"},
        {stats[OOM_STAT_SLAB], "slab (inodes, dentries, buffers of the kernel)"},
        {stats[OOM_STAT_PAGE_TABLES], "page tables"},
        {stats[OOM_STAT_KERNEL_STACK], "kernel stacks (16 KiB for each thread)"},
        {stats[OOM_STAT_SOCK], "network buffers"},
        {stats[OOM_STAT_VMALLOC], "vmalloc"},
        {stats[OOM_STAT_PERCPU], "per-CPU data"},
        {stats[OOM_STAT_UNEVICTABLE], "locked (mlock)"},
        {stats[OOM_STAT_SWAP], "swapped out"},
    };

    if (record->parts & OOM_PART_STATS)
        say_parts(words, "filled by", parts, sizeof(parts) / sizeof(parts[0]));
}

static uint64_t pages_bytes(const struct oom_record *record, enum oom_page_count first, enum oom_page_count second)
{
    uint64_t a = record->pages[first], b = record->pages[second];

    return known(a) && known(b) ? (a + b) * record->page_bytes : LW_UNKNOWN;
}

static void row_machine(const struct oom_record *record, struct oom_words *words)
{
    uint64_t page = record->page_bytes, shmem = record->pages[OOM_PAGES_SHMEM];
    uint64_t tables = record->pages[OOM_PAGES_PAGE_TABLES];
    const struct part parts[] = {
        {pages_bytes(record, OOM_PAGES_ACTIVE_ANON, OOM_PAGES_INACTIVE_ANON), "anonymous and shared memory"},
        {known(shmem) ? shmem * page : LW_UNKNOWN, "of that shmem (tmpfs, shared memory)"},
        {pages_bytes(record, OOM_PAGES_ACTIVE_FILE, OOM_PAGES_INACTIVE_FILE), "page cache"},
        {pages_bytes(record, OOM_PAGES_SLAB_RECLAIMABLE, OOM_PAGES_SLAB_UNRECLAIMABLE), "slab of the kernel"},
        {known(tables) ? tables * page : LW_UNKNOWN, "page tables"},
    };
    char zones[900] = "";

    if (!(record->parts & OOM_PART_MACHINE))
        return;
    if (known(record->pages[OOM_PAGES_RAM])) {
        uint64_t ram = record->pages[OOM_PAGES_RAM], reserved = record->pages[OOM_PAGES_RESERVED];
        bool swap = known(record->swap_total_bytes) && record->swap_total_bytes > 0;
        ram -= known(reserved) && reserved < ram ? reserved : 0;
        say(words, "machine", "%s of RAM; swap %s%s%s", size_prose(ram * page).text,
            swap ? size_prose(record->swap_total_bytes).text : "none",
            swap && known(record->swap_free_bytes) ? ", free " : "",
            swap && known(record->swap_free_bytes) ? size_prose(record->swap_free_bytes).text : "");
    }
    say_parts(words, "filled by", parts, sizeof(parts) / sizeof(parts[0]));
    for (size_t i = 0; i < record->zone_count; i++) {
        const struct oom_zone *zone = &record->zones[i];
        if (known(zone->free_bytes) && known(zone->min_bytes))
            text_append(zones, sizeof(zones), "%s%s free %s, %s min %s", zones[0] ? "; " : "", zone->name,
                        size_prose(zone->free_bytes).text,
                        zone->free_bytes < zone->min_bytes ? "below its" : "above its",
                        size_prose(zone->min_bytes).text);
    }
    if (zones[0])
        say(words, "zones", "%s", zones);
}

static void row_victim(const struct oom_record *record, const struct oom_victim *victim, struct oom_words *words)
{
    const struct {
        uint64_t bytes;
        const char *field;
        const char *text;
    } parts[] = {
        {victim->total_vm_bytes, "total-vm", "address space, most of it never touched"},
        {victim->anon_bytes, "anon-rss", "its own memory, resident"},
        {victim->file_bytes, "file-rss", "mapped pages of files: code, libraries"},
        {victim->shmem_bytes, "shmem-rss", "shared memory and tmpfs"},
        {victim->page_table_bytes, "pgtables", "page tables"},
    };
    char text[1200] = "";

    text_append(text, sizeof(text), "%s (pid %u", victim->name, victim->pid);
    if (victim->has_uid)
        text_append(text, sizeof(text), ", uid %u", victim->uid);
    text_append(text, sizeof(text), ")");
    if (!victim->killed)
        text_append(text, sizeof(text), ", chosen; the line that says that it was killed is missing");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (known(parts[i].bytes))
            text_append(text, sizeof(text), "; %s %s (%s)", parts[i].field, size_prose(parts[i].bytes).text,
                        parts[i].text);
    if (victim->has_adj)
        text_append(text, sizeof(text), "; oom_score_adj %d", victim->adj);
    say(words, victim == record->victims ? "victim" : "also", "%s", text);
}

static void row_choice(const struct oom_record *record, struct oom_words *words)
{
    const struct oom_victim *victim = oom_record_victim(record);

    if (!victim || record->chosen_pid == 0 || record->chosen_pid == victim->pid)
        return;
    bool thread = strcmp(victim->name, record->chosen) == 0;
    say(words, "chosen", "%s (pid %u) had the highest score; %s", record->chosen, record->chosen_pid,
        thread ? "that is a thread of the victim or a process like it"
               : "its child was killed instead (\"or sacrifice child\", as kernels before 5.3 did)");
}

static void row_score(const struct oom_record *record, struct oom_words *words)
{
    const struct oom_victim *victim = oom_record_victim(record);
    const struct oom_task *task = victim ? oom_record_task(record, victim->pid) : NULL;
    uint64_t total = oom_total_pages(record);
    struct oom_score score;
    char text[900] = "";

    if (known(record->score))
        text_append(text, sizeof(text), "the kernel says %llu of 1000%s", (unsigned long long)record->score,
                    task ? ": " : "");
    if (task) {
        oom_score_task(record, task, &score);
        text_append(text, sizeof(text), "%lld pages = rss %llu + swap %llu + page tables %llu", (long long)score.points,
                    (unsigned long long)score.rss_pages, (unsigned long long)score.swap_pages,
                    (unsigned long long)score.table_pages);
        if (score.adj != 0 && total > 0)
            text_append(text, sizeof(text), " %c %lld (oom_score_adj %d × %llu pages / 1000)",
                        score.adj_pages < 0 ? '-' : '+',
                        (long long)(score.adj_pages < 0 ? -score.adj_pages : score.adj_pages), score.adj,
                        (unsigned long long)total);
        else
            text_append(text, sizeof(text), ", oom_score_adj %d", score.adj);
        if (total > 0)
            text_append(text, sizeof(text), "; that is %d of 1000 of the %s that could be had", score.per_mille,
                        size_prose(total * record->page_bytes).text);
        text_append(text, sizeof(text), "; a page is %s%s", size_prose(record->page_bytes).text,
                    record->page_bytes_known ? "" : " (assumed)");
    }
    if (text[0])
        say(words, "score", "%s", text);
}

static void row_afterwards(const struct oom_record *record, struct oom_words *words)
{
    const struct oom_victim *victim = oom_record_victim(record);

    if (record->parts & OOM_PART_GROUP)
        say(words, "group",
            "memory.oom.group is set for %s: all %zu processes that are named in it were killed together "
            "(Kubernetes does so since 1.28)",
            or_none(record->group), record->victim_count + record->victim_dropped);
    if (victim && victim->reaped)
        say(words, "reaper", "its memory was taken back at once (oom_reaper)");
    if (victim && victim->unreapable)
        say(words, "reaper", "its memory could not be taken back before it had ended (oom_reaper): it may have hung");
    if (record->parts & OOM_PART_NOBODY)
        say(words, "nobody",
            "there was no process that may be killed: all are protected (oom_score_adj -1000) or the "
            "memory belongs to none (tmpfs, kernel)");
}

static void write_missing(const struct oom_record *record, struct oom_words *words)
{
    static const struct {
        uint32_t any;
        const char *text;
    } wanted[] = {
        {OOM_PART_TRIGGER, "who set it off (\"invoked oom-killer\")"},
        {OOM_PART_MEMCG | OOM_PART_MACHINE, "usage and limit"},
        {OOM_PART_TASKS, "the table of tasks"},
        {OOM_PART_KILL | OOM_PART_NOBODY | OOM_PART_PANIC, "the line \"Killed process\""},
    };
    char *text = words->missing;
    size_t size = sizeof(words->missing);

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        if (!(record->parts & wanted[i].any))
            text_append(text, size, "%s%s", text[0] ? "; " : "", wanted[i].text);
    if (!(record->parts & OOM_PART_TASKS) && text[0])
        text_append(text, size, ": the log is cut, filtered, or the kernel left it out because kills came fast%s",
                    record->parts & OOM_PART_TRIGGER ? ", or vm.oom_dump_tasks is 0" : "");
    else if (text[0])
        text_append(text, size, ": the log begins or ends in the middle of the record");
    if (record->task_dropped > 0)
        text_append(text, size, "%s%zu more rows of the table", text[0] ? "; " : "", record->task_dropped);
    if (record->victim_dropped > 0)
        text_append(text, size, "%s%zu more victims", text[0] ? "; " : "", record->victim_dropped);
}

void oom_words_say(const struct oom_record *record, struct oom_words *words)
{
    memset(words, 0, sizeof(*words));
    write_title(record, words);
    row_when(record, words);
    row_where(record, words);
    row_trigger(record, words);
    for (int kind = 0; kind < OOM_AMOUNTS; kind++)
        row_amount(record, (enum oom_amount_kind)kind, words);
    row_stats(record, words);
    row_machine(record, words);
    row_choice(record, words);
    for (size_t i = 0; i < record->victim_count && i < 8; i++)
        row_victim(record, &record->victims[i], words);
    row_score(record, words);
    row_afterwards(record, words);
    oom_culprit_judge(record, words);
    write_missing(record, words);
}
