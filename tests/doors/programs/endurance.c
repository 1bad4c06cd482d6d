/* SPDX-License-Identifier: MIT */
/*
 * endurance: what a program does in days, in quick succession: allocations, threads that begin and end, modules that
 * are loaded and unloaded, pages that are touched and given back. In twenty rounds; what the process has after the
 * second is what it may have at the end.
 *
 * usage: endurance ALLOCATIONS THREADS LOADS MODULE MODULE
 *
 * Prints how it stood after each round (stderr) and what grew (stdout). 8 MiB are held all the time by holds_for_good.
 * Status 0: nothing grew beyond its tolerance.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "resident.h"

enum { ROUNDS = 20, WARM = 2, WORKERS = 2, LIVE = 1024, BATCH = 16, HELD = 128 };
#define HELD_BYTES  65536
#define FIRST_BYTES (4u << 20)

static long allocations, threads, loads;
static char **modules;
static pthread_barrier_t round_begins, round_ends;
static int last_round;

/* ---- what goes on in a round ---- */

__attribute__((noinline)) void *churns_small(size_t size)
{
    void *block = malloc(size);
    __asm__ volatile("" ::: "memory");
    return block;
}

__attribute__((noinline)) void *churns_large(size_t size)
{
    void *block = calloc(1, size);
    __asm__ volatile("" ::: "memory");
    return block;
}

static void churn(uint32_t *random)
{
    void *live[LIVE] = {0};
    for (long i = 0; i < allocations / ROUNDS / WORKERS; i++) {
        *random = *random * 1664525u + 1013904223u;
        void **slot = &live[*random >> 22];
        free(*slot);
        *slot = *random >> 8 & 1023 ? churns_small(16 + (*random >> 8 & 511)) : churns_large(20000);
    }
    for (int i = 0; i < LIVE; i++)
        free(live[i]);
}

static void *works(void *seed)
{
    uint32_t random = (uint32_t)(uintptr_t)seed;
    for (;;) {
        pthread_barrier_wait(&round_begins);
        if (last_round)
            return NULL;
        churn(&random);
        pthread_barrier_wait(&round_ends);
    }
}

static void *lives_shortly(void *unused)
{
    void *blocks[8];
    for (size_t i = 0; i < 8; i++)
        blocks[i] = churns_small(100 << i);
    for (size_t i = 0; i < 8; i++)
        free(blocks[i]);
    return unused;
}

static void *starts_threads(void *unused)
{
    pthread_t batch[BATCH];
    for (;;) {
        pthread_barrier_wait(&round_begins);
        if (last_round)
            return unused;
        for (long i = 0; i < threads / ROUNDS / BATCH; i++) {
            int begun = 0;
            while (begun < BATCH && pthread_create(&batch[begun], NULL, lives_shortly, NULL) == 0)
                begun++;
            while (begun > 0)
                pthread_join(batch[--begun], NULL);
        }
        pthread_barrier_wait(&round_ends);
    }
}

__attribute__((noinline)) void calls_module(const char *path, size_t bytes)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *(*outer)(size_t) = module ? (void *(*)(size_t))dlsym(module, "plugin_outer") : NULL;
    if (!outer) {
        fprintf(stderr, "%s\n", dlerror());
        exit(2);
    }
    for (int i = 0; i < 4; i++)
        free(outer(bytes));
    dlclose(module);
}

static void *loads_modules(void *unused)
{
    for (;;) {
        pthread_barrier_wait(&round_begins);
        if (last_round)
            return unused;
        for (long i = 0; i < loads / ROUNDS; i++)
            calls_module(modules[i % 2], 3000);
        pthread_barrier_wait(&round_ends);
    }
}

/* Never before seen pages, all the time. */
static void *touches(void *unused)
{
    while (!__atomic_load_n(&last_round, __ATOMIC_RELAXED)) {
        volatile char *pages = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        for (size_t i = 0; pages != MAP_FAILED && i < 2 << 20; i += 4096)
            pages[i] = 1;
        if (pages != MAP_FAILED)
            munmap((void *)pages, 2 << 20);
        usleep(1000);
    }
    return unused;
}

/* ---- what the process has ---- */

struct standing {
    long resident_kib, descriptors, mappings;
};

static long count_of(const char *directory)
{
    long count = 0;
    DIR *open = opendir(directory);
    while (open && readdir(open))
        count++;
    if (open)
        closedir(open);
    return count;
}

static long mappings(void)
{
    long lines = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    for (int c; file && (c = fgetc(file)) != EOF;)
        lines += c == '\n';
    if (file)
        fclose(file);
    return lines;
}

/* The least of several looks: another thread may have something open for a moment. */
static struct standing stand(void)
{
    struct standing least = {resident_kib(), count_of("/proc/self/fd"), mappings()};
    for (int i = 0; i < 4; i++) {
        usleep(5000);
        struct standing now = {resident_kib(), count_of("/proc/self/fd"), mappings()};
        least.resident_kib = now.resident_kib < least.resident_kib ? now.resident_kib : least.resident_kib;
        least.descriptors = now.descriptors < least.descriptors ? now.descriptors : least.descriptors;
        least.mappings = now.mappings < least.mappings ? now.mappings : least.mappings;
    }
    return least;
}

static int grew(const char *what, long before, long after, long tolerance)
{
    printf("%s: %s\n", what, after <= before + tolerance ? "as it was" : "grew");
    if (after > before + tolerance)
        fprintf(stderr, "%s grew from %ld to %ld\n", what, before, after);
    return after > before + tolerance;
}

__attribute__((noinline)) void *holds_for_good(void)
{
    char *block = malloc(HELD_BYTES);
    memset(block, 1, HELD_BYTES);
    return block;
}

int main(int argc, char **argv)
{
    pthread_t workers[WORKERS], starter, loader, toucher;
    struct standing warm = {0}, end = {0};
    void *held[HELD];
    if (argc != 6)
        return 2;
    allocations = atol(argv[1]);
    threads = atol(argv[2]);
    loads = atol(argv[3]);
    modules = argv + 4;
    memset(malloc(FIRST_BYTES), 1, FIRST_BYTES); /* whoever watches from this size on is at work before it begins */
    usleep(500000);
    for (int i = 0; i < HELD; i++)
        held[i] = holds_for_good();
    pthread_barrier_init(&round_begins, NULL, WORKERS + 3);
    pthread_barrier_init(&round_ends, NULL, WORKERS + 3);
    for (uintptr_t i = 0; i < WORKERS; i++)
        pthread_create(&workers[i], NULL, works, (void *)(i + 1));
    pthread_create(&starter, NULL, starts_threads, NULL);
    pthread_create(&loader, NULL, loads_modules, NULL);
    pthread_create(&toucher, NULL, touches, NULL);
    for (int round = 1; round <= ROUNDS; round++) {
        pthread_barrier_wait(&round_begins);
        pthread_barrier_wait(&round_ends);
        end = stand();
        if (round == WARM)
            warm = end;
        fprintf(stderr, "round %d: resident %ld KiB, %ld descriptors, %ld mappings\n", round, end.resident_kib,
                end.descriptors, end.mappings);
    }
    last_round = 1;
    pthread_barrier_wait(&round_begins);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    pthread_join(starter, NULL);
    pthread_join(loader, NULL);
    pthread_join(toucher, NULL);
    /* The toucher's 2 MiB, and thread stacks that the C library keeps or not. */
    int wrong = grew("resident memory", warm.resident_kib, end.resident_kib, 6 << 10);
    wrong += grew("descriptors", warm.descriptors, end.descriptors, 0);
    wrong += grew("mappings", warm.mappings, end.mappings, 2 * BATCH + 16);
    usleep(1200000); /* the watcher's next scan */
    return wrong != 0 || !held[HELD - 1];
}
