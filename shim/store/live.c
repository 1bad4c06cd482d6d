/* SPDX-License-Identifier: MIT */
#include "store/live.h"
#include "ground/filter.h"

#define SIZE_BITS     48u
#define OVERHEAD_MASK 0x7FFFu

size_t live_bytes(uint32_t slots)
{
    return slots * (sizeof(uint64_t) + sizeof(uint64_t) + sizeof(float) + sizeof(uint16_t)) + slots / LIVE_BUCKET;
}

void live_open(struct live *live, void *memory, uint32_t slots)
{
    *live = (struct live){.keys = memory, .mask = slots - 1};
    live->sizes = live->keys + slots;
    live->weights = (float *)(live->sizes + slots);
    live->sites = (uint16_t *)(live->weights + slots);
    live->passed = (uint8_t *)(live->sites + slots);
}

/* The first slot of the i-th bucket that a key may lie in. */
static uint32_t bucket_of(const struct live *live, uint64_t key, uint32_t i)
{
    uint32_t home = (uint32_t)(((key >> 4) * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
    return (home / LIVE_BUCKET + i) * LIVE_BUCKET & live->mask;
}

static void mark_passed(struct live *live, uint32_t bucket, int by)
{
    uint8_t *mark = &live->passed[bucket / LIVE_BUCKET];
    uint8_t now = __atomic_load_n(mark, __ATOMIC_RELAXED);
    while (now != 255 &&
           !__atomic_compare_exchange_n(mark, &now, (uint8_t)(now + by), true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

/* The marks of the first n buckets on a key's way. */
static void unmark(struct live *live, uint64_t key, uint32_t n)
{
    while (n-- > 0)
        mark_passed(live, bucket_of(live, key, n), -1);
}

static void put(struct live *live, uint32_t slot, const struct live_block *block)
{
    uint64_t rest = (block->overhead & OVERHEAD_MASK) << 1 | (block->object != 0);
    live->sizes[slot] = rest << SIZE_BITS | (block->size & ((UINT64_C(1) << SIZE_BITS) - 1));
    live->weights[slot] = block->weight;
    live->sites[slot] = block->site <= LIVE_MAX_SITE ? (uint16_t)block->site : 0;
}

static void get(const struct live *live, uint32_t slot, struct live_block *block)
{
    uint64_t packed = live->sizes[slot];
    *block = (struct live_block){.size = packed & ((UINT64_C(1) << SIZE_BITS) - 1),
                                 .overhead = (uint32_t)(packed >> (SIZE_BITS + 1)),
                                 .weight = live->weights[slot],
                                 .site = live->sites[slot],
                                 .object = packed >> SIZE_BITS & 1};
}

static bool take_slot(struct live *live, uint32_t slot)
{
    uint64_t have = LIVE_EMPTY;
    return __atomic_load_n(&live->keys[slot], __ATOMIC_RELAXED) == LIVE_EMPTY &&
           __atomic_compare_exchange_n(&live->keys[slot], &have, LIVE_BUSY, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

bool live_insert(struct live *live, const void *pointer, const struct live_block *block)
{
    uint64_t key = (uintptr_t)pointer;
    for (uint32_t i = 0; i < LIVE_PROBES / LIVE_BUCKET; i++) {
        uint32_t first = bucket_of(live, key, i);
        for (uint32_t slot = first; slot < first + LIVE_BUCKET; slot++) {
            if (!take_slot(live, slot))
                continue;
            put(live, slot, block);
            filter_add(pointer);
            __atomic_store_n(&live->keys[slot], key, __ATOMIC_RELEASE);
            __atomic_fetch_add(&live->count, 1, __ATOMIC_RELAXED);
            return true;
        }
        mark_passed(live, first, 1);
    }
    unmark(live, key, LIVE_PROBES / LIVE_BUCKET);
    __atomic_fetch_add(&live->dropped, 1, __ATOMIC_RELAXED);
    return false;
}

bool live_remove(struct live *live, const void *pointer, struct live_block *block)
{
    uint64_t key = (uintptr_t)pointer;
    for (uint32_t i = 0; i < LIVE_PROBES / LIVE_BUCKET; i++) {
        uint32_t first = bucket_of(live, key, i);
        for (uint32_t slot = first; slot < first + LIVE_BUCKET; slot++) {
            if (__atomic_load_n(&live->keys[slot], __ATOMIC_ACQUIRE) != key)
                continue;
            get(live, slot, block);
            __atomic_store_n(&live->keys[slot], LIVE_EMPTY, __ATOMIC_RELEASE);
            __atomic_fetch_sub(&live->count, 1, __ATOMIC_RELAXED);
            unmark(live, key, i);
            filter_remove(pointer);
            return true;
        }
        if (!__atomic_load_n(&live->passed[first / LIVE_BUCKET], __ATOMIC_RELAXED))
            return false;
    }
    return false;
}

bool live_still(const struct live *live, uint32_t slot, uint64_t address, struct live_block *block)
{
    struct live_block copy;
    if (__atomic_load_n(&live->keys[slot], __ATOMIC_ACQUIRE) != address)
        return false;
    get(live, slot, &copy);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(&live->keys[slot], __ATOMIC_RELAXED) != address)
        return false;
    *block = copy;
    return true;
}

bool live_at(const struct live *live, uint32_t slot, uint64_t *address, struct live_block *block)
{
    uint64_t key = __atomic_load_n(&live->keys[slot], __ATOMIC_ACQUIRE);
    if (key <= LIVE_BUSY || !live_still(live, slot, key, block))
        return false;
    *address = key;
    return true;
}
