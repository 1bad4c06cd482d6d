/* SPDX-License-Identifier: MIT */
/*
 * live: the recorded heap blocks that are alive, by address. Lock-free: insert, remove and iteration may run in any
 * thread at once and in signal handlers. A block's address is unique while it lives: it is inserted after the real
 * allocation and removed before the real free, so one address never has two writers.
 *
 * Slots stand in buckets, whose keys are a cache line. A block that finds its bucket full goes on to the next one and
 * leaves a mark: so many have passed here. Who looks for a block goes on only where somebody has passed, and who
 * removes it takes the marks back. So a table in which a million blocks came and went is as fast as a new one.
 *
 * There are two such tables, the first of which serves while few blocks are recorded: what is spread over a large table
 * touches a page of it for almost every block. The second one is not even read before the first is full.
 *
 * Memory is handed in, zeroed. When no slot is found within LIVE_PROBES of either the block is not recorded (counted).
 *
 * Pages that no block has been in are not even read: a kernel without a page of zeros (some virtual machines) gives a
 * page of its own to who only reads, three MiB of them for a first look through a large table.
 */
#ifndef LW_STORE_LIVE_H
#define LW_STORE_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIVE_BUCKET   8u
#define LIVE_PROBES   128u
#define LIVE_MAX_SITE UINT16_MAX
#define LIVE_PAGE     4096u

struct live_block {
    uint64_t size;     /* as requested, below 2^48 */
    uint32_t overhead; /* bytes that the allocator spends on it beyond that, below 2^15 */
    float weight;      /* blocks of this size that it stands for; 1: exact */
    uint32_t site;     /* up to LIVE_MAX_SITE; a larger one is kept as 0 */
    uint32_t object;   /* 1: out of an interpreter's arena, not of malloc */
};

/* 22 bytes a slot, and a mark: three cache lines, of one page mostly. */
struct live_bucket {
    uint64_t keys[LIVE_BUCKET];  /* address, with LIVE_HELD or without, or one of the other two below */
    uint64_t sizes[LIVE_BUCKET]; /* size, overhead and object in one */
    float weights[LIVE_BUCKET];
    uint16_t sites[LIVE_BUCKET];
    uint8_t passed; /* 255 sticks */
} __attribute__((aligned(64)));

struct live_table {
    struct live_bucket *buckets;
    uint64_t *touched; /* a bit for each page that they lie on: a block has been there */
    uint32_t slots;    /* a power of two; 0: no such table */
    uint32_t count;
};

struct live {
    struct live_table tables[2];
    uint32_t more_used; /* 1: something has been in the second one */
    uint64_t dropped;
};

#define LIVE_EMPTY UINT64_C(0)
#define LIVE_BUSY  UINT64_C(2) /* being filled */
#define LIVE_HELD  UINT64_C(4) /* in the key of a block that is being moved; addresses are multiples of 16 */

#define LIVE_NOWHERE UINT32_MAX

size_t live_bytes(uint32_t slots); /* memory for so many in all, multiples of LIVE_BUCKET */
/* first, more: slots of either table, powers of two, LIVE_BUCKET at least. more: 0 for none. memory: a cache line's. */
void live_open(struct live *live, void *memory, uint32_t first, uint32_t more);
uint32_t live_count(const struct live *live);
bool live_insert(struct live *live, const void *pointer, const struct live_block *block);
bool live_remove(struct live *live, const void *pointer, struct live_block *block);
/*
 * A block that its allocator is moving (realloc) stays for those who count what lies where, until it is known whether
 * it moved; but its address may be somebody else's in between, who may be moving it as well. So it is known by its slot
 * then, not by its address. Each hold is followed by one live_back or live_gone.
 */
uint32_t live_hold(struct live *live, const void *pointer);                 /* the slot; LIVE_NOWHERE: no such block */
void live_back(struct live *live, uint32_t slot);                           /* it stayed */
bool live_gone(struct live *live, uint32_t slot, struct live_block *block); /* false: the table began anew meanwhile */
/* How many slots there are to look into: those of the second table only when it is in use. */
uint32_t live_slots(const struct live *live);
void live_ask_early(const struct live *live, uint32_t slot); /* the cache is told of it before its turn comes */
/*
 * Copies the next block, from *slot on, which is where it stands then; 0 and the one behind it to begin and to go on.
 * false: there is none left. A block that comes, goes or changes meanwhile may be passed over.
 */
bool live_next(const struct live *live, uint32_t *slot, uint64_t *address, struct live_block *block);
/* The block in slot i, if it is still the one at this address. */
bool live_still(const struct live *live, uint32_t slot, uint64_t address, struct live_block *block);

#endif
