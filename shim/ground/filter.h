/* SPDX-License-Identifier: MIT */
/*
 * filter: "is this pointer of interest to us?" answered by one load. One byte per bucket counts the pointers of
 * interest that hash there; 255 sticks. What every free asks is one bit per bucket: 16 KiB, half of the nearest cache
 * at most. A stale "yes" costs a look-up, a "no" is right. Any thread; asking takes no lock, adding and removing one
 * that nobody waits for without bound. At 20,000 live samples in 32 MiB and more 14 % of the frees of other pointers
 * take the slow path; as many in 4 MiB have 70 % of their neighbours in the same buckets.
 *
 * Buckets lie as the memory does, 256 bytes to each, and what is higher in an address is added in without a carry. So
 * what a program frees in quick succession, which lies in few pages, finds its answers in few cache lines, 128 KiB of
 * memory to each; and regular steps spread better than chance would spread them. With 16 bytes to each and a byte for
 * an answer a compiler's frees wait more than twice as long.
 */
#ifndef LW_GROUND_FILTER_H
#define LW_GROUND_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#define FILTER_BITS      17
#define FILTER_PAGE_BITS 15

extern uint8_t filter_counts[1u << FILTER_BITS] __attribute__((visibility("hidden")));
extern uint64_t filter_words[(1u << FILTER_BITS) / 64] __attribute__((visibility("hidden")));

static inline uint32_t filter_bucket(const void *pointer)
{
    uintptr_t address = (uintptr_t)pointer;
    return (uint32_t)(address >> 8 ^ address >> (8 + FILTER_BITS)) & ((1u << FILTER_BITS) - 1);
}

static inline bool filter_maybe(const void *pointer)
{
    uint32_t bucket = filter_bucket(pointer);
    return __atomic_load_n(&filter_words[bucket / 64], __ATOMIC_RELAXED) >> bucket % 64 & 1;
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
