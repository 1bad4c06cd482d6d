/* SPDX-License-Identifier: MIT */
/*
 * plugin_trim: preloaded behind the shim, a malloc_trim that is at work for half a second; with TRIM_AWAITS=KIB one
 * that spins until the process has grown by so much, as if another thread had a lock until then.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long resident_kib(void)
{
    char text[64] = "";
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file && fgets(text, sizeof text, file))
        sscanf(text, "%*s %ld", &pages);
    if (file)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int malloc_trim(size_t pad)
{
    (void)pad;
    const char *awaits = getenv("TRIM_AWAITS");
    long enough = awaits ? resident_kib() + atol(awaits) : 0;
    for (double until = now_s() + (awaits ? 20 : 0.5); now_s() < until && (!awaits || resident_kib() < enough);)
        continue;
    return 0;
}
