/* SPDX-License-Identifier: MIT */
/*
 * live: the recorded heap blocks that are alive, by address. Lock-free: insert, remove and iteration may run in any
 * thread at once and in signal handlers. A block's address is unique while it lives: it is inserted after the real
 * allocation and removed before the real free, so one address never has two writers.
 *
 * Slots stand in buckets of a cache line of keys. A block that finds its bucket full goes on to the next one and leaves
 * a mark: so many have passed here. Who looks for a block goes on only where somebody has passed, and who removes it
 * takes the marks back. So a table in which a million blocks came and went is as fast as a new one.
 *
 * Memory is handed in, zeroed. When no slot is found within LIVE_PROBES the block is not recorded (counted).
 */
#ifndef LW_STORE_LIVE_H
#define LW_STORE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIVE_BUCKET   8u
#define LIVE_PROBES   128u
#define LIVE_MAX_SITE UINT16_MAX

struct live_block {
    uint64_t size;     /* as requested, below 2^48 */
    uint32_t overhead; /* bytes that the allocator spends on it beyond that, below 2^15 */
    float weight;      /* blocks of this size that it stands for; 1: exact */
    uint32_t site;     /* up to LIVE_MAX_SITE; a larger one is kept as 0 */
    uint32_t object;   /* 1: out of an interpreter's arena, not of malloc */
};

/* 22 bytes a slot, and a mark a bucket. */
struct live {
    uint64_t *keys;  /* address, or one of the two below */
    uint64_t *sizes; /* size, overhead and object in one */
    float *weights;
    uint16_t *sites;
    uint8_t *passed; /* by bucket; 255 sticks */
    uint32_t mask;
    uint32_t count;
    uint64_t dropped;
};

#define LIVE_EMPTY UINT64_C(0)
#define LIVE_BUSY  UINT64_C(2) /* being filled */

size_t live_bytes(uint32_t slots); /* memory for so many, a power of two, LIVE_BUCKET at least */
void live_open(struct live *live, void *memory, uint32_t slots);
bool live_insert(struct live *live, const void *pointer, const struct live_block *block);
bool live_remove(struct live *live, const void *pointer, struct live_block *block);
/* Copies the block in slot i; false: none there, or it changed meanwhile. */
bool live_at(const struct live *live, uint32_t slot, uint64_t *address, struct live_block *block);
/* The block in slot i, if it is still the one at this address. */
bool live_still(const struct live *live, uint32_t slot, uint64_t address, struct live_block *block);

#endif
