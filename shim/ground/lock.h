/* SPDX-License-Identifier: MIT */
/*
 * lock: a spin lock that nobody waits for without bound. A holder may be preempted or stopped for good (a thread
 * that waits in the gate never holds one: see guard.h), so a taker gives up after a while and drops what it had.
 *
 * Ranks, taken in ascending order only: LOCK_RANK_MAPPINGS < LOCK_RANK_STACKS < LOCK_RANK_JOURNAL < LOCK_RANK_FILTER.
 * Fork: the child starts with fresh stores, so no lock survives a fork.
 */
#ifndef LW_GROUND_LOCK_H
#define LW_GROUND_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/sys.h"

enum lock_rank { LOCK_RANK_MAPPINGS = 1, LOCK_RANK_STACKS = 2, LOCK_RANK_JOURNAL = 3, LOCK_RANK_FILTER = 4 };

struct lock {
    uint32_t word; /* 0 free, 1 taken */
};

#define LOCK_SPINS  200
#define LOCK_YIELDS 2000 /* a preempted holder on a busy two-core machine came back within some hundred yields */

static inline bool lock_try(struct lock *lock)
{
    return !__atomic_load_n(&lock->word, __ATOMIC_RELAXED) && !__atomic_exchange_n(&lock->word, 1, __ATOMIC_ACQUIRE);
}

/* false: the holder did not come back in time; the caller drops what it wanted to do and counts it. */
static inline bool lock_take(struct lock *lock)
{
    for (int i = 0; i < LOCK_SPINS; i++)
        if (lock_try(lock))
            return true;
    for (int i = 0; i < LOCK_YIELDS; i++) {
        sys_yield();
        if (lock_try(lock))
            return true;
    }
    return false;
}

static inline void lock_drop(struct lock *lock)
{
    __atomic_store_n(&lock->word, 0, __ATOMIC_RELEASE);
}

#endif
