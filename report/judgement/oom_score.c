/* SPDX-License-Identifier: MIT */
#include "judgement/oom_score.h"

#include <stdlib.h>
#include <string.h>

#include "sources/arena.h"

#define MOST_PER_MILLE 1000000

static bool a_number(uint64_t value)
{
    return value != LW_UNKNOWN && value != LW_UNLIMITED;
}

/* mem_cgroup_get_max(): the memory limit, and the swap that may come on top. How much swap there is in the machine is
 * in no record of a cgroup, so that an unlimited one is left out. */
static uint64_t cgroup_bytes(const struct oom_record *record)
{
    uint64_t limit = record->amounts[OOM_MEMORY].limit_bytes, both = record->amounts[OOM_MEMSW].limit_bytes;
    uint64_t swap = record->amounts[OOM_SWAP].limit_bytes;

    if (!a_number(limit))
        return 0;
    if (a_number(both) && both > limit)
        return both;
    return limit + (a_number(swap) ? swap : 0);
}

uint64_t oom_total_pages(const struct oom_record *record)
{
    uint64_t ram = record->pages[OOM_PAGES_RAM], reserved = record->pages[OOM_PAGES_RESERVED];

    if (record->parts & OOM_PART_MEMCG)
        return cgroup_bytes(record) / record->page_bytes;
    if (ram == LW_UNKNOWN)
        return 0;
    ram -= reserved != LW_UNKNOWN && reserved < ram ? reserved : 0;
    return ram + (a_number(record->swap_total_bytes) ? record->swap_total_bytes / record->page_bytes : 0);
}

static uint64_t table_pages(const struct oom_record *record, const struct oom_task *task)
{
    if (task->page_table_pages != LW_UNKNOWN)
        return task->page_table_pages;
    return task->page_table_bytes != LW_UNKNOWN ? task->page_table_bytes / record->page_bytes : 0;
}

/* A table may claim more than there is: bounded, so that it stays a number. */
static int per_mille_of(int64_t points, uint64_t total)
{
    double share = 1000.0 * (double)points / (double)total;

    return share > MOST_PER_MILLE ? MOST_PER_MILLE : share < -MOST_PER_MILLE ? -MOST_PER_MILLE : (int)share;
}

void oom_score_task(const struct oom_record *record, const struct oom_task *task, struct oom_score *score)
{
    uint64_t total = oom_total_pages(record);

    *score = (struct oom_score){.rss_pages = task->rss_pages,
                                .swap_pages = task->swap_pages,
                                .table_pages = table_pages(record, task),
                                .adj = task->adj,
                                .never = task->adj == -1000};
    score->adj_pages = (int64_t)(total / 1000) * task->adj;
    score->points = (int64_t)(score->rss_pages + score->swap_pages + score->table_pages) + score->adj_pages;
    if (total > 0)
        score->per_mille = per_mille_of(score->points, total);
}

uint64_t oom_task_bytes(const struct oom_record *record, const struct oom_task *task)
{
    return (task->rss_pages + task->swap_pages + table_pages(record, task)) * record->page_bytes;
}

uint64_t oom_tasks_bytes(const struct oom_record *record)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < record->task_count; i++)
        sum += oom_task_bytes(record, &record->tasks[i]);
    return sum;
}

const struct oom_task *oom_largest_task(const struct oom_record *record)
{
    const struct oom_task *largest = NULL;

    for (size_t i = 0; i < record->task_count; i++)
        if (!largest || oom_task_bytes(record, &record->tasks[i]) > oom_task_bytes(record, largest))
            largest = &record->tasks[i];
    return largest;
}

struct ranked {
    const struct oom_task *task;
    int64_t points;
};

static int higher_first(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;

    if (left->task->adj == -1000 || right->task->adj == -1000)
        return (left->task->adj == -1000) - (right->task->adj == -1000);
    if (left->points != right->points)
        return left->points > right->points ? -1 : 1;
    return left->task->pid < right->task->pid ? -1 : left->task->pid > right->task->pid;
}

size_t oom_ranked_tasks(const struct oom_record *record, const struct oom_task **ranked, size_t capacity)
{
    size_t count = record->task_count < capacity ? record->task_count : capacity;

    if (count == 0)
        return 0;
    struct ranked *all = array_resize(NULL, record->task_count, sizeof(*all));
    for (size_t i = 0; i < record->task_count; i++) {
        struct oom_score score;
        oom_score_task(record, &record->tasks[i], &score);
        all[i] = (struct ranked){&record->tasks[i], score.points};
    }
    qsort(all, record->task_count, sizeof(*all), higher_first);
    for (size_t i = 0; i < count; i++)
        ranked[i] = all[i].task;
    free(all);
    return count;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const struct oom_task *const *)a)->name, (*(const struct oom_task *const *)b)->name);
}

bool oom_largest_family(const struct oom_record *record, struct oom_family *family)
{
    struct oom_family best = {"", 0, 0}, now = {"", 0, 0};

    if (record->task_count == 0)
        return false;
    const struct oom_task **sorted = array_resize(NULL, record->task_count, sizeof(*sorted));
    for (size_t i = 0; i < record->task_count; i++)
        sorted[i] = &record->tasks[i];
    qsort(sorted, record->task_count, sizeof(*sorted), by_name);
    for (size_t i = 0; i < record->task_count; i++) {
        if (i == 0 || strcmp(sorted[i]->name, now.name) != 0)
            now = (struct oom_family){sorted[i]->name, 0, 0};
        now.count++;
        now.bytes += oom_task_bytes(record, sorted[i]);
        if (now.bytes > best.bytes)
            best = now;
    }
    free(sorted);
    *family = best;
    return best.count > 0;
}
