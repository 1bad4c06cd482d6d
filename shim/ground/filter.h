/* SPDX-License-Identifier: MIT */
/*
 * filter: "is this pointer of interest to us?" answered by one load. One byte per bucket counts the pointers of
 * interest that hash there; 255 sticks. A stale "yes" costs a look-up, a "no" is always right. Any thread, no locks.
 * 128 KiB: at 20,000 live samples 14 % of the frees of other pointers take the slow path.
 *
 * Buckets lie as the memory does, 16 bytes to each, and what is higher in an address is added in without a carry. So
 * what a program frees in quick succession, which lies in few pages, finds its answers in few cache lines and one or
 * two pages of the filter, which takes no more than its place in the nearest cache and TLB; and regular steps spread
 * better than chance would spread them.
 */
#ifndef LW_GROUND_FILTER_H
#define LW_GROUND_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define FILTER_BITS      17
#define FILTER_PAGE_BITS 15

extern uint8_t filter_bytes[1u << FILTER_BITS] __attribute__((visibility("hidden")));

static inline uint32_t filter_bucket(const void *pointer)
{
    uintptr_t address = (uintptr_t)pointer;
    return (uint32_t)(address >> 4 ^ address >> (4 + FILTER_BITS)) & ((1u << FILTER_BITS) - 1);
}

static inline bool filter_maybe(const void *pointer)
{
    return __atomic_load_n(&filter_bytes[filter_bucket(pointer)], __ATOMIC_RELAXED) != 0;
}

/*
 * The same for small objects, which die in millions: pages of objects that were made together are asked first, in a
 * table that stays in the cache.
 */
extern uint8_t filter_pages[1u << FILTER_PAGE_BITS] __attribute__((visibility("hidden")));

static inline uint32_t filter_page(const void *pointer)
{
    return (uint32_t)((((uintptr_t)pointer >> 12) * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - FILTER_PAGE_BITS));
}

static inline bool filter_maybe_object(const void *pointer)
{
    return __builtin_expect(__atomic_load_n(&filter_pages[filter_page(pointer)], __ATOMIC_RELAXED) != 0, 0) &&
           filter_maybe(pointer);
}

void filter_add(const void *pointer);
void filter_remove(const void *pointer);
void filter_pin(const void *pointer); /* for ever */
void filter_clear(void);              /* all but the pins of the bootstrap block, see next.h */

#endif
