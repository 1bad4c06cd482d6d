/* SPDX-License-Identifier: MIT */
/*
 * brake: memory.high just below the margin, where nothing else stops a thread at its own page fault. Above it the
 * kernel makes the growing threads sleep on their way back from the fault (v2; mm/memcontrol.c,
 * mem_cgroup_handle_over_high: nothing at 1 % above it, some 25 ms for each 64 pages at 2 %, more beyond), so that even
 * a late watcher sees the margin. Only in a cgroup that `lastwords run` made for this job (LASTWORDS_BRAKE names its
 * directory): nobody else's is ever written to. Watcher thread only.
 */
#ifndef LW_CONDUCT_BRAKE_H
#define LW_CONDUCT_BRAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/cgroup.h"

void brake_hold(const struct cgroup_level *level, uint64_t margin_bytes); /* again and again, as the margin changes */
void brake_release(void);
bool brake_is_held(void);
void brake_reset(void); /* in a forked child: the parent's hold is not ours to release */

#endif
