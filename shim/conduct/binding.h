/* SPDX-License-Identifier: MIT */
/*
 * binding: the headroom of the level that binds, at this very moment, for the program's own threads: they look when
 * they touch or request memory, the watcher's last look may be older. The watcher brings the view up to date at every
 * look of its own; its fields are words, and a mixture of two views is still a sound view of a moment ago.
 */
#ifndef LW_CONDUCT_BINDING_H
#define LW_CONDUCT_BINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/cgroup.h"

/* Watcher. chain: the level as a cgroup, NULL when it is none: then what the watcher saw last is all that is known. */
void binding_set(const struct lw_level *level, const struct cgroup_level *chain);
void binding_drop(void);  /* no limit binds, or descriptors are about to be closed */
void binding_reset(void); /* a new flight begins; in a forked child no lock is held */

/*
 * Any thread, also in a signal handler: 0.4 us, 5 us more where only page cache keeps usage away from the limit by
 * enough_bytes (then the statistics are read afresh). LW_UNLIMITED: no limit binds.
 */
uint64_t binding_headroom(uint64_t enough_bytes);
uint64_t binding_limit(void);

#endif
