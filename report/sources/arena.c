/* SPDX-License-Identifier: MIT */
#include "sources/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sources/sink.h"

#define CHUNK_BYTES (64 * 1024)

struct arena_chunk {
    struct arena_chunk *next;
    size_t capacity;
    _Alignas(max_align_t) unsigned char bytes[];
};

static void out_of_memory(void)
{
    fputs("lastwords: out of memory while reading the journal: try again on a larger machine\n", stderr);
    exit(1);
}

static void too_much(void)
{
    fputs("lastwords: the journal speaks of more names and stacks than any program has: it is damaged\n", stderr);
    exit(1);
}

void *array_resize(void *array, size_t count, size_t size)
{
    void *bigger = reallocarray(array, count ? count : 1, size);

    if (!bigger)
        out_of_memory();
    return bigger;
}

void *arena_new(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes) || bytes > ARENA_MOST_BYTES)
        too_much();
    bytes = (bytes + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
    if (!arena->chunks || bytes > arena->chunks->capacity - arena->used) {
        size_t capacity = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        arena->all_bytes += capacity;
        if (arena->all_bytes > ARENA_MOST_BYTES)
            too_much();
        struct arena_chunk *chunk = calloc(1, sizeof(*chunk) + capacity);
        if (!chunk)
            out_of_memory();
        chunk->capacity = capacity;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->used = 0;
    }
    void *memory = arena->chunks->bytes + arena->used;
    arena->used += bytes;
    return memory;
}

const char *arena_text(struct arena *arena, const char *text, size_t length)
{
    char small[1024];

    if (length == 0)
        return "";
    char *out = length <= sizeof(small) / 4 - 1 ? small : array_resize(NULL, 4, length + 1);
    size_t written = sink_printable(text, length, out, out == small ? sizeof(small) : 4 * (length + 1));
    char *copy = arena_new(arena, written + 1, 1);
    memcpy(copy, out, written + 1);
    if (out != small)
        free(out);
    return copy;
}

void arena_free(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
    arena->used = arena->all_bytes = 0;
}
