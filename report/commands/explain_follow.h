/* SPDX-License-Identifier: MIT */
/* explain_follow: OOM kills as they happen. */
#ifndef LASTWORDS_REPORT_EXPLAIN_FOLLOW_H
#define LASTWORDS_REPORT_EXPLAIN_FOLLOW_H

#include "sources/kernel_log.h"
#include "sources/sink.h"

/*
 * Hands each record of the kernel log to `found` until SIGINT or SIGTERM; where the log may not be read, writes a line
 * to the sink whenever the counter of a cgroup that can be seen rises. Flushes the sink after each. Returns the exit
 * status.
 */
int explain_follow(struct sink *sink, kernel_log_found *found, void *context);

#endif
