/* SPDX-License-Identifier: MIT */
/*
 * look: what the watcher reads at each look, into flight.state: the process, and every level that can say no, the
 * innermost cgroup first, then the host, the user's limit and those at which allocations are refused. Watcher only.
 */
#ifndef LW_CONDUCT_LOOK_H
#define LW_CONDUCT_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/cgroup.h"

/* Resident bytes at every look; the rest, some 10 us, every 20 ms, oftener while it grows fast or threads crowd in. */
void look_at_process(uint64_t now_ns);
/*
 * The levels, which of them binds, and its headroom. slow: everything that there is; else usage, and statistics only
 * where usage stands near a limit: there cache decides.
 */
void look_at_levels(uint64_t now_ns, bool slow);
/* Usage alone, 0.4 us a level: did one of the cgroups take a sixteenth of its headroom since it was looked at? */
bool look_has_moved(void);
/* The usage that presses on the binding level, as look_at_levels has read it, for look_rate. */
void look_at_growth(uint64_t pressing_bytes);

/* The cgroup behind a level of flight.state; NULL: it is none, or level is negative. */
const struct cgroup_level *look_chain(int32_t level);
uint64_t look_rate(void);              /* bytes a second just now: see judge/speed.h */
uint64_t look_haste(void);             /* the same, at most */
bool look_is_crowded(uint64_t now_ns); /* threads crowded in within the last second, or watching began */
uint64_t look_refaults(void); /* file pages read back a second, of the own cgroup; what came from swap is not counted */
uint64_t look_fault_bytes(void); /* that a page fault brings lately: 4 KiB, up to 2 MiB with huge pages; 0: not known */
bool look_is_last_thread(void);  /* the first thread has ended, and so have all others but the watcher */
void look_reset(void);

#endif
