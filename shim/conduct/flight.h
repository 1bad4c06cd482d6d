/* SPDX-License-Identifier: MIT */
/*
 * flight: everything that one process has from its activation to its end. One instance, in static memory. Who may
 * touch what: stores are safe in any thread as their headers say; the observers belong to the watcher thread.
 */
#ifndef LW_CONDUCT_FLIGHT_H
#define LW_CONDUCT_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/arena.h"
#include "ground/options.h"
#include "judge/headroom.h"
#include "judge/policy.h"
#include "observe/cgroup.h"
#include "observe/pressure.h"
#include "observe/process.h"
#include "observe/residency.h"
#include "store/journal.h"
#include "store/live.h"
#include "store/mappings.h"
#include "store/sites.h"

enum flight_phase {
    FLIGHT_UNBORN = 0,  /* before the constructor: no options yet */
    FLIGHT_DORMANT = 1, /* the process is small: nothing is kept */
    FLIGHT_TAKEOFF = 2, /* one thread is setting things up */
    FLIGHT_ACTIVE = 3,
    FLIGHT_OFF = 4, /* switched off, or the process is on its way out */
};

struct flight {
    uint32_t phase; /* enum flight_phase */
    struct options options;
    char options_text[512]; /* LASTWORDS as found */
    char job[32];           /* LASTWORDS_LAUNCHER as found */
    char tmpdir[256];
    char brake[CGROUP_PATH_BYTES]; /* LASTWORDS_BRAKE as found: the cgroup that is the job's own */

    struct arena arena;
    struct journal journal;
    struct live live;
    struct mappings mappings;
    struct sites sites;
    uint64_t epoch_ns;                                    /* CLOCK_MONOTONIC at the start of the process */
    uint64_t sample_interval_bytes, large_interval_bytes; /* of small and of large blocks: store/sampler.h */
    uint64_t samples_taken;
    uint64_t samples_dropped;
    uint64_t stacks_missed;                  /* Python stacks that could not be read */
    uint64_t sampling_ns, large_sampling_ns; /* time spent on samples, and of it on large blocks */
    uint64_t sampling_allowed_ns;            /* so much may have been spent by now; at */
    uint64_t sampling_stop_ns;               /* so much who samples holds back */
    uint64_t ranges_ns, ranges_allowed_ns;   /* the same of stacks of mappings */
    uint64_t governed_ns;                    /* the governor's last look */
    uint64_t governed_sampling_ns, governed_large_ns; /* what was spent until then, and the intervals it left */
    uint64_t governed_interval_bytes, governed_large_interval_bytes;
    uint64_t refused_count;
    uint64_t refused_bytes;

    int journal_fd;
    char journal_path[600];
    char journal_name[200]; /* base name */

    struct cgroup cgroup;
    struct pressure pressure;
    struct residency residency;
    bool shares_pages; /* there was a fork before or after the activation */
    void *python_cache;
    struct lw_state state; /* the watcher's own copy, published in turn */

    uint32_t huge;  /* 1: pages of 2 MiB may be touched */
    uint32_t crowd; /* 1: many threads began since the watcher last counted them */
    uint32_t bell;  /* futex: rung to wake the watcher */
    uint32_t stop;  /* 1: the watcher shall end; 2: it has */
};

extern struct flight flight;

static inline uint64_t flight_now_ns(void)
{
    return sys_now_ns() - flight.epoch_ns;
}

static inline uint32_t flight_phase(void)
{
    return __atomic_load_n(&flight.phase, __ATOMIC_ACQUIRE);
}

static inline void flight_ring(void)
{
    __atomic_fetch_add(&flight.bell, 1, __ATOMIC_RELEASE);
    sys_wake(&flight.bell);
}

static inline bool flight_is_huge(void)
{
    return __atomic_load_n(&flight.huge, __ATOMIC_RELAXED) != 0;
}

#endif
