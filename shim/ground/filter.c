/* SPDX-License-Identifier: MIT */
#include "ground/filter.h"
#include "ground/next.h"
#include "ground/sys.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Page-aligned, so that clearing it in a forked child gives the pages back instead of copying them. */
uint8_t filter_bytes[1u << FILTER_BITS] __attribute__((aligned(4096)));

uint8_t filter_pages[1u << FILTER_PAGE_BITS] __attribute__((aligned(4096)));

static void one_more(uint8_t *byte)
{
    uint8_t now = __atomic_load_n(byte, __ATOMIC_RELAXED);
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

void filter_add(const void *pointer)
{
    one_more(&filter_bytes[filter_bucket(pointer)]);
    one_more(&filter_pages[filter_page(pointer)]);
}

void filter_remove(const void *pointer)
{
    one_less(&filter_bytes[filter_bucket(pointer)]);
    one_less(&filter_pages[filter_page(pointer)]);
}

void filter_pin(const void *pointer)
{
    __atomic_store_n(&filter_bytes[filter_bucket(pointer)], 255, __ATOMIC_RELAXED);
}

static void wipe(uint8_t *bytes, size_t size)
{
    if (sys_call(SYS_madvise, (long)bytes, (long)size, MADV_DONTNEED, 0, 0, 0) < 0)
        memset(bytes, 0, size);
}

void filter_clear(void)
{
    wipe(filter_bytes, sizeof filter_bytes);
    wipe(filter_pages, sizeof filter_pages);
    next_bootstrap_pin();
}
