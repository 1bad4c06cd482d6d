/* SPDX-License-Identifier: MIT */
/*
 * oom_join: whether a process in a kernel log and a process with a journal are the same. Pure.
 *
 * A process id alone is no proof: ids are used again, and in a container they are others than the kernel log's. The
 * kernel's stamp must lie in the life of the process.
 */
#ifndef LASTWORDS_REPORT_OOM_JOIN_H
#define LASTWORDS_REPORT_OOM_JOIN_H

#include "sources/kernel_log.h"

enum oom_match {
    OOM_MATCH_NONE,
    OOM_MATCH_PROBABLE, /* the time cannot be compared, or the name differs, or another id in a container */
    OOM_MATCH_SURE,     /* process id and time */
};

/* The life of a process as its journal tells it. */
struct oom_life {
    uint32_t pid;
    const char *program;
    uint64_t started_realtime_ns;
    uint64_t started_mono_ns;
    uint64_t lived_ns;  /* up to the last sign of life, at least */
    uint64_t slack_ns;  /* how much later it may have died */
    uint64_t rss_bytes; /* the last known; 0: unknown */
    bool other_boot;    /* the log is of this machine's boot, the journal is not */
    bool same_boot;     /* known to be the same */
    int64_t zone_s;     /* seconds that this machine's clock is ahead of UTC, for stamps without a zone */
};

/* Of one process in the record. */
enum oom_match oom_match_pid(const struct kernel_stamp *stamp, uint32_t pid, const char *name,
                             const struct oom_life *life);

/* Of the victim; also when a container had another number for it: by name, time and size together. */
enum oom_match oom_match_victim(const struct oom_record *record, const struct oom_victim *victim,
                                const struct oom_life *life);

#endif
