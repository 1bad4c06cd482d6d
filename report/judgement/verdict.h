/* SPDX-License-Identifier: MIT */
/*
 * verdict: from the evidence in a profile to what happened and why. Pure: no clock, no system call.
 *
 * Two questions, answered one after the other: did memory end this process (death.h), and if it did, whose memory was
 * it (cause.h). Then the answer in words: sentence.h, evidence_words.h. A verdict says only what the journal supports;
 * confidence is 0 to 1.
 */
#ifndef LASTWORDS_REPORT_VERDICT_H
#define LASTWORDS_REPORT_VERDICT_H

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
    bool outlived;           /* another process of the job was killed for memory, this one was not */
    const struct line *line; /* the largest line; NULL: none */
    double line_share;       /* of all resident memory, 0 to 1 */
    uint64_t grown_bytes;    /* from the first to the last tick; 0: it did not grow */
    uint64_t window_ns;      /* the shortest time in which 60 % of that came */
    struct culprit culprit;  /* another process, if it took the memory; name NULL: none is known */
};

/* peers: profiles of the same job, which may contain the subject; they outlive the verdict. */
void verdict_decide(const struct profile *profile, const struct profile *const *peers, size_t peer_count,
                    struct verdict *verdict);

/* As in the machine-readable report. */
const char *verdict_cause_name(enum verdict_cause cause);
const char *verdict_oom_kill_name(enum verdict_oom_kill oom_kill);

/* "was about to be OOM-killed", "is running", ...: the end of the title. `out` of `size` bytes. */
void verdict_title(const struct profile *profile, const struct verdict *verdict, char *out, size_t size);

#endif
