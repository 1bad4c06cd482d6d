/* SPDX-License-Identifier: MIT */
/* sentence: the cause of a verdict in one sentence. Pure. */
#ifndef LASTWORDS_REPORT_SENTENCE_H
#define LASTWORDS_REPORT_SENTENCE_H

#include "judgement/evidence.h"
#include "judgement/verdict_type.h"

/* Sets the verdict's sentence; all of it but the evidence is decided. */
void sentence_write(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict);

#endif
