/* SPDX-License-Identifier: MIT */
/* verdict_type: what a verdict says, for those who reach it together; who wants one includes verdict.h. */
#ifndef LASTWORDS_REPORT_VERDICT_TYPE_H
#define LASTWORDS_REPORT_VERDICT_TYPE_H

#include "judgement/culprit.h"
#include "profile/profile.h"

#define VERDICT_MAX_EVIDENCE 16u

enum verdict_cause {
    CAUSE_SITE_GROWTH,
    CAUSE_SITE_SPIKE,
    CAUSE_ALLOCATOR_SLACK,
    CAUSE_SIBLING,
    CAUSE_CHILD,
    CAUSE_PAGE_CACHE,
    CAUSE_SHARED_MEMORY,
    CAUSE_KERNEL_MEMORY,
    CAUSE_HOST_MEMORY,
    CAUSE_SWAP_EXHAUSTED,
    CAUSE_ALLOCATION_REFUSED,
    CAUSE_NOT_MEMORY,
    CAUSE_NONE,
    CAUSE_UNKNOWN,
};

enum verdict_oom_kill { OOM_KILL_CONFIRMED, OOM_KILL_LIKELY, OOM_KILL_NO, OOM_KILL_UNKNOWN };

struct verdict {
    enum verdict_cause cause;
    enum verdict_oom_kill oom_kill;
    double confidence;
    char sentence[1400];
    char evidence[VERDICT_MAX_EVIDENCE][640];
    size_t evidence_count;
    /* what the sentence rests on, for advice and voices */
    bool by_memory;          /* memory ended it, or is about to */
    bool of_stacks;          /* its own growth, in no site: the stacks of its threads */
    bool outlived;           /* another process of the job was killed for memory, this one was not */
    const struct line *line; /* the largest line; NULL: none */
    double line_share;       /* of all resident memory, 0 to 1 */
    uint64_t grown_bytes;    /* from the first to the last tick; 0: it did not grow */
    uint64_t window_ns;      /* the shortest time in which 60 % of that came */
    struct culprit culprit;  /* another process, if it took the memory; name NULL: none is known */
};

#endif
