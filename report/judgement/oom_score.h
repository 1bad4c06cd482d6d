/* SPDX-License-Identifier: MIT */
/* oom_score: why the kernel took this process: oom_badness() done again with the numbers of a record. Pure. */
#ifndef LASTWORDS_REPORT_OOM_SCORE_H
#define LASTWORDS_REPORT_OOM_SCORE_H

#include "sources/kernel_log.h"

/* points = rss + swap + page tables + oom_score_adj * total / 1000, all in pages; the highest dies. */
struct oom_score {
    uint64_t rss_pages;
    uint64_t swap_pages;
    uint64_t table_pages;
    int adj;
    int64_t adj_pages;
    int64_t points;
    int per_mille; /* of total; 0 when total is unknown */
    bool never;    /* oom_score_adj -1000 */
};

/* Memory and swap that the score is relative to: the cgroup's, or the machine's. 0: the record does not say. */
uint64_t oom_total_pages(const struct oom_record *record);

void oom_score_task(const struct oom_record *record, const struct oom_task *task, struct oom_score *score);

/* rss, swap and page tables, in bytes. */
uint64_t oom_task_bytes(const struct oom_record *record, const struct oom_task *task);

/* All rows of the table together. Shared pages are counted in each. */
uint64_t oom_tasks_bytes(const struct oom_record *record);

/* The row with the largest oom_task_bytes; NULL: no table. */
const struct oom_task *oom_largest_task(const struct oom_record *record);

/* The rows of the highest points first, at most `capacity`. Returns how many. */
size_t oom_ranked_tasks(const struct oom_record *record, const struct oom_task **ranked, size_t capacity);

/* Processes of one name that hold the most together; 0 and untouched without a table. */
struct oom_family {
    const char *name;
    size_t count;
    uint64_t bytes;
};
bool oom_largest_family(const struct oom_record *record, struct oom_family *family);

#endif
