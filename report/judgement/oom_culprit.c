/* SPDX-License-Identifier: MIT */
/*
 * Who holds the memory. The kernel takes the process with the highest score, which is the largest one, bent by
 * oom_score_adj; it does not look for a cause. And memory may belong to no process at all.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "judgement/oom_words.h"
#include "sources/sizes.h"

#define FAMILY_LEAST 3u /* processes of one name that make a family */

static const char *const names[] = {
    [OOM_CULPRIT_VICTIM] = "victim",        [OOM_CULPRIT_OTHER_TASK] = "other_task",
    [OOM_CULPRIT_FAMILY] = "family",        [OOM_CULPRIT_SHARED] = "shared_memory",
    [OOM_CULPRIT_KERNEL] = "kernel_memory", [OOM_CULPRIT_WRITEBACK] = "page_cache",
    [OOM_CULPRIT_UNKNOWN] = "unknown",
};

const char *oom_culprit_name(enum oom_culprit culprit)
{
    return names[culprit];
}

__attribute__((format(printf, 3, 4))) static void say(struct oom_words *words, enum oom_culprit culprit,
                                                      const char *format, ...)
{
    va_list arguments;

    words->culprit = culprit;
    va_start(arguments, format);
    vsnprintf(words->culprit_text, sizeof(words->culprit_text), format, arguments);
    va_end(arguments);
}

static uint64_t stat_bytes(const struct oom_record *record, enum oom_stat stat)
{
    return record->stats[stat] == LW_UNKNOWN ? 0 : record->stats[stat];
}

/* The memory that was full, of the machine with its swap; 0: unknown. */
static uint64_t full_bytes(const struct oom_record *record)
{
    uint64_t usage = record->amounts[OOM_MEMORY].usage_bytes;

    return usage != LW_UNKNOWN ? usage : oom_total_pages(record) * record->page_bytes;
}

/* More than half of it is no process's own. */
static bool judge_nobody(const struct oom_record *record, uint64_t full, struct oom_words *words)
{
    uint64_t page = record->page_bytes, kernel = stat_bytes(record, OOM_STAT_KERNEL);
    uint64_t shmem = stat_bytes(record, OOM_STAT_SHMEM), kmem = record->amounts[OOM_KMEM].usage_bytes;
    uint64_t slab = record->pages[OOM_PAGES_SLAB_UNRECLAIMABLE];
    uint64_t writing = stat_bytes(record, OOM_STAT_DIRTY) + stat_bytes(record, OOM_STAT_WRITEBACK);

    if (!(record->parts & OOM_PART_STATS) && record->pages[OOM_PAGES_SHMEM] != LW_UNKNOWN)
        shmem = record->pages[OOM_PAGES_SHMEM] * page;
    if (kernel == 0 && kmem != LW_UNKNOWN)
        kernel = kmem;
    if (kernel == 0 && slab != LW_UNKNOWN)
        kernel = slab * page;
    if (shmem > full / 2)
        say(words, OOM_CULPRIT_SHARED,
            "not one process: %s of %s is shared memory or files in tmpfs (/dev/shm, /tmp, emptyDir with medium "
            "Memory). Killing a process does not free tmpfs: what is written there must be deleted",
            size_prose(shmem).text, size_prose(full).text);
    else if (kernel > full / 2)
        say(words, OOM_CULPRIT_KERNEL,
            "not one process: %s of %s is memory of the kernel (slab, sockets, page tables, thread stacks)",
            size_prose(kernel).text, size_prose(full).text);
    else if (writing > full / 2)
        say(words, OOM_CULPRIT_WRITEBACK, "not one process: %s of %s is page cache that was not yet written to disk",
            size_prose(writing).text, size_prose(full).text);
    else
        return false;
    return true;
}

/* "2325 MiB of 7764 MiB" */
static struct size_text share(uint64_t part, uint64_t whole)
{
    struct size_text out;

    if (whole > 0 && part <= whole) /* mapped files may be charged to somebody else */
        snprintf(out.text, sizeof(out.text), ", %.0f %% of it", 100.0 * (double)part / (double)whole);
    else
        out.text[0] = '\0';
    return out;
}

/* Why was it not the largest? */
static const char *why_not(const struct oom_task *largest, const struct oom_task *victim)
{
    if (largest->adj == -1000)
        return "it is protected by oom_score_adj -1000";
    if (victim && victim->adj > largest->adj)
        return "the victim has a higher oom_score_adj, which made it look larger than it was";
    if (victim && victim->adj == largest->adj)
        return "it was passed over: it may have been ending already, or the kernel killed whoever asked "
               "(vm.oom_kill_allocating_task)";
    return "oom_score_adj decided";
}

static void judge_tasks(const struct oom_record *record, uint64_t full, struct oom_words *words)
{
    const struct oom_victim *victim = oom_record_victim(record);
    const struct oom_task *largest = oom_largest_task(record);
    const struct oom_task *row = victim ? oom_record_task(record, victim->pid) : NULL;
    uint64_t bytes = oom_task_bytes(record, largest);
    struct oom_family family = {"", 0, 0};

    oom_largest_family(record, &family);
    words->culprit_pid = largest->pid;
    if (family.count >= FAMILY_LEAST && bytes < family.bytes / 2)
        say(words, OOM_CULPRIT_FAMILY,
            "many of one kind: %zu processes named %s hold %s together%s; the largest of them (pid %u) only %s: their "
            "number is the cause, not the one that was killed",
            family.count, family.name, size_prose(family.bytes).text, share(family.bytes, full).text, largest->pid,
            size_prose(bytes).text);
    else if (!victim)
        say(words, OOM_CULPRIT_OTHER_TASK, "the largest process was %s (pid %u) with %s%s", largest->name, largest->pid,
            size_prose(bytes).text, share(bytes, full).text);
    else if (largest->pid == victim->pid)
        say(words, OOM_CULPRIT_VICTIM, "the victim was also the largest process: %s (pid %u) held %s%s", largest->name,
            largest->pid, size_prose(bytes).text, share(bytes, full).text);
    else
        say(words, OOM_CULPRIT_OTHER_TASK,
            "the victim need not be the culprit: the largest process was %s (pid %u) with %s%s, the victim had %s: %s",
            largest->name, largest->pid, size_prose(bytes).text, share(bytes, full).text,
            row ? size_prose(oom_task_bytes(record, row)).text : "less", why_not(largest, row));
}

void oom_culprit_judge(const struct oom_record *record, struct oom_words *words)
{
    uint64_t full = full_bytes(record);

    words->culprit_pid = 0;
    if (full > 0 && judge_nobody(record, full, words))
        return;
    if (record->task_count > 0)
        judge_tasks(record, full, words);
    else
        say(words, OOM_CULPRIT_UNKNOWN,
            "the record does not show the other processes: the victim was the one with the highest score, which need "
            "not be the one that grew");
}
