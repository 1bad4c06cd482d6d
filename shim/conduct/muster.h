/* SPDX-License-Identifier: MIT */
/*
 * muster: which threads there are, which of them grow, and the signal that stops them. The watcher calls the roll
 * while the end is within reach; touching threads note themselves; whoever finds the margin stops all of them.
 */
#ifndef LW_CONDUCT_MUSTER_H
#define LW_CONDUCT_MUSTER_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/signals.h"

/* Borrows a real-time signal that the program does not use, once; false: none is free. Watcher. */
bool muster_take_signal(signals_handler *handler);
int muster_signal(void);           /* 0: none is taken */
bool muster_surrender(int signal); /* the program takes it: was it ours? Another one is borrowed then. Any thread */
/* Threads asleep in system calls are stopped too (a signal may disturb them: EINTR); else only those that run. */
void muster_everybody(bool everybody);
void muster_call(void);              /* the roll, anew; watcher */
void muster_leave_out(uint32_t tid); /* another thread of ours, which is not asked; 0: there is none any more */
bool muster_note_thread(void); /* a thread begins: it may grow; true for every 16th: the watcher should hear of it */
/*
 * From the fault counter's handler: this thread touched so many pages since its last event. Lock-free. Returns how many
 * pages the next first-touch sample stands for when it is time for one (200 a second and thread), else 0.
 */
uint64_t muster_note_touch(uint64_t pages);
/* How many ever did or began, but no more than there were threads at the last roll and have begun since. */
uint32_t muster_touchers(void);
/* Sends the signal to all that are to be stopped. One caller at a time; signal-safe, in static memory. */
void muster_stop(void);

/* The roll: thread ids, and whether they are left alone because they sleep. */
uint32_t muster_count(void);
uint32_t muster_tid(uint32_t place, bool *asleep);
void muster_reset(void);

#endif
