/* SPDX-License-Identifier: MIT */
#include "sources/oom_record.h"

#include <stdlib.h>
#include <string.h>

#include "sources/arena.h"

void oom_record_begin(struct oom_record *record, const struct kernel_stamp *stamp)
{
    memset(record, 0, sizeof(*record));
    record->stamp = *stamp;
    record->page_bytes = 4096;
    record->score = LW_UNKNOWN;
    record->swap_total_bytes = record->swap_free_bytes = LW_UNKNOWN;
    for (size_t i = 0; i < OOM_AMOUNTS; i++)
        record->amounts[i] = (struct oom_amount){LW_UNKNOWN, LW_UNKNOWN, LW_UNKNOWN};
    for (size_t i = 0; i < OOM_STATS; i++)
        record->stats[i] = LW_UNKNOWN;
    for (size_t i = 0; i < OOM_PAGE_COUNTS; i++)
        record->pages[i] = LW_UNKNOWN;
}

void oom_record_add_task(struct oom_record *record, const struct oom_task *task)
{
    size_t count = record->task_count;

    if (count == OOM_MAX_TASKS) {
        record->task_dropped++;
        return;
    }
    if (count == 0 || (count >= 64 && (count & (count - 1)) == 0)) /* full: 64, 128, ... */
        record->tasks = array_resize(record->tasks, count ? count * 2 : 64, sizeof(*record->tasks));
    record->tasks[record->task_count++] = *task;
}

void oom_record_clear(struct oom_record *record)
{
    free(record->tasks);
    memset(record, 0, sizeof(*record));
}

void oom_record_move(struct oom_record *to, struct oom_record *from)
{
    free(to->tasks);
    *to = *from;
    memset(from, 0, sizeof(*from));
}

const struct oom_victim *oom_record_victim(const struct oom_record *record)
{
    return record->victim_count > 0 ? &record->victims[0] : NULL;
}

const struct oom_task *oom_record_task(const struct oom_record *record, uint32_t pid)
{
    for (size_t i = 0; i < record->task_count; i++)
        if (record->tasks[i].pid == pid)
            return &record->tasks[i];
    return NULL;
}

struct oom_victim *oom_record_find_victim(struct oom_record *record, uint32_t pid)
{
    for (size_t i = 0; i < record->victim_count; i++)
        if (record->victims[i].pid == pid)
            return &record->victims[i];
    return NULL;
}

struct oom_victim *oom_record_victim_of(struct oom_record *record, uint32_t pid)
{
    struct oom_victim *victim = oom_record_find_victim(record, pid);

    if (victim)
        return victim;
    if (record->victim_count == OOM_MAX_VICTIMS) {
        record->victim_dropped++;
        return NULL;
    }
    victim = &record->victims[record->victim_count++];
    memset(victim, 0, sizeof(*victim));
    victim->pid = pid;
    victim->total_vm_bytes = victim->anon_bytes = victim->file_bytes = LW_UNKNOWN;
    victim->shmem_bytes = victim->page_table_bytes = LW_UNKNOWN;
    return victim;
}

/* A page's size is in no line, but the victim's address space is there twice: in pages and in kB. */
static void find_page_size(struct oom_record *record)
{
    const struct oom_victim *victim = oom_record_victim(record);
    const struct oom_task *task = victim ? oom_record_task(record, victim->pid) : NULL;

    if (!task || victim->total_vm_bytes == LW_UNKNOWN || task->total_vm_pages == 0)
        return;
    for (uint64_t bytes = 4096; bytes <= 65536; bytes *= 2)
        if (victim->total_vm_bytes / bytes == task->total_vm_pages && victim->total_vm_bytes % bytes == 0) {
            record->page_bytes = bytes;
            record->page_bytes_known = true;
        }
}

/* Nobody saw the kill, but the choice was written: the log ends in between. */
static void take_choice_for_victim(struct oom_record *record)
{
    if (record->victim_count > 0 || record->chosen_pid == 0)
        return;
    struct oom_victim *victim = oom_record_victim_of(record, record->chosen_pid);
    memcpy(victim->name, record->chosen, sizeof(victim->name));
}

void oom_record_end(struct oom_record *record)
{
    find_page_size(record);
    take_choice_for_victim(record);
}
