/* SPDX-License-Identifier: MIT */
/*
 * reserve: ask for far more than the limit, use a little of it, end well.
 *
 * usage: reserve MIB_RESERVED MIB_TOUCHED
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static __attribute__((noinline)) char *reserve(size_t bytes)
{
    return malloc(bytes);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    size_t reserved = (size_t)atol(argv[1]) << 20, touched = (size_t)atol(argv[2]) << 20;
    enum { PARTS = 10 };
    char *part[PARTS];

    for (int i = 0; i < PARTS; i++) {
        part[i] = reserve(reserved / PARTS);
        if (!part[i])
            return 1;
    }
    for (size_t done = 0; done < touched; done += 1 << 20) {
        memset(part[0] + done, 1, 1 << 20);
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
    nanosleep(&(struct timespec){0, 800000000}, NULL);
    puts("reserve: done");
    return part[0][0] == 1 ? 0 : 1;
}
