/* SPDX-License-Identifier: MIT */
/*
 * flow: a story as a list of stacks with their sizes, which is what profile viewers read: every call site, and what no
 * site owns ("[allocator slack]") as stacks of one frame. Of several processes each has a root frame of its own.
 */
#ifndef LASTWORDS_REPORT_FLOW_H
#define LASTWORDS_REPORT_FLOW_H

#include "judgement/story.h"
#include "profile/metric.h"

struct view {
    enum metric by;
    size_t sites; /* at most so many per process, the largest; 0: not limited */
    bool native;  /* frames of the interpreter too */
};

struct flow_item {
    const struct profile *profile;
    size_t process;              /* counted from 0 */
    const struct site *site;     /* NULL: memory that no site owns */
    uint64_t resident_bytes;     /* of such memory */
    const struct frame **frames; /* innermost first, never empty */
    size_t frame_count;
};

struct flow {
    struct arena arena;
    struct flow_item *items; /* by process, then largest first */
    size_t count;
};

/* Items borrow from the story. */
void flow_make(struct flow *flow, const struct story *story, const struct view *view);
void flow_free(struct flow *flow);

/* Memory that no site owns has a resident size only. */
uint64_t flow_weight(const struct flow_item *item, enum metric metric);

struct flow_text {
    char text[300];
};

/*
 * The name of a frame without its place: "load", "[allocator slack]". A frame without a name is called by its module,
 * "[parsers.so]", and without that by its address: made in `made`.
 */
const char *flow_frame_name(const struct frame *frame, struct flow_text *made);

/* The file of a frame, else its module; "" when neither is known. */
const char *flow_frame_file(const struct frame *frame);

#endif
