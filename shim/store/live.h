/* SPDX-License-Identifier: MIT */
/*
 * live: the recorded heap blocks that are alive, by address. Lock-free: insert, remove and iteration may run in any
 * thread at once and in signal handlers. A block's address is unique while it lives: it is inserted after the real
 * allocation and removed before the real free, so one address never has two writers.
 *
 * Memory is handed in, zeroed. When no slot is found within LIVE_PROBES the block is not recorded (counted).
 */
#ifndef LW_STORE_LIVE_H
#define LW_STORE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIVE_PROBES 128u

struct live_block {
    uint64_t size;     /* as requested */
    uint32_t overhead; /* bytes that the allocator spends on it beyond that */
    float weight;      /* blocks of this size that it stands for; 1: exact */
    uint32_t site;
    uint32_t object; /* 1: out of an interpreter's arena, not of malloc */
};

struct live {
    uint64_t *keys; /* address, or one of the two below */
    struct live_block *blocks;
    uint32_t mask;
    uint32_t count;
    uint64_t dropped;
};

#define LIVE_EMPTY UINT64_C(0)
#define LIVE_GRAVE UINT64_C(1) /* was used: look-ups go on behind it */
#define LIVE_BUSY  UINT64_C(2) /* being filled */

size_t live_bytes(uint32_t slots); /* memory for a power of two of slots */
void live_open(struct live *live, void *memory, uint32_t slots);
bool live_insert(struct live *live, const void *pointer, const struct live_block *block);
bool live_remove(struct live *live, const void *pointer, struct live_block *block);
/* Copies the block in slot i; false: none there, or it changed meanwhile. */
bool live_at(const struct live *live, uint32_t slot, uint64_t *address, struct live_block *block);

#endif
