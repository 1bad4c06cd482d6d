/* SPDX-License-Identifier: MIT */
/*
 * carrier: holds 64 MiB in blocks of 100 KiB and 64 MiB in small ones, having freed as much on the way, in two threads.
 * With whatever allocator it got: linked into it (carrier_jemalloc), preloaded, or the C library's.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SITE static __attribute__((noipa))

SITE void *one_block(size_t size)
{
    void *block = malloc(size);
    memset(block, 1, size);
    return block;
}

SITE void *hold_blocks(void *unused)
{
    for (int i = 0; i < 656; i++) {
        void *gone = one_block(100 << 10);
        one_block(100 << 10);
        free(gone);
    }
    return unused;
}

SITE void *hold_small(void *unused)
{
    for (int i = 0; i < 32 * 1024; i++) {
        void *gone = one_block(2000);
        one_block(2000);
        free(gone);
    }
    return unused;
}

int main(void)
{
    pthread_t thread;
    for (int i = 0; i < 4; i++)
        one_block(1 << 20);             /* so that everything is at work before the rest */
    close(open("/dev/null", O_RDONLY)); /* no allocator is at work here: a moment to set things up */
    usleep(300000);
    close(open("/dev/null", O_RDONLY));
    pthread_create(&thread, NULL, hold_blocks, NULL);
    hold_small(NULL);
    pthread_join(thread, NULL);
    void *aligned = NULL;
    printf("%d %d\n", posix_memalign(&aligned, 4096, 100000), (int)((size_t)aligned % 4096));
    free(realloc(aligned, 500000));
    if (getenv("HOLD"))
        usleep(1500000); /* a scan is made of it */
    puts("held");
    return 0;
}
