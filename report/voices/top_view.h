/* SPDX-License-Identifier: MIT */
/* top_view: what `top` shows of a running process, as lines of text for a screen or a stream. Pure. */
#ifndef LASTWORDS_REPORT_TOP_VIEW_H
#define LASTWORDS_REPORT_TOP_VIEW_H

#include "judgement/verdict.h"
#include "profile/metric.h"

#define TOP_MAX_LINES 400u

enum top_look { TOP_PLAIN, TOP_TITLE, TOP_HEAD, TOP_DIM, TOP_ALARM, TOP_CHOSEN };

struct top_line {
    enum top_look look;
    char text[600];
};

struct top_page {
    struct top_line lines[TOP_MAX_LINES];
    size_t count; /* at most `rows` of the view */
};

struct top_view {
    size_t columns; /* at least 40 are assumed */
    size_t rows;    /* at least 10 */
    enum metric by; /* resident, committed, growth or peak */
    bool ascii;     /* the terminal shows no other characters */
    bool keys;      /* the last line names the keys */
};

struct top_candidate {
    uint32_t pid;
    const char *command;
    uint64_t resident_bytes;
    uint64_t headroom_bytes; /* LW_UNLIMITED, LW_UNKNOWN */
};

void top_compose(const struct profile *profile, const struct top_view *view, struct top_page *page);

/* The processes to choose from. chosen: index; beyond the last: none. */
void top_compose_list(const struct top_candidate *candidates, size_t count, size_t chosen, const struct top_view *view,
                      struct top_page *page);

#endif
