/* SPDX-License-Identifier: MIT */
/* segment: where modules lie, and the loaded part of one that an address lies in. */
#ifndef LW_GROUND_SEGMENT_H
#define LW_GROUND_SEGMENT_H

#include <link.h>
#include <stdbool.h>
#include <stdint.h>

struct segment {
    uintptr_t start, end;
};

/*
 * The whole of a module, whose parts lie one after the other with nothing between them that is not its own; start is
 * UINTPTR_MAX where it has no part. file_end: what of it is mapped of a file; may be NULL.
 */
struct segment segment_extent(const struct dl_phdr_info *info, uintptr_t *file_end);
/* Empty when no module has the address. Takes the loader's lock: not in a signal handler. */
struct segment segment_around(const void *address);

/* Any thread; signal-safe. */
static inline bool segment_has(const struct segment *segment, uintptr_t address)
{
    return address - segment->start < segment->end - segment->start;
}

#endif
