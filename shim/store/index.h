/* SPDX-License-Identifier: MIT */
/*
 * index: an open-addressing table from hashes to record numbers, for records that are appended and never move.
 * Reading needs no lock: a record is complete before its number is stored. Writers hold the lock of their store.
 * Record number 0 means "none". The memory is handed in, zeroed; its size is a power of two.
 */
#ifndef LW_STORE_INDEX_H
#define LW_STORE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index {
    uint32_t *slots;
    uint32_t mask;
};

static inline size_t index_bytes(const struct index *index)
{
    return ((size_t)index->mask + 1) * sizeof *index->slots;
}

typedef bool index_same(const void *records, uint32_t record, const void *key);

static inline uint64_t index_mix(uint64_t a, uint64_t b)
{
    uint64_t hash = (a ^ (b << 32 | b >> 32)) * UINT64_C(0x9E3779B97F4A7C15);
    hash ^= hash >> 32;
    hash *= UINT64_C(0xD6E8FEB86659FD93);
    return hash ^ hash >> 29;
}

static inline uint32_t index_find(const struct index *index, uint64_t hash, index_same *same, const void *records,
                                  const void *key)
{
    for (uint32_t i = 0; i <= index->mask; i++) {
        uint32_t record = __atomic_load_n(&index->slots[(hash + i) & index->mask], __ATOMIC_ACQUIRE);
        if (!record)
            return 0;
        if (same(records, record, key))
            return record;
    }
    return 0;
}

static inline void index_put(struct index *index, uint64_t hash, uint32_t record)
{
    for (uint32_t i = 0; i <= index->mask; i++) {
        uint32_t *slot = &index->slots[(hash + i) & index->mask];
        if (__atomic_load_n(slot, __ATOMIC_RELAXED))
            continue;
        __atomic_store_n(slot, record, __ATOMIC_RELEASE);
        return;
    }
}

#endif
