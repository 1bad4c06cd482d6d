/* SPDX-License-Identifier: MIT */
/* explain_join: the journals that tell of the processes in OOM records. */
#ifndef LASTWORDS_REPORT_EXPLAIN_JOIN_H
#define LASTWORDS_REPORT_EXPLAIN_JOIN_H

#include "voices/write_oom.h"

struct explain_journals;

/*
 * Looks in the directories and at the journals that are named (NULL-terminated), or where journals usually go. live:
 * the records come from the log of this boot of this machine. NULL with the problem set when a name cannot be read.
 */
struct explain_journals *explain_journals_find(char **subjects, bool live, struct problem *problem);

void explain_journals_free(struct explain_journals *journals);

/* Loads what fits the record's victims and tasks into story->joins, which borrows it until the next call. */
void explain_journals_join(struct explain_journals *journals, struct oom_story *story);

#endif
