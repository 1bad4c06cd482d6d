/* SPDX-License-Identifier: MIT */
/*
 * exchange: eight threads get blocks, pass them on, and give back what others got, so that addresses change hands all
 * the time; mappings likewise. At the end nothing is held: the books must say so, too.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SITE static __attribute__((noipa))

enum { SLOTS = 256, THREADS = 8, MAPPED = 64 << 10 };

static void *slots[SLOTS], *mapped[SLOTS];

SITE void *exchanged_block(size_t size)
{
    return malloc(size);
}

SITE void *exchanged_resize(void *block, size_t size)
{
    return realloc(block, size);
}

SITE void *exchanged_mapping(void)
{
    return mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void *swap(void **slot, void *mine)
{
    return __atomic_exchange_n(slot, mine, __ATOMIC_ACQ_REL);
}

static void *worker(void *number)
{
    unsigned random = (unsigned)(size_t)number * 7919 + 1;
    for (unsigned i = 0; i < 60000; i++) {
        random = random * 1103515245 + 12345;
        void **slot = &slots[random >> 8 & (SLOTS - 1)];
        void *block = swap(slot, exchanged_block(1 + (random >> 16) % 20000));
        if (i % 3 == 0)
            block = exchanged_resize(block, 1 + (random >> 12) % 30000);
        free(block);
        if (i % 16)
            continue;
        void *old = swap(&mapped[random >> 8 & (SLOTS - 1)], exchanged_mapping());
        if (old)
            munmap(old, MAPPED);
    }
    return NULL;
}

int main(void)
{
    pthread_t thread[THREADS];
    for (int i = 0; i < 4; i++)
        memset(malloc(1 << 20), 1, 1 << 20);
    usleep(300000);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, worker, (void *)i);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < SLOTS; i++) {
        free(slots[i]);
        if (mapped[i])
            munmap(mapped[i], MAPPED);
    }
    puts("nothing is held");
    return 0;
}
