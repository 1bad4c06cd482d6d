/* SPDX-License-Identifier: MIT */
/*
 * write_json: the post-mortem for programs, schema "lastwords/1". Every key is always there; null is unknown. Sizes are
 * bytes, times milliseconds since the start of the process, dates ISO 8601 in UTC.
 */
#ifndef LASTWORDS_REPORT_WRITE_JSON_H
#define LASTWORDS_REPORT_WRITE_JSON_H

#include "judgement/story.h"
#include "sources/sink.h"
#include "voices/flow.h"

void write_json(struct sink *sink, const struct story *story);

/* Sites and lines ordered by view->by, and only the first view->sites of each. Stacks are always whole. */
void write_json_view(struct sink *sink, const struct story *story, const struct view *view);

#endif
