/* SPDX-License-Identifier: MIT */
#include "ground/filter.h"
#include "ground/next.h"
#include "ground/sys.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Page-aligned, so that clearing it in a forked child gives the pages back instead of copying them. */
uint8_t filter_bytes[1u << FILTER_BITS] __attribute__((aligned(4096)));

void filter_add(const void *pointer)
{
    uint8_t *byte = &filter_bytes[filter_bucket(pointer)];
    uint8_t now = __atomic_load_n(byte, __ATOMIC_RELAXED);
    while (now != 255 && !__atomic_compare_exchange_n(byte, &now, now + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

void filter_remove(const void *pointer)
{
    uint8_t *byte = &filter_bytes[filter_bucket(pointer)];
    uint8_t now = __atomic_load_n(byte, __ATOMIC_RELAXED);
    while (now != 255 && now != 0 &&
           !__atomic_compare_exchange_n(byte, &now, now - 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

void filter_pin(const void *pointer)
{
    __atomic_store_n(&filter_bytes[filter_bucket(pointer)], 255, __ATOMIC_RELAXED);
}

void filter_clear(void)
{
    if (sys_call(SYS_madvise, (long)filter_bytes, sizeof filter_bytes, MADV_DONTNEED, 0, 0, 0) < 0)
        memset(filter_bytes, 0, sizeof filter_bytes);
    next_bootstrap_pin();
}
