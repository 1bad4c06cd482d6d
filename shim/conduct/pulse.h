/* SPDX-License-Identifier: MIT */
/*
 * pulse: where the fault counter is refused, as container profiles do, a thread that has the processor looks for
 * itself. Each thread gets a timer on its own processor time, and the muster's signal from it. The kernel looks at such
 * timers at its tick (4 ms with CONFIG_HZ=250), and only at that of the thread that runs: so what all processors touch
 * in one tick is all that can be touched unseen, however many threads there are and however late the watcher comes.
 *
 * A signal may end a system call of the program early (EINTR), so it beats only while the limit is near in time.
 */
#ifndef LW_CONDUCT_PULSE_H
#define LW_CONDUCT_PULSE_H

#include <stdbool.h>
#include <stdint.h>

/* Watcher, after the roll was called: every thread on it has its timer, or nobody has one. */
void pulse_keep(bool wanted, uint64_t now_ns);
uint64_t pulse_tick_ns(void); /* how long a thread runs between two looks; 0: it does not beat */
/*
 * From the signal's handler, which has read the headroom since from_ns (CLOCK_MONOTONIC): so many bytes less are left
 * after one more tick as fast as lately. Signal-safe.
 */
uint64_t pulse_growth(uint64_t headroom_bytes, uint64_t from_ns);
void pulse_thread_began(void); /* a thread that is younger than the roll, itself */
void pulse_stop(void);         /* the program takes the signal; any thread */
void pulse_reset(void);        /* a forked child has no timers */

#endif
