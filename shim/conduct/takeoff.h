/* SPDX-License-Identifier: MIT */
/*
 * takeoff: what the watcher opens when a process is activated, with the program running; what cannot be sensed is told
 * in the journal's capabilities. Watcher only, but for takeoff_past_loader.
 */
#ifndef LW_CONDUCT_TAKEOFF_H
#define LW_CONDUCT_TAKEOFF_H

#include <stdbool.h>
#include <stdint.h>

/* All that takes the loader's lock, first: whoever holds it may be waiting for the end of the takeoff. */
void takeoff_stacks(uint64_t now_ns);
void takeoff_observers(void);         /* the rest */
void takeoff_python(uint64_t now_ns); /* again now and then: an interpreter may begin later than its process */
bool takeoff_past_loader(void);       /* any thread: no lock that a thread of the program may hold is needed any more */
void takeoff_reset(void);

#endif
