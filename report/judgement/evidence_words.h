/* SPDX-License-Identifier: MIT */
/* evidence_words: what a verdict rests on, a line each. Pure. */
#ifndef LASTWORDS_REPORT_EVIDENCE_WORDS_H
#define LASTWORDS_REPORT_EVIDENCE_WORDS_H

#include "judgement/evidence.h"
#include "judgement/verdict_type.h"

/* Fills the verdict's evidence, at most VERDICT_MAX_EVIDENCE lines; all else in it is decided. */
void evidence_words_write(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict);

#endif
