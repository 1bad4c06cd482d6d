/* SPDX-License-Identifier: MIT */
/*
 * thrash: grows in rounds, and writes to all that it has in every round. Where memory is short and there is swap, what
 * was just taken away is wanted back.
 *
 * usage: thrash FIRST_MIB MIB_A_ROUND LAST_MIB
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SITE static __attribute__((noipa))
#define MIB  ((size_t)1 << 20)
#define MOST 4096

static char *pieces[MOST];

SITE char *more(void)
{
    char *piece = malloc(MIB);
    if (!piece)
        exit(1);
    for (size_t i = 0; i < MIB; i += 8) /* nothing that a compressed swap could make small */
        *(unsigned long *)(piece + i) = (unsigned long)rand() * 2654435761u;
    return piece;
}

SITE void write_all(size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t at = 0; at < MIB; at += 4096)
            pieces[i][at]++;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    size_t count = 0, most = (size_t)atol(argv[3]);
    for (size_t wanted = (size_t)atol(argv[1]); wanted <= most && wanted <= MOST; wanted += (size_t)atol(argv[2])) {
        while (count < wanted) {
            pieces[count++] = more();
            nanosleep(&(struct timespec){0, 2000000}, NULL);
        }
        write_all(count);
    }
    puts("thrash: done");
    return 0;
}
