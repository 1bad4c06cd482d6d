/* SPDX-License-Identifier: MIT */
/*
 * compare: two runs of a job, line by line or site by site. Pure.
 *
 * Lines are the same when function, file and line number are; where a line number has no counterpart, a line of the
 * same function and file that has none either is taken for it, if it is the only one (code above it was edited).
 * Sites are the same when their stacks are, line numbers and addresses left aside. Files count by their short names, so
 * that two checkouts can be compared.
 */
#ifndef LASTWORDS_REPORT_COMPARE_H
#define LASTWORDS_REPORT_COMPARE_H

#include "judgement/job.h"
#include "profile/metric.h"

enum { COMPARE_OLD, COMPARE_NEW, COMPARE_SIDES };

struct compare_entry {
    const struct stack *stacks[COMPARE_SIDES]; /* of the largest site in it; NULL: not on this side */
    uint64_t bytes[COMPARE_SIDES];
    uint64_t stack_bytes[COMPARE_SIDES]; /* of that site */
};

struct comparison {
    enum metric metric;             /* METRIC_RESIDENT, METRIC_COMMITTED or METRIC_PEAK */
    uint64_t totals[COMPARE_SIDES]; /* of all processes that were there at the end, not of the entries alone */
    struct compare_entry *entries;  /* largest change first */
    size_t count;
};

/* The stories outlive the comparison. sites: by call site, else by line. */
void compare_make(struct comparison *comparison, const struct story *old, const struct story *new, enum metric metric,
                  bool sites);
void compare_free(struct comparison *comparison);

/* New minus old. */
int64_t compare_change(uint64_t old_bytes, uint64_t new_bytes);

/* Percent of old; from nothing to something is infinite. */
double compare_percent(uint64_t old_bytes, uint64_t new_bytes);

#endif
