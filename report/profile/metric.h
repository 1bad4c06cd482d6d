/* SPDX-License-Identifier: MIT */
/* metric: the number by which sites and lines are ordered and weighed: --by of the commands. Pure. */
#ifndef LASTWORDS_REPORT_METRIC_H
#define LASTWORDS_REPORT_METRIC_H

#include "profile/profile.h"

enum metric { METRIC_RESIDENT, METRIC_COMMITTED, METRIC_GROWTH, METRIC_PEAK, METRIC_TOUCHED, METRIC_COUNT };

/* "resident", ...; also what people type. */
const char *metric_name(enum metric metric);

/* False, with *metric untouched, for a name that is none. */
bool metric_parse(const char *name, enum metric *metric);

/* "resident, committed, growth, peak, touched": for messages. */
const char *metric_names(void);

/* Bytes; METRIC_GROWTH: bytes a second over the last seconds, 0 where it shrinks. */
uint64_t metric_of_site(const struct site *site, enum metric metric);
uint64_t metric_of_line(const struct line *line, enum metric metric);

/* All sites or lines of the profile, largest first, ties as in the profile. The caller frees the array. */
const struct site **metric_sites(const struct profile *profile, enum metric metric);
const struct line **metric_lines(const struct profile *profile, enum metric metric);

#endif
