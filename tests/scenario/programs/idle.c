/* SPDX-License-Identifier: MIT */
/*
 * idle: hold a steady amount of memory and wait.
 *
 * usage: idle MIB SECONDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static __attribute__((noinline)) char *hold(size_t bytes)
{
    char *memory = malloc(bytes);
    if (!memory)
        exit(1);
    memset(memory, 1, bytes);
    return memory;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    char *memory = hold((size_t)atol(argv[1]) << 20);
    printf("idle: holding\n");
    fflush(stdout);
    sleep((unsigned)atol(argv[2]));
    printf("idle: done\n");
    return memory[0] == 1 ? 0 : 1;
}
