/* SPDX-License-Identifier: MIT */
/*
 * residency: which pages of a range are in memory, in swap, or neither. Three ways, the best that works here:
 *     PAGEMAP_SCAN (ioctl on /proc/self/pagemap, Linux 6.7; Documentation/admin-guide/mm/pagemap.rst): 4 GiB in 9 ms
 *     /proc/self/pagemap: bit 63 present, 62 swapped, 61 file or shared; no privilege needed for these: 16-20 ms
 *     mincore: 4-6 ms, cannot see swap, and for file mappings tells the page cache, not this process
 * Of small pages PAGEMAP_SCAN takes 14 ns each, mincore 2.6 ns (Linux 6.18).
 * The zero page (and the huge one, 2 MiB), mapped by reading memory that was never written, is not resident memory.
 * PAGEMAP_SCAN tells it apart. /proc/self/pagemap shows its frame number to CAP_SYS_ADMIN only; to others it looks like
 * a page that is shared with another process after a fork (bit 56 clear, bit 61 clear), so it is told apart as long as
 * this process is known not to share any. mincore cannot tell.
 * One thread at a time (the watcher): the buffer is handed in.
 */
#ifndef LW_OBSERVE_RESIDENCY_H
#define LW_OBSERVE_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal_format.h"

struct residency {
    int fd;
    enum lw_residency method;
    uint32_t page_bytes;
    unsigned char *buffer;
    size_t buffer_bytes;
    /*
     * To be set by the owner: nothing is swapped, and to take the zero page for memory does no harm. PAGEMAP_SCAN
     * leaves anonymous ranges to mincore then.
     */
    bool quick;
    bool shares; /* to be set by the owner: there was a fork, so anonymous pages may be shared with other processes */
    uint64_t zero_frame, huge_zero_frame; /* frame numbers; 0: not to be seen */
};

#define RESIDENCY_BUFFER_BYTES (64u * 1024)

enum residency_flags { RESIDENCY_PRESENT = 1, RESIDENCY_SWAPPED = 2, RESIDENCY_FILE = 4 };

typedef void residency_found(void *context, uint64_t start, uint64_t end, unsigned flags);

bool residency_open(struct residency *residency, void *buffer, size_t buffer_bytes, uint32_t page_bytes);
void residency_find_zero_frames(struct residency *residency); /* done by residency_open where pagemap is the method */
void residency_close(struct residency *residency);
/*
 * Runs of pages that are present or swapped, in ascending order. of_file: pages of files may be among them; without,
 * RESIDENCY_FILE may be missing. false: nothing could be read.
 */
bool residency_scan(struct residency *residency, uint64_t start, uint64_t end, bool of_file, residency_found *found,
                    void *context);

#endif
