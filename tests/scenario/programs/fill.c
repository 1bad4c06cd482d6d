/* SPDX-License-Identifier: MIT */
/*
 * fill: touch fresh mappings as fast as the machine can, with many threads at once.
 *
 * usage: fill THREADS MIB_IN_ALL [huge]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static size_t share;
static int advice = MADV_NOHUGEPAGE;
static pthread_barrier_t start;

static __attribute__((noinline)) void *touch_all(void *unused)
{
    (void)unused;
    volatile char *memory = mmap(NULL, share, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        exit(1);
    madvise((void *)memory, share, advice);
    pthread_barrier_wait(&start);
    for (size_t i = 0; i < share; i += 4096)
        memory[i] = 1;
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4)
        return 2;
    if (argc == 4)
        advice = MADV_HUGEPAGE;
    unsigned threads = (unsigned)atoi(argv[1]);
    pthread_t *thread = calloc(threads, sizeof *thread);
    /* 40 MiB at an easy pace first: large enough to be watched when the rush begins. */
    enum { PIECES = 40, PIECE_BYTES = 1 << 20 };
    for (int i = 0; i < PIECES; i++) {
        char *piece = malloc(PIECE_BYTES);
        memset(piece, 1, PIECE_BYTES);
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }

    share = ((size_t)atol(argv[2]) << 20) / threads;
    pthread_barrier_init(&start, NULL, threads);
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, touch_all, NULL) != 0)
            return 1;
    for (unsigned i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    puts("fill: done");
    return 0;
}
