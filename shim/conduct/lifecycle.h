/* SPDX-License-Identifier: MIT */
/*
 * lifecycle: the order of things: start, activation, fork, exec, exit.
 *
 * A process begins dormant: no descriptor, no thread, no file. lifecycle_consider looks at its size now and then and
 * activates once it (with the request at hand) passes the activation size: private memory, the journal, the watcher.
 */
#ifndef LW_CONDUCT_LIFECYCLE_H
#define LW_CONDUCT_LIFECYCLE_H

#include <stddef.h>
#include <stdint.h>

void lifecycle_start(void);           /* from the constructor */
void lifecycle_consider(size_t size); /* dormant, guard held: is it time? `size` is about to be added */
/* Bytes that a thread of a dormant process may request until the next look. */
uint64_t lifecycle_dormant_step(void);
/* Waits for a takeoff to be over, for a bounded time: the caller may hold a lock that the watcher needs for it. */
void lifecycle_await_takeoff(void);
void lifecycle_forked(void);   /* first thing in a forked child: forget the parent's flight */
void lifecycle_exit(int code); /* the process ends by itself */
void lifecycle_exec(void);     /* before exec; should that fail, the process goes on dormant, with no thread of ours */
void lifecycle_give_up(void);  /* the same, for good: the process must be left alone from now on */

#endif
