/* SPDX-License-Identifier: MIT */
/*
 * cgroup: the chain of memory cgroups that can say no to this process, v1 or v2, innermost first, and their numbers.
 *
 * Kernel files (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst):
 *     v2  memory.max, memory.current, memory.high, memory.stat, memory.events, memory.peak, memory.swap.max,
 *         memory.swap.current
 *     v1  memory.limit_in_bytes, memory.usage_in_bytes, memory.soft_limit_in_bytes, memory.stat (total_* rows),
 *         memory.oom_control, memory.failcnt, memory.max_usage_in_bytes, memory.memsw.*
 * Reading usage costs about 0.4 us a level, memory.stat 5 us.
 *
 * One thread (the watcher) opens and refreshes. cgroup_peek may be called by any thread and in signal handlers.
 */
#ifndef LW_OBSERVE_CGROUP_H
#define LW_OBSERVE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal_format.h"

#define CGROUP_MAX_LEVELS 20u /* the host and the user's limit need a place in the report too */
#define CGROUP_PATH_BYTES 512u

struct cgroup_level {
    struct lw_level numbers;
    uint64_t inactive_file_bytes;
    uint64_t refaults_file;  /* workingset_refault_file, pages since creation; LW_UNKNOWN */
    uint64_t refaults_anon;  /* workingset_refault_anon: from swap, likewise */
    uint64_t slab_bytes;     /* v1: estimate of the kernel memory that reclaim can take, part of reclaimable_bytes */
    uint64_t swap_max_bytes; /* v1: of memory and swap together */
    uint64_t swappiness;     /* v1 */
    uint64_t kernel_start_bytes;
    uint64_t host_slab_start_bytes;
    uint64_t kills_told; /* by cgroup_refresh_kills; LW_UNKNOWN: not readable so far */
    bool slab_known;
    int usage_fd; /* -1: not readable */
    int stat_fd;
    int swap_fd; /* memory.swap.current, memory.memsw.usage_in_bytes */
    char directory[CGROUP_PATH_BYTES];
};

struct cgroup {
    struct cgroup_level levels[CGROUP_MAX_LEVELS];
    uint32_t count;                        /* 0: no memory cgroup can be seen */
    int version;                           /* 1 or 2; 0: none */
    char own[CGROUP_PATH_BYTES];           /* memory path as in /proc/self/cgroup */
    char pressure[CGROUP_PATH_BYTES + 32]; /* memory.pressure of the own cgroup under the v2 mount; empty: none */
    char why[96];                          /* why there is no chain */
};

/* `root` stands before every path, "" for the running system; recorded trees give their folder. */
bool cgroup_open(struct cgroup *cgroup, const char *root);
void cgroup_close(struct cgroup *cgroup);
void cgroup_refresh_usage(struct cgroup *cgroup);                /* usage only */
void cgroup_refresh_stat(struct cgroup *cgroup, uint32_t level); /* memory.stat of one level */
/*
 * The counters of OOM kills; true when one rose since this was asked last (cgroup_refresh reads them too, and tells
 * nobody), *level is then the innermost such level.
 */
bool cgroup_refresh_kills(struct cgroup *cgroup, uint32_t *level);
void cgroup_refresh(struct cgroup *cgroup);                       /* usage, statistics, limits, counters */
bool cgroup_moved(const struct cgroup *cgroup, const char *root); /* the process is in another cgroup now */
/* What is swapped, likewise; used_bytes as just read. */
bool cgroup_peek_swap(int swap_fd, int version, uint64_t used_bytes, uint64_t *swap_bytes);
bool cgroup_peek(int usage_fd, uint64_t *used_bytes);
/* Reclaimable bytes now, through the caller's buffer. */
bool cgroup_peek_reclaimable(int stat_fd, int version, char *buffer, size_t capacity, uint64_t *reclaimable_bytes);

/* Parsers, pure; exposed for the tests. */
bool cgroup_parse_path(const char *proc_cgroup, bool v2, char *path, size_t capacity);
bool cgroup_parse_mount(const char *line, bool v2, char *mount_root, char *mount_point, size_t capacity);
void cgroup_parse_stat(const char *stat, int version, struct cgroup_level *level);
uint64_t cgroup_parse_limit(const char *text);
/* Kernel memory that reclaim can take, from how much the cgroup's and the machine's reclaimable slab have grown. */
uint64_t cgroup_v1_slab(uint64_t limit_bytes, uint64_t kernel_growth_bytes, uint64_t host_growth_bytes);

#endif
