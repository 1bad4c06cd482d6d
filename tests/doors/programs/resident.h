/* SPDX-License-Identifier: MIT */
/* resident: this process's resident memory, exact (smaps_rollup; the counters of statm lag by 64 pages a thread). */
#ifndef LASTWORDS_DOORS_RESIDENT_H
#define LASTWORDS_DOORS_RESIDENT_H

#include <stdio.h>

/* In KiB; -1: it cannot be read. */
static inline long resident_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "Rss: %ld", &kib) != 1)
        continue;
    if (file)
        fclose(file);
    return kib;
}

#endif
