/* SPDX-License-Identifier: MIT */
/*
 * mappings: which site obtained which range of addresses by mmap or mremap. An interval map: ranges never overlap;
 * a new range displaces what it covers (MAP_FIXED), unmapping cuts (partial munmap). Exact. The memory is handed in.
 * Any thread; a bounded lock. What is displaced or cut is told to the caller through `lost`, so that the sites'
 * totals follow.
 */
#ifndef LW_STORE_MAPPINGS_H
#define LW_STORE_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/lock.h"

struct mapping {
    uint64_t start;
    uint64_t end; /* exclusive */
    uint32_t site;
    uint32_t kind; /* enum lw_site_kind */
};

/* The site of an interpreter's arena, whose small objects are recorded one by one: what it maps is nobody's doing. */
#define MAPPING_ARENA UINT32_MAX

#define MAPPINGS_GONE 16u

struct mappings {
    struct mapping *ranges; /* sorted by start */
    uint32_t count;
    uint32_t capacity;
    uint64_t dropped;
    struct lock lock;
    struct mapping gone[MAPPINGS_GONE]; /* the last that went as a whole, by the page they began at */
};

/* count_gone: 1 when the last piece of a range vanished, -1 when a range was cut in two. */
typedef void mappings_lost(void *context, uint32_t site, uint64_t bytes, int count_gone);

size_t mappings_bytes(uint32_t capacity);
void mappings_open(struct mappings *mappings, void *memory, uint32_t capacity);
bool mappings_add(struct mappings *mappings, const struct mapping *range, mappings_lost *lost, void *context);
bool mappings_remove(struct mappings *mappings, uint64_t start, uint64_t end, mappings_lost *lost, void *context);
/*
 * Like mappings_remove, and copies out what is removed, up to `capacity` pieces; returns how many. For calls that may
 * refuse: adding the pieces again restores the books.
 */
uint32_t mappings_take(struct mappings *mappings, uint64_t start, uint64_t end, struct mapping *pieces,
                       uint32_t capacity, mappings_lost *lost, void *context);
/* Lengthens the range that ends where this one starts, of the same site and kind; false: there is none such. */
bool mappings_extend(struct mappings *mappings, const struct mapping *range);
/* The range that holds this address. */
bool mappings_find(struct mappings *mappings, uint64_t address, struct mapping *found);
/* Whose a range was that went as a whole a moment ago, if it was just this one, and of this kind. 0: nobody knows. */
uint32_t mappings_last_site(struct mappings *mappings, const struct mapping *range);
/* Copies up to capacity ranges, sorted; returns how many there were. */
uint32_t mappings_copy(struct mappings *mappings, struct mapping *to, uint32_t capacity);

#endif
