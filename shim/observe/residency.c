/* SPDX-License-Identifier: MIT */
#include "observe/residency.h"
#include "ground/sys.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* From include/uapi/linux/fs.h of Linux 6.7; older headers lack them. */
struct scan_region {
    uint64_t start, end, categories;
};
struct scan_argument {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_IOCTL   _IOWR('f', 16, struct scan_argument)
#define SCAN_FILE    (UINT64_C(1) << 2)
#define SCAN_PRESENT (UINT64_C(1) << 3)
#define SCAN_SWAPPED (UINT64_C(1) << 4)
#define SCAN_ZERO    (UINT64_C(1) << 5)

#define PAGEMAP_PRESENT (UINT64_C(1) << 63)
#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)
#define PAGEMAP_FILE    (UINT64_C(1) << 61)
#define PAGEMAP_ALONE   (UINT64_C(1) << 56) /* mapped exactly once */
#define PAGEMAP_FRAME   ((UINT64_C(1) << 55) - 1)
#define HUGE_BYTES      (2u << 20)
#define QUICK_BYTES     (UINT64_C(4) << 30) /* mincore writes a byte for each page, whether it is there or not */

/* Whose page it is costs a look at each page's own record in the kernel: asked for only where it may be a file's. */
static long scan_once(struct residency *residency, uint64_t start, uint64_t end, bool of_file, uint64_t *walk_end)
{
    struct scan_argument argument = {
        .size = sizeof argument,
        .start = start,
        .end = end,
        .vec = (uintptr_t)residency->buffer,
        .vec_len = residency->buffer_bytes / sizeof(struct scan_region),
        .category_inverted = SCAN_ZERO,
        .category_mask = SCAN_ZERO,
        .category_anyof_mask = SCAN_PRESENT | SCAN_SWAPPED,
        .return_mask = SCAN_PRESENT | SCAN_SWAPPED | (of_file ? SCAN_FILE : 0),
    };
    long n = sys_call(SYS_ioctl, residency->fd, (long)SCAN_IOCTL, (long)&argument, 0, 0, 0);
    *walk_end = argument.walk_end;
    return n;
}

/* The frame behind this page; 0: hidden, or no zero page but one of its own, on a kernel that has none. */
static uint64_t frame_of(const struct residency *residency, const volatile unsigned char *address)
{
    uint64_t entry = 0;
    (void)*address;
    if (sys_pread(residency->fd, &entry, 8, (uintptr_t)address / residency->page_bytes * 8) != 8)
        return 0;
    return entry & PAGEMAP_ALONE ? 0 : entry & PAGEMAP_FRAME;
}

/* Reads memory that nobody has written, and looks which frames that gives. */
void residency_find_zero_frames(struct residency *residency)
{
    unsigned char *memory = sys_map(2 * HUGE_BYTES);
    if (!memory)
        return;
    unsigned char *aligned = memory + (-(uintptr_t)memory & (HUGE_BYTES - 1));
    sys_call(SYS_madvise, (long)aligned, HUGE_BYTES, MADV_NOHUGEPAGE, 0, 0, 0);
    residency->zero_frame = frame_of(residency, aligned);
    sys_call(SYS_madvise, (long)aligned, HUGE_BYTES, MADV_DONTNEED, 0, 0, 0);
    sys_call(SYS_madvise, (long)aligned, HUGE_BYTES, MADV_HUGEPAGE, 0, 0, 0);
    uint64_t huge = frame_of(residency, aligned);
    residency->huge_zero_frame = huge != residency->zero_frame ? huge : 0;
    sys_unmap(memory, 2 * HUGE_BYTES);
}

bool residency_open(struct residency *residency, void *buffer, size_t buffer_bytes, uint32_t page_bytes)
{
    *residency = (struct residency){.buffer = buffer, .buffer_bytes = buffer_bytes, .page_bytes = page_bytes};
    uint64_t page = (uintptr_t)buffer & ~(uint64_t)(page_bytes - 1), ignored;
    residency->fd = sys_open("/proc/self/pagemap", O_RDONLY, 0);
    residency->method = LW_RESIDENCY_MINCORE;
    if (residency->fd < 0)
        return true;
    if (scan_once(residency, page, page + page_bytes, true, &ignored) >= 0)
        residency->method = LW_RESIDENCY_PAGEMAP_SCAN;
    else if (sys_pread(residency->fd, buffer, 8, page / page_bytes * 8) == 8)
        residency->method = LW_RESIDENCY_PAGEMAP;
    if (residency->method == LW_RESIDENCY_PAGEMAP)
        residency_find_zero_frames(residency);
    return true;
}

void residency_close(struct residency *residency)
{
    sys_close(residency->fd);
    residency->fd = -1;
}

static bool scan_ioctl(struct residency *residency, uint64_t start, uint64_t end, bool of_file, residency_found *found,
                       void *context)
{
    while (start < end) {
        uint64_t walk_end;
        long n = scan_once(residency, start, end, of_file, &walk_end);
        if (n < 0)
            return false;
        const struct scan_region *regions = (const void *)residency->buffer;
        for (long i = 0; i < n; i++) {
            uint64_t c = regions[i].categories;
            found(context, regions[i].start, regions[i].end,
                  (c & SCAN_PRESENT ? RESIDENCY_PRESENT : 0) | (c & SCAN_SWAPPED ? RESIDENCY_SWAPPED : 0) |
                      (c & SCAN_FILE ? RESIDENCY_FILE : 0));
        }
        /*
         * Of a walk that it finished after more than 512 regions, Linux (seen in 6.18) tells the end of an earlier
         * part: what lies between is reported already.
         */
        if (n && walk_end < regions[n - 1].end)
            walk_end = regions[n - 1].end;
        if (walk_end <= start)
            return false;
        start = walk_end;
    }
    return true;
}

struct run {
    uint64_t start;
    unsigned flags; /* 0: no run is open */
};

static void extend(struct run *run, uint64_t address, unsigned flags, residency_found *found, void *context)
{
    if (flags == run->flags)
        return;
    if (run->flags)
        found(context, run->start, address, run->flags);
    *run = (struct run){address, flags};
}

static bool is_zero_page(const struct residency *residency, uint64_t entry)
{
    uint64_t frame = entry & PAGEMAP_FRAME;
    if (!(entry & PAGEMAP_PRESENT) || entry & PAGEMAP_ALONE)
        return false;
    if (!residency->zero_frame)
        return !residency->shares && !(entry & PAGEMAP_FILE);
    return frame == residency->zero_frame ||
           (residency->huge_zero_frame && frame - residency->huge_zero_frame < HUGE_BYTES / residency->page_bytes);
}

static unsigned pagemap_flags(const struct residency *residency, uint64_t entry)
{
    if (is_zero_page(residency, entry))
        return 0;
    unsigned flags = entry & PAGEMAP_PRESENT ? RESIDENCY_PRESENT : entry & PAGEMAP_SWAPPED ? RESIDENCY_SWAPPED : 0;
    return flags && (entry & PAGEMAP_FILE) ? flags | RESIDENCY_FILE : flags;
}

static bool scan_pagemap(struct residency *residency, uint64_t start, uint64_t end, residency_found *found,
                         void *context)
{
    struct run run = {0};
    uint32_t page = residency->page_bytes;
    while (start < end) {
        uint64_t pages = (end - start) / page;
        if (pages > residency->buffer_bytes / 8)
            pages = residency->buffer_bytes / 8;
        long n = sys_pread(residency->fd, residency->buffer, pages * 8, start / page * 8);
        if (n < 8)
            break;
        const uint64_t *entries = (const void *)residency->buffer;
        for (long i = 0; i < n / 8; i++)
            extend(&run, start + (uint64_t)i * page, pagemap_flags(residency, entries[i]), found, context);
        start += (uint64_t)(n / 8) * page;
    }
    extend(&run, start, 0, found, context);
    return true;
}

/* How many pages from here on are as the first one: 0 or 1 each. */
static uint64_t alike(const unsigned char *pages, uint64_t count)
{
    uint64_t n = 1, word, pattern = pages[0] & 1 ? UINT64_C(0x0101010101010101) : 0;
    while (n + sizeof word <= count && (memcpy(&word, &pages[n], sizeof word), word == pattern))
        n += sizeof word;
    while (n < count && (pages[n] & 1) == (pages[0] & 1))
        n++;
    return n;
}

static bool scan_mincore(struct residency *residency, uint64_t start, uint64_t end, residency_found *found,
                         void *context)
{
    struct run run = {0};
    uint32_t page = residency->page_bytes;
    while (start < end) {
        uint64_t pages = (end - start) / page;
        if (pages > residency->buffer_bytes)
            pages = residency->buffer_bytes;
        if (sys_call(SYS_mincore, (long)start, (long)(pages * page), (long)residency->buffer, 0, 0, 0) < 0)
            return false;
        for (uint64_t i = 0; i < pages; i += alike(&residency->buffer[i], pages - i))
            extend(&run, start + i * page, residency->buffer[i] & 1 ? RESIDENCY_PRESENT : 0, found, context);
        start += pages * page;
    }
    extend(&run, start, 0, found, context);
    return true;
}

bool residency_scan(struct residency *residency, uint64_t start, uint64_t end, bool of_file, residency_found *found,
                    void *context)
{
    start &= ~(uint64_t)(residency->page_bytes - 1);
    end = (end + residency->page_bytes - 1) & ~(uint64_t)(residency->page_bytes - 1);
    switch (residency->method) {
    case LW_RESIDENCY_PAGEMAP_SCAN:
        if (residency->quick && !of_file && end - start <= QUICK_BYTES)
            return scan_mincore(residency, start, end, found, context);
        return scan_ioctl(residency, start, end, of_file, found, context);
    case LW_RESIDENCY_PAGEMAP:
        return scan_pagemap(residency, start, end, found, context);
    case LW_RESIDENCY_MINCORE:
        return scan_mincore(residency, start, end, found, context);
    default:
        return false;
    }
}
