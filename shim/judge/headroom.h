/* SPDX-License-Identifier: MIT */
/*
 * headroom: from levels to bytes and time left. Pure.
 *
 * Headroom of a level is limit - used + reclaimable + room in swap: what can still be touched before the kernel kills.
 * The process is as near to its end as the level with the least headroom, the binding one.
 *
 * Hot page cache is reclaimable in name only: file pages that come back as refaults were needed. headroom_hot
 * estimates them from refaults and major faults; the margin grows by as much (see policy_margin).
 */
#ifndef LW_JUDGE_HEADROOM_H
#define LW_JUDGE_HEADROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "journal_format.h"

uint64_t headroom_of(const struct lw_level *level); /* in RAM alone */
/* What the level may still move to swap; host_free_bytes: free swap of the machine. */
uint64_t headroom_swap_room(const struct lw_level *level, uint64_t host_free_bytes);
/* What weighs on the level and does not go away by itself: used - reclaimable + swapped. */
uint64_t headroom_pressing(const struct lw_level *level);
/* Sets headroom_bytes of every level; returns the binding one among those that kill, -1 without any limit. */
int headroom_judge(struct lw_level *levels, uint32_t count);

/* Growth of a quantity over the last seconds, from readings at irregular times. */
#define HEADROOM_HISTORY 32u
struct headroom_history {
    struct {
        uint64_t t_ns;
        uint64_t bytes;
    } readings[HEADROOM_HISTORY];
    uint32_t count; /* ever */
};
/* Keeps one reading per window / HEADROOM_HISTORY. */
void headroom_note(struct headroom_history *history, uint64_t t_ns, uint64_t bytes, uint64_t window_ns);
/* Bytes a second since the oldest reading that is no older than the window; 0 when there are too few. */
int64_t headroom_growth(const struct headroom_history *history, uint64_t t_ns, uint64_t bytes, uint64_t window_ns);
uint64_t headroom_time_ms(uint64_t headroom_bytes, int64_t growth_bytes_per_s); /* LW_UNKNOWN: not growing */

/*
 * Reclaimable bytes that are needed: while file pages are being read back (refaults or major faults a second above
 * a handful) and usage stands at its limit, what is left of the cache is the working set of code.
 */
uint64_t headroom_hot(const struct lw_level *level, uint64_t refaults_per_s, uint64_t page_bytes);

#endif
