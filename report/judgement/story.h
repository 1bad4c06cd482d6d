/* SPDX-License-Identifier: MIT */
/* story: what a voice tells: one process with its verdict and advice, and the other processes of the job. */
#ifndef LASTWORDS_REPORT_STORY_H
#define LASTWORDS_REPORT_STORY_H

#include "judgement/advice.h"
#include "judgement/merge.h"
#include "judgement/verdict.h"

struct story {
    const struct profile *profile;
    struct verdict verdict;
    struct advice advices[ADVICE_MAX];
    size_t advice_count;
    const struct profile *const *others; /* in the order of merge_order, without the first */
    size_t other_count;
    const struct profile *const *all; /* the first and the others: peers for the verdict on each of them */
    size_t all_count;
};

/* profiles: at least one, in the order of merge_order; borrowed. */
void story_tell(struct profile *const *profiles, size_t count, struct story *story);

#endif
