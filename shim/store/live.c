/* SPDX-License-Identifier: MIT */
#include "store/live.h"
#include "ground/filter.h"

size_t live_bytes(uint32_t slots)
{
    return slots * (sizeof(uint64_t) + sizeof(struct live_block));
}

void live_open(struct live *live, void *memory, uint32_t slots)
{
    *live = (struct live){.keys = memory, .blocks = (void *)((uint64_t *)memory + slots), .mask = slots - 1};
}

static uint32_t home(const struct live *live, uint64_t key)
{
    return (uint32_t)(((key >> 4) * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & live->mask;
}

bool live_insert(struct live *live, const void *pointer, const struct live_block *block)
{
    uint64_t key = (uintptr_t)pointer;
    for (uint32_t i = 0; i < LIVE_PROBES; i++) {
        uint32_t slot = (home(live, key) + i) & live->mask;
        uint64_t have = __atomic_load_n(&live->keys[slot], __ATOMIC_RELAXED);
        if (have > LIVE_GRAVE || !__atomic_compare_exchange_n(&live->keys[slot], &have, LIVE_BUSY, false,
                                                              __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            continue;
        live->blocks[slot] = *block;
        filter_add(pointer);
        __atomic_store_n(&live->keys[slot], key, __ATOMIC_RELEASE);
        __atomic_fetch_add(&live->count, 1, __ATOMIC_RELAXED);
        return true;
    }
    __atomic_fetch_add(&live->dropped, 1, __ATOMIC_RELAXED);
    return false;
}

bool live_remove(struct live *live, const void *pointer, struct live_block *block)
{
    uint64_t key = (uintptr_t)pointer;
    for (uint32_t i = 0; i < LIVE_PROBES; i++) {
        uint32_t slot = (home(live, key) + i) & live->mask;
        uint64_t have = __atomic_load_n(&live->keys[slot], __ATOMIC_ACQUIRE);
        if (have == LIVE_EMPTY)
            return false;
        if (have != key)
            continue;
        *block = live->blocks[slot];
        __atomic_store_n(&live->keys[slot], LIVE_GRAVE, __ATOMIC_RELEASE);
        __atomic_fetch_sub(&live->count, 1, __ATOMIC_RELAXED);
        filter_remove(pointer);
        return true;
    }
    return false;
}

bool live_at(const struct live *live, uint32_t slot, uint64_t *address, struct live_block *block)
{
    uint64_t key = __atomic_load_n(&live->keys[slot], __ATOMIC_ACQUIRE);
    if (key <= LIVE_BUSY)
        return false;
    *block = live->blocks[slot];
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    *address = key;
    return __atomic_load_n(&live->keys[slot], __ATOMIC_RELAXED) == key;
}
