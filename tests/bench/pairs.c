/* SPDX-License-Identifier: MIT */
/*
 * pairs: pairs of malloc and free of 16 to 512 bytes, 256 blocks alive in each thread.
 *
 * usage: pairs THREADS MILLIONS BALLAST_MIB        prints ns of processor time a pair, of the best of ten parts
 *
 * The ballast is touched first: with 64 MiB a library that waits for a process to grow is at work.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIVE  256
#define PARTS 10

static long per_part;

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *work(void *out)
{
    void *live[LIVE] = {0};
    uint32_t random = 12345;
    double best = 1e9;
    for (int part = 0; part < PARTS; part++) {
        uint64_t from = cpu_ns();
        for (long i = 0; i < per_part; i++) {
            random = random * 1664525u + 1013904223u;
            void **slot = &live[random >> 24];
            free(*slot);
            *slot = malloc(16 + (random >> 8 & 511) % 497);
        }
        double each = (double)(cpu_ns() - from) / (double)per_part;
        best = each < best ? each : best;
    }
    for (int i = 0; i < LIVE; i++)
        free(live[i]);
    *(double *)out = best;
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[64];
    double each[64], sum = 0;
    int count = argc == 4 ? atoi(argv[1]) : 0;
    if (count < 1 || count > 64)
        return 2;
    size_t ballast = (size_t)atol(argv[3]) << 20;
    char *held = malloc(ballast + 1);
    memset(held, 1, ballast + 1);
    if (ballast)
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    per_part = atol(argv[2]) * 1000000 / PARTS;
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, work, &each[i]);
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        sum += each[i];
    }
    printf("%.3f\n", sum / count);
    return held[ballast] != 1;
}
