/* SPDX-License-Identifier: MIT */
/*
 * job: many processes as one: what each held, when it grew, and what they held together. Pure.
 *
 * A page that several processes map is counted once. The journals hold no proportional sizes, so it is done by kind:
 * anonymous memory adds up, but of a forked child only what it obtained itself (what it inherited is its parent's until
 * it is written to, and a page written to since then is charged to a site of its own); shared memory and file pages are
 * counted as the largest of all. So the total is a lower bound.
 */
#ifndef LASTWORDS_REPORT_JOB_H
#define LASTWORDS_REPORT_JOB_H

#include "judgement/story.h"

struct job_process {
    const struct profile *profile;
    struct verdict verdict;
    char end[200];              /* "was OOM-killed", ...: see verdict_title */
    bool present;               /* it lived when the first one ended */
    const struct profile *fork; /* the parent that it was forked from, without another program since; NULL */
    uint64_t inherited_bytes;   /* anonymous memory that is its parent's */
    uint64_t own_bytes;         /* anonymous memory without that */
    uint64_t resident_bytes;
    uint64_t peak_bytes;   /* resident */
    uint64_t peak_ns;      /* since the start of the job, as all times here */
    uint64_t grew_bytes;   /* from its first tick to its peak; 0: it did not grow */
    uint64_t grew_from_ns; /* the shortest time in which 60 % of that came */
    uint64_t grew_to_ns;
};

/* One line of code over all processes that were present. */
struct job_line {
    const struct frame *frame;
    uint64_t resident_bytes;
    uint64_t committed_bytes;
    size_t processes;
};

struct job {
    struct job_process *processes; /* in the order of the story */
    size_t count;
    size_t present;
    struct job_line *lines; /* largest first */
    size_t line_count;
    uint64_t started_realtime_ns; /* of the first process */
    /* of those that were present */
    uint64_t own_bytes;
    uint64_t shared_bytes;
    uint64_t file_bytes;
    uint64_t swapped_bytes;
    uint64_t inherited_bytes; /* not counted again */
    uint64_t resident_bytes;  /* own + shared + file */
};

/* The story outlives the job. */
void job_make(struct job *job, const struct story *story);
void job_free(struct job *job);

#endif
