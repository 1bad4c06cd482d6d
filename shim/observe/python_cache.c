/* SPDX-License-Identifier: MIT */
#include "observe/python_cache.h"
#include "store/index.h"

#define PROBES 4u

struct python_cached {
    struct python_known known;
    uint32_t frame; /* journal index */
    uint32_t reserved;
};

size_t python_cache_slot_bytes(void)
{
    return PYTHON_CACHE_SLOTS * sizeof(uint16_t);
}

size_t python_cache_bytes(void)
{
    return python_cache_slot_bytes() + PYTHON_CACHE_SLOTS * sizeof(struct python_cached);
}

void python_cache_open(struct python_cache *cache, void *memory)
{
    uint16_t *slots = memory;
    *cache = (struct python_cache){.slots = slots, .records = (void *)(slots + PYTHON_CACHE_SLOTS)};
}

static uint32_t first_slot(uint64_t code, int32_t position)
{
    return (uint32_t)index_mix(code, (uint32_t)position);
}

static uint16_t *slot_at(const struct python_cache *cache, uint32_t slot)
{
    return &cache->slots[slot & (PYTHON_CACHE_SLOTS - 1)];
}

static bool is_same(const struct python_known *a, const struct python_known *b)
{
    return a->code == b->code && a->position == b->position && a->filename == b->filename && a->name == b->name &&
           a->lines == b->lines && a->first_line == b->first_line && a->content == b->content;
}

uint32_t python_cache_find(const struct python_cache *cache, const struct python_known *known)
{
    uint32_t first = first_slot(known->code, known->position);
    for (uint32_t probe = 0; probe < PROBES; probe++) {
        uint32_t number = *slot_at(cache, first + probe);
        if (number && is_same(&cache->records[number - 1].known, known))
            return cache->records[number - 1].frame;
    }
    return UINT32_MAX;
}

void python_cache_put(struct python_cache *cache, const struct python_known *known, uint32_t frame)
{
    uint32_t first = first_slot(known->code, known->position);
    uint16_t *slot = slot_at(cache, first + (uint32_t)(known->content >> 1) % PROBES);
    if (!*slot)
        *slot = (uint16_t)++cache->count; /* at most one for each slot */
    cache->records[*slot - 1] = (struct python_cached){.known = *known, .frame = frame};
}

void python_cache_ask_early(const struct python_cache *cache, uint64_t code, int32_t position)
{
    uint32_t number = *slot_at(cache, first_slot(code, position));
    if (number)
        __builtin_prefetch(&cache->records[number - 1]);
}
