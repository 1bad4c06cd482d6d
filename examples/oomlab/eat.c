/* SPDX-License-Identifier: MIT */
/*
 * eat: take memory bite by bite, and touch it, until somebody says stop.
 *
 * usage: eat [MIB_PER_BITE [MILLISECONDS_BETWEEN_BITES [MIB_IN_ALL]]]
 *
 * malloc only reserves: it is the memset that makes the kernel hand out pages, and there the kill strikes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static __attribute__((noinline)) char *bite(size_t bytes)
{
    char *morsel = malloc(bytes);
    if (morsel)
        memset(morsel, 'x', bytes);
    return morsel;
}

static void digest(long milliseconds)
{
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

int main(int argc, char **argv)
{
    long mib = argc > 1 ? atol(argv[1]) : 10;
    long pause_ms = argc > 2 ? atol(argv[2]) : 50;
    long all_mib = argc > 3 ? atol(argv[3]) : 4096;

    for (long eaten = 0; eaten < all_mib; eaten += mib) {
        if (!bite((size_t)mib << 20)) {
            printf("\nmalloc said no after %ld MiB\n", eaten);
            return 1;
        }
        printf("\rate %ld MiB", eaten + mib);
        fflush(stdout);
        digest(pause_ms);
    }
    printf("\nstill alive\n");
    return 0;
}
