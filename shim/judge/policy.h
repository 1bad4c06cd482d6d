/* SPDX-License-Identifier: MIT */
/*
 * policy: from the state of things to the next rung of the ladder, to the margin, and to the next look. Pure.
 *
 * Rungs: calm -> warn -> relief -> margin (the complete report) -> the action. An incident begins with warn and ends
 * when headroom is back above warn and a quarter more (hysteresis); there is one report for each incident.
 */
#ifndef LW_JUDGE_POLICY_H
#define LW_JUDGE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/options.h"
#include "journal_format.h"

enum policy_step {
    POLICY_STAY,
    POLICY_WARN,      /* early snapshot and one line */
    POLICY_RELIEVE,   /* give freed memory back, with everybody running */
    POLICY_REPORT,    /* the margin is reached: complete report, then the action */
    POLICY_RECOVERED, /* the incident is over */
};

struct policy {
    enum lw_stage stage;
    bool relieved; /* in this incident */
};

struct policy_input {
    uint64_t headroom_bytes; /* LW_UNLIMITED: nothing can happen */
    uint64_t warn_bytes;
    uint64_t margin_bytes;
    bool relief; /* there is something that could be given back */
};

enum policy_step policy_next(struct policy *policy, const struct policy_input *input);

/* What is to be reckoned with where no fault counter stops the toucher. */
struct policy_blind {
    uint64_t late_ns; /* so much later than planned the watcher looked lately */
    uint64_t tick_ns; /* so often threads that run look for themselves (see conduct/pulse.h); 0: they do not */
    uint64_t rate_bytes_per_s;
    uint32_t threads;
    bool ahead; /* the watcher goes before all other threads when there is a rush */
};
/*
 * The margin in force. auto is as late as is safe: 1 % of the limit, at least 2 MiB and at most 128 MiB; where no
 * fault counter stops the toucher (blind, else NULL), also what is touched at the present rate until somebody looks,
 * the watcher or the toucher itself, but no more than 10 %; and the page cache that is hot (see headroom_hot): waiting
 * for it to go means waiting for a disk at every call.
 */
uint64_t policy_margin(const struct amount *margin, uint64_t limit_bytes, uint64_t hot_bytes,
                       const struct policy_blind *blind);
/* auto for a thread that looks at its own tick: in one tick as much is touched as in the last. At most 10 %. */
uint64_t policy_margin_ticked(uint64_t limit_bytes, uint64_t growth_bytes);
/*
 * The machine itself kills before MemAvailable is 0: the zones keep watermarks, and half of the cache counts that may
 * be in use. Seen with 512 MiB: killed with 4.4 MiB available. 2 % of the machine's memory, 16 to 128 MiB.
 */
uint64_t policy_margin_host(uint64_t margin_bytes, bool automatic, uint64_t limit_bytes);
/*
 * Where memory.high brakes, each growing thread may bring two more batches of 64 pages (MEMCG_CHARGE_BATCH in
 * mm/memcontrol.c) while the watcher, whose own charges are braked as well, is made to sleep. At most 10 % of the
 * limit.
 */
uint64_t policy_margin_braked(uint64_t margin_bytes, bool automatic, uint64_t limit_bytes, uint32_t threads);
/*
 * The program shall clean up first, and no fault counter holds it meanwhile: auto is twice the margin, up to a fifth of
 * the limit, so that half of it still ends the process in time.
 */
uint64_t policy_margin_early(uint64_t margin_bytes, bool automatic, uint64_t limit_bytes);
/* The limit may come within a tenth of a second: nothing that takes time is done before the margin is looked at. */
bool policy_hurry(uint64_t headroom_bytes, uint64_t rate_bytes_per_s);
/* It may come within half a second: no look may be late. */
bool policy_rush(uint64_t headroom_bytes, uint64_t rate_bytes_per_s);
/*
 * Stopping a thread takes memory: a signal frame and stack pages, 12 KiB each as measured with 128 threads. The auto
 * margin grows with the threads that touch memory, up to 1.5 % of the limit or 4 MiB, whichever is more.
 */
uint64_t policy_margin_for(uint64_t margin_bytes, bool automatic, uint64_t limit_bytes, uint32_t touchers);
/* 15 % of the limit unless told; with memory.high below the limit from there on, because the job slows down there. */
uint64_t policy_warn(const struct amount *warn, const struct lw_level *level, uint64_t margin_bytes);

/*
 * Time until the next look: a third of what it takes to touch the headroom at full speed, 50 us to 250 ms. huge: in
 * pages of 2 MiB, which are there several times as fast.
 */
uint64_t policy_sleep_ns(uint64_t headroom_bytes, uint64_t margin_bytes, uint32_t cpus, bool huge);
uint64_t policy_rest_ns(void); /* where nothing moves, and whoever grows rings */
/*
 * From here on the wide fault counter runs: below a third of the limit, or where a few seconds could fill the rest;
 * with huge pages as soon as it is in reach.
 */
bool policy_watchful(uint64_t headroom_bytes, uint64_t limit_bytes, bool huge);
/*
 * Less than can be touched in half a second by two cores in huge pages: what takes time (22 to 53 ms for counters of
 * 128 busy threads, up to 450 ms for the journal's pages on a busy file system) must be done before it begins.
 */
bool policy_in_reach(uint64_t headroom_bytes);
/*
 * Page faults between two events of the wide counter. A hundred threads may each touch that many pages unseen, so it is
 * smaller where the margin is: 64 (cost in the noise) from 1 GiB on, 16 (7 % of pure touching) at 256 MiB, at least 8.
 * That is for pages of 4 KiB; a huge page counts once, so where faults bring more bytes (as measured) fewer make an
 * event. A power of two, at least 1.
 */
uint32_t policy_period(uint64_t limit_bytes, uint64_t bytes_per_fault);
/*
 * Near the end every event of the fault counter looks for itself. burst_bytes: what all threads may touch with one
 * fault each, unseen by the wide counter: 2 MiB a thread where huge pages are in use.
 */
bool policy_near(uint64_t headroom_bytes, uint64_t limit_bytes, uint64_t margin_bytes, uint64_t burst_bytes);
/*
 * From here on a crowd of threads does better without huge pages: what two cores bring in them until a watcher that has
 * lost its processor to the crowd is back, 16 ms as seen, is no more than is left.
 */
bool policy_small_pages(uint64_t headroom_bytes, uint64_t burst_bytes);

#endif
