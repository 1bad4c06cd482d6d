/* SPDX-License-Identifier: MIT */
#include "ground/filter.h"
#include "ground/lock.h"
#include "ground/next.h"
#include "ground/sys.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Page-aligned, so that clearing it in a forked child gives the pages back instead of copying them. */
uint8_t filter_counts[1u << FILTER_BITS] __attribute__((aligned(4096)));
uint64_t filter_words[(1u << FILTER_BITS) / 64] __attribute__((aligned(4096)));

uint8_t filter_pages[1u << FILTER_PAGE_BITS] __attribute__((aligned(4096)));

static void one_more(uint8_t *byte)
{
    uint8_t now = 0; /* most are: a page that is read before it is written is touched twice */
    while (now != 255 && !__atomic_compare_exchange_n(byte, &now, now + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

static void one_less(uint8_t *byte)
{
    uint8_t now = __atomic_load_n(byte, __ATOMIC_RELAXED);
    while (now != 255 && now != 0 &&
           !__atomic_compare_exchange_n(byte, &now, now - 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

/*
 * Whoever takes the last one out of a bucket clears its bit, and nobody may come in between: a lock for some buckets
 * each. Who does not get it (a signal handler that has interrupted the holder) goes on all the same; then the bit is
 * set once too often, or a record outlives its block until the address is given out again.
 */
static struct lock locks[64];

static struct lock *lock_of(uint32_t bucket)
{
    return &locks[bucket / 64 % (sizeof locks / sizeof locks[0])];
}

static uint64_t bit_of(uint32_t bucket)
{
    return UINT64_C(1) << bucket % 64;
}

static void add_to(uint32_t bucket)
{
    bool locked = lock_take(lock_of(bucket));
    one_more(&filter_counts[bucket]);
    __atomic_fetch_or(&filter_words[bucket / 64], bit_of(bucket), __ATOMIC_RELAXED);
    if (locked)
        lock_drop(lock_of(bucket));
}

static void remove_from(uint32_t bucket)
{
    bool locked = lock_take(lock_of(bucket));
    one_less(&filter_counts[bucket]);
    if (!__atomic_load_n(&filter_counts[bucket], __ATOMIC_RELAXED))
        __atomic_fetch_and(&filter_words[bucket / 64], ~bit_of(bucket), __ATOMIC_RELAXED);
    if (locked)
        lock_drop(lock_of(bucket));
}

void filter_add(const void *pointer)
{
    add_to(filter_bucket(pointer));
    one_more(&filter_pages[filter_page(pointer)]);
}

void filter_remove(const void *pointer)
{
    remove_from(filter_bucket(pointer));
    one_less(&filter_pages[filter_page(pointer)]);
}

void filter_pin(const void *pointer)
{
    uint32_t bucket = filter_bucket(pointer);
    __atomic_store_n(&filter_counts[bucket], 255, __ATOMIC_RELAXED);
    __atomic_fetch_or(&filter_words[bucket / 64], bit_of(bucket), __ATOMIC_RELAXED);
}

static void wipe(void *bytes, size_t size)
{
    if (sys_call(SYS_madvise, (long)bytes, (long)size, MADV_DONTNEED, 0, 0, 0) < 0)
        memset(bytes, 0, size);
}

void filter_clear(void)
{
    wipe(filter_counts, sizeof filter_counts);
    wipe(filter_words, sizeof filter_words);
    memset(locks, 0, sizeof locks); /* a fork may have left one taken by a thread that is not here */
    wipe(filter_pages, sizeof filter_pages);
    next_bootstrap_pin();
}
