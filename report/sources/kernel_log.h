/* SPDX-License-Identifier: MIT */
/*
 * kernel_log: OOM records out of the text of a kernel log, as kernels from 3.10 to 7.0 write them. Feed it lines in
 * order; it hands out each record once it is over.
 */
#ifndef LASTWORDS_REPORT_KERNEL_LOG_H
#define LASTWORDS_REPORT_KERNEL_LOG_H

#include "sources/oom_record.h"

/* Borrowed for the call; oom_record_move keeps it. */
typedef void kernel_log_found(struct oom_record *record, void *context);

struct kernel_log;

struct kernel_log *kernel_log_new(kernel_log_found *found, void *context);

/* One line, which is changed in place; only the first KERNEL_LINE_MAX bytes of it are looked at. */
void kernel_log_feed(struct kernel_log *log, char *line, size_t length);

/* Hands out the record that is open, complete or not: at the end of a log, or when it has been silent. */
void kernel_log_flush(struct kernel_log *log);

/* True while a record is open. */
bool kernel_log_pending(const struct kernel_log *log);

/* Lines fed. */
uint64_t kernel_log_lines(const struct kernel_log *log);

/* Flushes nothing. */
void kernel_log_free(struct kernel_log *log);

#endif
