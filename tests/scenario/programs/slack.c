/* SPDX-License-Identifier: MIT */
/*
 * slack: frees most of many small blocks, so that the allocator keeps pages that nobody uses, then grows.
 *
 * usage: slack SMALL_MIB KEEP_EVERY MORE_MIB
 *
 * Blocks of 1 KiB; one of KEEP_EVERY stays alive. With 256 most pages are free as a whole and can be given back; with 4
 * every page holds one that is alive, and nothing can.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SITE static __attribute__((noipa))
#define MIB  ((size_t)1 << 20)

static void pace(long ns)
{
    nanosleep(&(struct timespec){0, ns}, NULL);
}

SITE void *checked(void *memory)
{
    if (!memory)
        exit(1);
    return memory;
}

SITE void small_blocks(size_t count, char **blocks)
{
    for (size_t i = 0; i < count; i++) {
        blocks[i] = checked(malloc(1000));
        memset(blocks[i], 1, 1000);
        if (i % 1024 == 0)
            pace(2000000);
    }
}

SITE void free_most(size_t count, size_t keep_every, char **blocks)
{
    for (size_t i = 0; i < count; i++)
        if (i % keep_every)
            free(blocks[i]);
}

SITE void grow(size_t mib)
{
    for (size_t i = 0; i < mib; i++) {
        memset(checked(malloc(MIB)), 1, MIB);
        pace(20000000);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    size_t count = ((size_t)atol(argv[1]) << 20) / 1008;
    char **blocks = checked(calloc(count, sizeof *blocks));
    small_blocks(count, blocks);
    free_most(count, (size_t)atol(argv[2]), blocks);
    pace(500000000);
    grow((size_t)atol(argv[3]));
    printf("slack: done %d\n", blocks[0][0]);
    return 0;
}
