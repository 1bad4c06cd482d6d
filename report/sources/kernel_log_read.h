/* SPDX-License-Identifier: MIT */
/*
 * kernel_log_read: where the lines of a kernel log come from: a stream, or this machine's own log, for which the
 * reader needs rights (CAP_SYSLOG, unless kernel.dmesg_restrict is 0). Memory is bounded whatever the size.
 */
#ifndef LASTWORDS_REPORT_KERNEL_LOG_READ_H
#define LASTWORDS_REPORT_KERNEL_LOG_READ_H

#include <stdio.h>

#include "sources/kernel_log.h"
#include "sources/sink.h"

/* Feeds all lines, then flushes. 0, or -errno of a read error. */
int kernel_log_read_stream(FILE *stream, struct kernel_log *log);

/* path: a file, or "-" for standard input. 0, or -errno with the problem set. */
int kernel_log_read_file(const char *path, struct kernel_log *log, struct problem *problem);

/*
 * The log of this machine: /dev/kmsg from its oldest record, else syslog(2), else `journalctl -k`. Feeds all of it,
 * then flushes. *where: the one that was read. 0, or -errno with the problem (and its remedy) set.
 */
int kernel_log_read_machine(struct kernel_log *log, const char **where, struct problem *problem);

/* Likewise, without journalctl and without messages: for a look in passing. */
int kernel_log_read_quietly(struct kernel_log *log);

/* /dev/kmsg from now on, non-blocking. A descriptor for poll, or -errno. */
int kernel_log_open_live(void);

/* Feeds what has come in the meantime. 0, or -errno. */
int kernel_log_read_live(int fd, struct kernel_log *log);

#endif
