/* SPDX-License-Identifier: MIT */
/* merge: many processes of one job: which one the report is about, and in which order the others follow. Pure. */
#ifndef LASTWORDS_REPORT_MERGE_H
#define LASTWORDS_REPORT_MERGE_H

#include "judgement/verdict.h"

/*
 * Sorts in place: those that memory ended first (confirmed, controlled, likely), then by the worst stage that was
 * reached, then by resident memory, then the newest.
 */
void merge_order(struct profile **profiles, size_t count);

/* True when there is something to tell: it was ended by memory or by a signal, or came close to a limit. */
bool merge_incident(const struct profile *profile);

#endif
