/* SPDX-License-Identifier: MIT */
/*
 * footprint: threads that hold blocks and wait, so that what a library keeps about them can be measured.
 *
 * usage: footprint THREADS BLOCKS BYTES       BLOCKS in all, of BYTES each, by four call sites at three depths
 *
 * Prints the process's resident memory in KiB and, for each kind of mapping, what of it is resident.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resident.h"

#define FIRST_BYTES (4u << 20)

static long blocks_each;
static size_t bytes;
static pthread_barrier_t all;

#define HOLDS(name)                                                                                                    \
    __attribute__((noinline)) void *name(int depth)                                                                    \
    {                                                                                                                  \
        void *held = depth ? name(depth - 1) : malloc(bytes);                                                          \
        __asm__ volatile("" ::: "memory");                                                                             \
        return held;                                                                                                   \
    }
HOLDS(holds_one)
HOLDS(holds_two)
HOLDS(holds_three)
HOLDS(holds_four)

static void *work(void *unused)
{
    static void *(*const sites[])(int) = {holds_one, holds_two, holds_three, holds_four};
    for (long i = 0; i < blocks_each; i++) {
        void **block = sites[i % 4]((int)(i / 4 % 3) * 5);
        memset(block, 1, bytes);
    }
    pthread_barrier_wait(&all); /* everybody has them */
    pthread_barrier_wait(&all); /* and has been measured */
    return unused;
}

/* Whose is a mapping? By the end of its line in smaps. */
static const char *kind(const char *line)
{
    static char name[64];
    static const char *const known[] = {"liblastwords.so", ".lw",     "libunwind", "libc.so",
                                        "[heap]",          "[stack]", "footprint"};
    const char *path = strrchr(line, ' ');
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (path && strstr(path, known[i]))
            return known[i];
    snprintf(name, sizeof name, "%s", path && (path[1] == '/' || path[1] == '[') ? "other file" : "anonymous");
    return name;
}

static void print_mappings(void)
{
    static struct {
        char kind[64];
        long kib;
    } sums[16];
    char line[512], now[64] = "";
    FILE *file = fopen("/proc/self/smaps", "r");
    while (file && fgets(line, sizeof line, file)) {
        long kib;
        unsigned long start, end;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
            snprintf(now, sizeof now, "%s", kind(line));
        else if (sscanf(line, "Rss: %ld", &kib) == 1)
            for (size_t i = 0; i < 16; i++)
                if (!sums[i].kind[0] || strcmp(sums[i].kind, now) == 0) {
                    strcpy(sums[i].kind, now);
                    sums[i].kib += kib;
                    break;
                }
    }
    if (file)
        fclose(file);
    for (size_t i = 0; i < 16 && sums[i].kind[0]; i++)
        printf("%ld %s\n", sums[i].kib, sums[i].kind);
}

int main(int argc, char **argv)
{
    pthread_t threads[256];
    int count = argc == 4 ? atoi(argv[1]) : 0;
    if (count < 1 || count > 256)
        return 2;
    blocks_each = atol(argv[2]) / count;
    bytes = (size_t)atol(argv[3]);
    setvbuf(stdout, NULL, _IOLBF, 4096);
    memset(malloc(FIRST_BYTES), 1, FIRST_BYTES); /* whoever watches from this size on is at work before it begins */
    usleep(500000);
    pthread_barrier_init(&all, NULL, (unsigned)count + 1);
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    pthread_barrier_wait(&all);
    sleep(3); /* a watcher has scanned more than once */
    long kib = resident_kib();
    printf("resident %ld\n", kib);
    print_mappings();
    pthread_barrier_wait(&all);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return kib < 0;
}
