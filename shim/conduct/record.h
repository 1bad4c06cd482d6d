/* SPDX-License-Identifier: MIT */
/* record: the numbers of a look into the journal: a tick of the timeline and the whole state. Watcher only. */
#ifndef LW_CONDUCT_RECORD_H
#define LW_CONDUCT_RECORD_H

#include <stdint.h>

void record_look(uint64_t now_ns);   /* at most once in a millisecond */
void record_moment(uint64_t now_ns); /* of a report: the last look may be a second old where the watcher came late */
void record_whole(uint64_t now_ns);  /* the last one: with everything that was counted until now, without a tick */
void record_reset(void);

#endif
