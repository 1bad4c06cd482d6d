/* SPDX-License-Identifier: MIT */
/*
 * arena: all private memory of the library, in one reserved range with a cap. Taken piece by piece while the process
 * activates, given back as a whole; pages cost memory only once they are used. Not thread-safe: only the activating
 * thread takes pieces.
 */
#ifndef LW_GROUND_ARENA_H
#define LW_GROUND_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena {
    unsigned char *base;
    size_t capacity;
    size_t used;
};

bool arena_open(struct arena *arena, size_t capacity);
void *arena_take(struct arena *arena, size_t bytes); /* zeroed, 64-byte aligned; NULL beyond the cap */
void arena_close(struct arena *arena);

#endif
