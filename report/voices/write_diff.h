/* SPDX-License-Identifier: MIT */
/*
 * write_diff: two runs beside each other, for people and for programs (schema "lastwords-diff/1": {schema, by, old,
 * new, change_bytes, lines or sites}; see lastwords-diff(1)).
 */
#ifndef LASTWORDS_REPORT_WRITE_DIFF_H
#define LASTWORDS_REPORT_WRITE_DIFF_H

#include "judgement/compare.h"
#include "sources/sink.h"

struct diff_view {
    const struct story *stories[COMPARE_SIDES];
    bool sites;  /* entries are call sites */
    size_t rows; /* at most so many; 0: all */
};

void write_diff_text(struct sink *sink, const struct comparison *comparison, const struct diff_view *view);
void write_diff_json(struct sink *sink, const struct comparison *comparison, const struct diff_view *view);

#endif
