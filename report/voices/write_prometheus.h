/* SPDX-License-Identifier: MIT */
/*
 * write_prometheus: gauges in the text format that node_exporter's textfile collector reads: no time stamps, each
 * metric once with HELP and TYPE. The lines of the user's code are lastwords_site_*: view->sites of each process, ten
 * when that is 0. Numbers that are unknown are left out.
 */
#ifndef LASTWORDS_REPORT_WRITE_PROMETHEUS_H
#define LASTWORDS_REPORT_WRITE_PROMETHEUS_H

#include "sources/sink.h"
#include "voices/flow.h"

void write_prometheus(struct sink *sink, const struct story *story, const struct view *view);

#endif
