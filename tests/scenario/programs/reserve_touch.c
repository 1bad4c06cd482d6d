/* SPDX-License-Identifier: MIT */
/*
 * reserve_touch: reserve_arena() obtains the memory, and much later use_arena() is the one that touches it.
 *
 * usage: reserve_touch MIB_RESERVED MIB_PER_SECOND
 *
 * Who is to blame for the resident bytes is the site that reserved; who was touching is a second question.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static __attribute__((noinline)) char *reserve_arena(size_t bytes)
{
    void *arena = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED)
        exit(1);
    /* Pages of 4 KiB: a huge page would be touched 2 MiB at a time. */
    madvise(arena, bytes, MADV_NOHUGEPAGE);
    return arena;
}

/* Memory of an innocent site, all of it in use. */
static __attribute__((noinline)) char *small_buffer(size_t bytes)
{
    char *buffer = malloc(bytes);
    memset(buffer, 1, bytes);
    return buffer;
}

static __attribute__((noinline)) void use_arena(char *arena, size_t bytes, long mib_per_s)
{
    for (size_t done = 0; done < bytes; done += 1 << 20) {
        memset(arena + done, 2, 1 << 20);
        nanosleep(&(struct timespec){0, 1000000000L / mib_per_s}, NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    size_t bytes = (size_t)atol(argv[1]) << 20;
    char *arena = reserve_arena(bytes);
    char *buffer = small_buffer(10 << 20);

    nanosleep(&(struct timespec){0, 500000000}, NULL);
    use_arena(arena, bytes, atol(argv[2]));
    printf("reserve_touch: done %d\n", buffer[0] + arena[0]);
    return 0;
}
