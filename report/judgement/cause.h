/* SPDX-License-Identifier: MIT */
/* cause: whose memory was it, and of which kind? Pure. */
#ifndef LASTWORDS_REPORT_CAUSE_H
#define LASTWORDS_REPORT_CAUSE_H

#include "judgement/evidence.h"
#include "judgement/verdict_type.h"

/* Needs the verdict's line, line_share, culprit and oom_kill; sets its by_memory, outlived and of_stacks. */
enum verdict_cause cause_judge(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict);

/* Of the level that binds, or of the machine where that is less or the level has none of its own; 0: no swap. */
uint64_t cause_swap_limit_bytes(const struct profile *profile);

#endif
