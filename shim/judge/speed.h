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
    uint64_t per_s;      /* bytes a second; with each measurement that finds less, half of it */
    uint64_t most_per_s; /* as if every reading were right: never late, but steps and stalls pass for growth */
    uint64_t at_ns;      /* the reading that the next measurement begins at; 0: there is none */
    uint64_t wobble_ns;
    uint64_t bytes;
    uint64_t most_at_ns, most_bytes; /* the same of most_per_s */
};

/*
 * There were so many bytes at some moment from from_ns to until_ns. A measurement is made from 0.5 ms on if more than 2
 * MiB have come, else from 4 ms on, and not before both its readings are short against it: that is for what costs
 * something when it is too much. most_per_s is measured from 0.5 ms on: for who has to be awake in time.
 */
void speed_note(struct speed *speed, uint64_t from_ns, uint64_t until_ns, uint64_t bytes);

#endif
