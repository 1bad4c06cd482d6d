/* SPDX-License-Identifier: MIT */
/* maps: the address space as /proc/self/maps lists it, line by line, without keeping it. Any thread. */
#ifndef LW_OBSERVE_MAPS_H
#define LW_OBSERVE_MAPS_H

#include <stdbool.h>
#include <stdint.h>

struct map {
    uint64_t start;
    uint64_t end; /* exclusive */
    bool readable, writable, shared, executable;
    uint64_t inode;   /* 0: anonymous */
    const char *name; /* path or [heap] and the like; "" for none; valid during the callback */
};

/* false: the file cannot be read. The callback returns false to stop. */
bool maps_each(bool (*found)(void *context, const struct map *map), void *context);
bool maps_parse(const char *line, struct map *map);
/*
 * Does a heap of glibc's arenas for threads begin here? They begin at multiples of HEAP_MAX_SIZE with a head that tells
 * its arena and two sizes (malloc/arena.c: heap_info). Where memory cannot be read, the alignment alone decides. Not to
 * be asked of a page that is not there: reading would bring one, of 2 MiB on a kernel without a huge zero page.
 */
bool maps_is_thread_heap(uint64_t start);

#endif
