/* SPDX-License-Identifier: MIT */
/* advice: what to do, from a verdict. Pure. A quick fix lets the job run tomorrow, a proper one lets it need less. */
#ifndef LASTWORDS_REPORT_ADVICE_H
#define LASTWORDS_REPORT_ADVICE_H

#include "judgement/verdict.h"

#define ADVICE_MAX 6u

enum advice_kind { ADVICE_QUICK, ADVICE_PROPER };

struct advice {
    enum advice_kind kind;
    char text[600];
};

/* Returns how many were written; none where the evidence supports none. */
size_t advice_give(const struct profile *profile, const struct verdict *verdict, struct advice advices[ADVICE_MAX]);

#endif
