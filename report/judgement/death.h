/* SPDX-License-Identifier: MIT */
/* death: did the OOM killer end it? From the launcher's word, the counters and how near the limit was. Pure. */
#ifndef LASTWORDS_REPORT_DEATH_H
#define LASTWORDS_REPORT_DEATH_H

#include "judgement/evidence.h"
#include "judgement/verdict_type.h"

enum verdict_oom_kill death_judge(const struct profile *profile, const struct evidence *evidence);

/* What the own cgroup's counter says today, against when the journal was made. */
enum verdict_oom_kill death_counter_today(const struct profile *profile);

/* action=signal: the program was asked to end before the kill, and did. */
bool death_was_told(const struct profile *profile);

#endif
