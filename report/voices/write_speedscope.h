/* SPDX-License-Identifier: MIT */
/*
 * write_speedscope: speedscope's own JSON: sampled profiles in bytes, one per metric (resident, committed, peak,
 * growth), with one sample per stack. The profile of view->by is the one that is shown first.
 */
#ifndef LASTWORDS_REPORT_WRITE_SPEEDSCOPE_H
#define LASTWORDS_REPORT_WRITE_SPEEDSCOPE_H

#include "sources/sink.h"
#include "voices/flow.h"

void write_speedscope(struct sink *sink, const struct story *story, const struct view *view);

#endif
