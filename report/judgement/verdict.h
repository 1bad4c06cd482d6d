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

#include "judgement/verdict_type.h"

/* peers: profiles of the same job, which may contain the subject; they outlive the verdict. */
void verdict_decide(const struct profile *profile, const struct profile *const *peers, size_t peer_count,
                    struct verdict *verdict);

/* As in the machine-readable report. */
const char *verdict_cause_name(enum verdict_cause cause);
const char *verdict_oom_kill_name(enum verdict_oom_kill oom_kill);

/* "was about to be OOM-killed", "is running", ...: the end of the title. `out` of `size` bytes. */
void verdict_title(const struct profile *profile, const struct verdict *verdict, char *out, size_t size);

#endif
