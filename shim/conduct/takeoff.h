/* SPDX-License-Identifier: MIT */
/*
 * takeoff: what the watcher opens when a process is activated, with the program running; what cannot be sensed is told
 * in the journal's capabilities. Watcher only, but where it says otherwise.
 */
#ifndef LW_CONDUCT_TAKEOFF_H
#define LW_CONDUCT_TAKEOFF_H

#include <stdbool.h>
#include <stdint.h>

/* All that takes the loader's lock, first: whoever holds it may be waiting for the end of the takeoff. */
void takeoff_stacks(uint64_t now_ns);
void takeoff_observers(void);         /* the rest */
void takeoff_follow(uint64_t now_ns); /* what could not be had yet: the unwinder, an interpreter that begins later */
bool takeoff_past_loader(void);       /* any thread: no lock that a thread of the program may hold is needed any more */
/* Any thread: the unwinder is being loaded, by a thread of its own that does not sleep: it comes to its end. */
bool takeoff_is_loading(void);
bool takeoff_end(void);               /* the watcher, or who comes after it; false: that thread is still there */
void takeoff_reset(void);

#endif
