/* SPDX-License-Identifier: MIT */
/*
 * write_folded: one line per stack, outermost frame first, "a;b;c BYTES": what flame graph tools read. Frames are
 * "function (file:line)"; a semicolon inside one becomes a comma. Stacks without weight in view->by are left out.
 */
#ifndef LASTWORDS_REPORT_WRITE_FOLDED_H
#define LASTWORDS_REPORT_WRITE_FOLDED_H

#include "sources/sink.h"
#include "voices/flow.h"

void write_folded(struct sink *sink, const struct story *story, const struct view *view);

#endif
