/* SPDX-License-Identifier: MIT */
/*
 * takes_signals: grows until its process has timers (other than its own, which are none), then takes every real-time
 * signal for itself and grows on for a little while. Says how many of them came, and how many timers there are.
 *
 * usage: takes_signals MIB_PER_SECOND MIB_AT_MOST
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t came;
static void *volatile kept;

static void count(int signal)
{
    came++;
}

static int timers(void)
{
    char line[256];
    int found = 0;
    FILE *list = fopen("/proc/self/timers", "r");
    while (list && fgets(line, sizeof line, list))
        found += strncmp(line, "ID:", 3) == 0;
    if (list)
        fclose(list);
    return found;
}

/* A tenth of a MiB, and the time it is to take: this thread's own, so that it has ticks. */
static void grow(double mib_per_second)
{
    struct timespec from, now;
    clock_gettime(CLOCK_MONOTONIC, &from);
    kept = malloc(104858);
    if (!kept)
        exit(1);
    memset(kept, 1, 104858);
    do
        clock_gettime(CLOCK_MONOTONIC, &now);
    while ((double)(now.tv_sec - from.tv_sec) + (double)(now.tv_nsec - from.tv_nsec) * 1e-9 < 0.1 / mib_per_second);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    double rate = atof(argv[1]), most = atof(argv[2]), grown = 0;
    int before = 0;
    for (; grown < most && !before; grown += 0.1, before = timers())
        grow(rate);
    if (!before)
        return puts("takes_signals: nobody made a timer"), 1;
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        signal(number, count);
    for (int i = 0; i < 50; i++)
        grow(rate);
    printf("takes_signals: %d came, %d timers\n", (int)came, timers());
    return 0;
}
