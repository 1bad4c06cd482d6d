/* SPDX-License-Identifier: MIT */
/*
 * write_pprof: a gzip'ed profile.proto, which `go tool pprof` and the viewers that read its format take. Sample types:
 * objects, space, resident_space (the default), swapped_space. Verdict and title are comments of the profile.
 */
#ifndef LASTWORDS_REPORT_WRITE_PPROF_H
#define LASTWORDS_REPORT_WRITE_PPROF_H

#include "sources/sink.h"
#include "voices/flow.h"

void write_pprof(struct sink *sink, const struct story *story, const struct view *view);

#endif
