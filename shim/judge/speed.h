/* SPDX-License-Identifier: MIT */
/*
 * speed: how fast a limit comes nearer, from readings of a number that moves in steps, by somebody who may lose the
 * processor in the midst of a reading. Pure.
 *
 * The kernel charges a group by batches of 64 pages for each processor (MEMCG_CHARGE_BATCH in mm/memcontrol.c) and by
 * huge pages of 2 MiB: what came in half a millisecond says nothing yet unless it is more than that. And a reading that
 * took long may be of any moment of it: on a machine whose processors are taken away for tens of milliseconds what came
 * meanwhile would pass for the growth of a moment.
 */
#ifndef LW_JUDGE_SPEED_H
#define LW_JUDGE_SPEED_H

#include <stdint.h>

struct speed {
    uint64_t per_s; /* bytes a second; with each measurement that finds less, half of it */
    uint64_t at_ns; /* the reading that the next measurement begins at; 0: there is none */
    uint64_t wobble_ns;
    uint64_t bytes;
};

/*
 * There were so many bytes at some moment from from_ns to until_ns. A measurement is made from 0.5 ms on if more than 2
 * MiB have come, else from 4 ms on, and not before both its readings are short against it.
 */
void speed_note(struct speed *speed, uint64_t from_ns, uint64_t until_ns, uint64_t bytes);

#endif
