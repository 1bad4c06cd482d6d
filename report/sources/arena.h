/* SPDX-License-Identifier: MIT */
/*
 * arena: memory that is given back all at once. Out of memory ends the command with a message: a report that is not
 * complete helps nobody, and there is nothing to save.
 */
#ifndef LASTWORDS_REPORT_ARENA_H
#define LASTWORDS_REPORT_ARENA_H

#include <stddef.h>

#define ARENA_MOST_BYTES ((size_t)2 << 30) /* of one arena; 10,000 sites and 100,000 ticks take 70 MiB */

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    size_t used; /* of the newest chunk */
    size_t all_bytes;
};

/*
 * Zeroed, aligned for any type, valid until arena_free. Ends the command with a message when there is no memory, and
 * at ARENA_MOST_BYTES: a journal that comes to more is hostile, and this machine is not to suffer from it.
 */
void *arena_new(struct arena *arena, size_t count, size_t size);

/* A printable copy of at most `length` bytes, see sink_printable. */
const char *arena_text(struct arena *arena, const char *text, size_t length);

void arena_free(struct arena *arena);

/* realloc for arrays outside of an arena: never returns NULL. */
void *array_resize(void *array, size_t count, size_t size);

#endif
