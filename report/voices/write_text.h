/* SPDX-License-Identifier: MIT */
/* write_text: the post-mortem for people, at most some 116 columns wide. Write errors stay in the sink. */
#ifndef LASTWORDS_REPORT_WRITE_TEXT_H
#define LASTWORDS_REPORT_WRITE_TEXT_H

#include "judgement/story.h"
#include "profile/metric.h"
#include "sources/sink.h"

#define TEXT_DEFAULT_LINES 5u
#define TEXT_PROCESS_ROWS  12u /* of a job, without `full` */
#define TEXT_PLACE_COLUMN  43u /* of the tables, where `where` begins */

struct text_options {
    size_t lines;   /* of the table on the first screen, and of the sites with `full` */
    enum metric by; /* order of lines and sites */
    bool native;    /* frames of the interpreter in the stacks of `full` too */
    bool full;      /* after the first screen: sites, threads, levels, timeline, events, inputs, capabilities */
};

void write_text(struct sink *sink, const struct story *story, const struct text_options *options);

/* The rows of the first screen, key and unwrapped text, in their order, for voices that set them in their own way. */
void text_rows(const struct story *story, sink_take_row *take_row, void *context);

/* Several processes: each with its sizes, its growth in the time of the job, its end and its cause; then the total. */
void write_text_job(struct sink *sink, const struct story *story, const struct text_options *options);

/* What follows the first screen with `full`. */
void write_text_details(struct sink *sink, const struct story *story, const struct text_options *options);

#endif
