/* SPDX-License-Identifier: MIT */
/* kernel_memory: the lines of an OOM record that say what filled a cgroup or the machine. */
#ifndef LASTWORDS_REPORT_KERNEL_MEMORY_H
#define LASTWORDS_REPORT_KERNEL_MEMORY_H

#include "sources/kernel_log.h"

/* "memory: usage 49152kB, limit 49152kB, failcnt 6405", and swap, memory+swap, kmem. */
bool memory_amount(const char *line, enum oom_amount_kind *kind, struct oom_amount *amount);

/* " cache:0KB rss:1024KB …" is added to what is known. */
void memory_inline_stats(const char *text, uint64_t stats[OOM_STATS]);

/*
 * "anon 50077696" of v2, "rss 66859008" of v1. On v1 rows "total_…" count the cgroups below as well and replace the
 * others; *total remembers that they have begun. False when the line is no row of two words.
 */
bool memory_stat_row(const char *line, uint64_t stats[OOM_STATS], bool *total);

/* One line of Mem-Info. False when it is not one. */
bool memory_machine_row(const char *line, struct oom_record *record);

#endif
