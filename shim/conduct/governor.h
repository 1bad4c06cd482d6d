/* SPDX-License-Identifier: MIT */
/*
 * governor: how often is sampled, so that samples cost what they may: the intervals of small and of large blocks, and
 * how much may be spent until its next look. The policy of it is pure (store/sampler). Mappings are exact; what their
 * stacks may cost is an allowance of its own, and beyond it one that comes and goes at the same place is known again
 * without a stack.
 */
#ifndef LW_CONDUCT_GOVERNOR_H
#define LW_CONDUCT_GOVERNOR_H

#include <stdbool.h>
#include <stdint.h>

/* Watcher only. */
void governor_begin(void);           /* the intervals to begin with, once it is known how near a limit is */
void governor_look(uint64_t now_ns); /* at every look; ten times a second at most it does something */

/*
 * More than may be spent by now was spent, SPENT_NS ever: samples of this kind become rarer, until the next look. What
 * a thread's clock has drawn already stays; from the next draw on it is the new interval. Any thread.
 */
void governor_hold_back(bool large, uint64_t spent_ns);

/*
 * A mapping that comes again at its place needs no stack: those have cost what they may by now, or it is small and no
 * limit is near. Any thread.
 */
bool governor_spares_range(uint64_t bytes);

#endif
