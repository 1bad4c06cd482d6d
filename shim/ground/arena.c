/* SPDX-License-Identifier: MIT */
#include "ground/arena.h"
#include "ground/sys.h"

#include <sys/mman.h>
#include <sys/syscall.h>

bool arena_open(struct arena *arena, size_t capacity)
{
    unsigned char *base = sys_map(capacity);
    if (!base)
        return false;
    /* The tables are sparse: with huge pages a look at one entry would cost 2 MiB. */
    sys_call(SYS_madvise, (long)base, (long)capacity, MADV_NOHUGEPAGE, 0, 0, 0);
    *arena = (struct arena){.base = base, .capacity = capacity};
    return true;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    size_t rounded = (bytes + 63) & ~(size_t)63;
    if (rounded < bytes || rounded > arena->capacity - arena->used)
        return NULL;
    void *piece = arena->base + arena->used;
    arena->used += rounded;
    return piece;
}

void arena_close(struct arena *arena)
{
    sys_unmap(arena->base, arena->capacity);
    *arena = (struct arena){0};
}
