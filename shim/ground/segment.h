/* SPDX-License-Identifier: MIT */
/* segment: the loaded part of a module that an address lies in. Takes the loader's lock: not in a signal handler. */
#ifndef LW_GROUND_SEGMENT_H
#define LW_GROUND_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

struct segment {
    uintptr_t start, end;
};

/* Empty when no module has the address. */
struct segment segment_around(const void *address);

/* Any thread; signal-safe. */
static inline bool segment_has(const struct segment *segment, uintptr_t address)
{
    return address - segment->start < segment->end - segment->start;
}

#endif
