/* SPDX-License-Identifier: MIT */
/*
 * A module that can be unloaded. Two of them differ in nothing but the size of a frame: loaded to the same place, their
 * return addresses are the same, and who remembers the one while the other is there loses the way.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) void *plugin_inner(size_t bytes)
{
    volatile char room[ROOM];
    room[0] = room[ROOM - 1] = 1;
    char *block = malloc(bytes);
    if (block)
        block[0] = room[0];
    return block;
}

__attribute__((noinline)) void *plugin_outer(size_t bytes)
{
    volatile char room[ROOM];
    room[0] = room[ROOM - 1] = 1;
    char *block = plugin_inner(bytes);
    if (block)
        block[bytes - 1] = room[0];
    return block;
}
