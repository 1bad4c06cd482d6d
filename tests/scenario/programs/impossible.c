/* SPDX-License-Identifier: MIT */
/*
 * impossible: ask once for more than any machine has, take no for an answer, go on.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static __attribute__((noinline)) char *ask(size_t bytes)
{
    return malloc(bytes);
}

int main(void)
{
    size_t held = 40 << 20;
    char *memory = ask(held);
    memset(memory, 1, held);
    usleep(200000);
    errno = 0;
    char *never = ask((size_t)1 << 46);
    int refused = never == NULL && errno == ENOMEM;
    usleep(200000);
    printf("impossible: %s\n", refused ? "refused" : "given");
    return refused && memory[held - 1] == 1 ? 0 : 1;
}
