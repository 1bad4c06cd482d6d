/* SPDX-License-Identifier: MIT */
/*
 * spike: fill the cgroup up to a given number of bytes, stay there for a moment, free it all and end well.
 *
 * usage: spike USAGE_FILE TARGET_BYTES MILLISECONDS
 *
 * USAGE_FILE is memory.usage_in_bytes or memory.current of the own cgroup.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { STEP = 1 << 16, REACH = 1 << 30 };

static long usage(int fd)
{
    char text[32] = {0};
    return pread(fd, text, sizeof text - 1, 0) > 0 ? atol(text) : -1;
}

static __attribute__((noinline)) char *peak_memory(void)
{
    void *memory = mmap(NULL, REACH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        exit(1);
    madvise(memory, REACH, MADV_NOHUGEPAGE);
    return memory;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
    long target = atol(argv[2]), milliseconds = atol(argv[3]);
    char *memory = peak_memory();
    size_t filled = 0;

    if (fd < 0)
        return 1;
    /* The kernel charges in batches of 64 pages a CPU, so the last steps are an estimate: small ones. */
    for (; filled + STEP <= REACH && usage(fd) < target; filled += STEP) {
        memset(memory + filled, 1, STEP);
        if (filled % (16 * STEP) == 0)
            nanosleep(&(struct timespec){0, 2000000}, NULL);
    }
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
    munmap(memory, REACH);
    nanosleep(&(struct timespec){0, 500000000}, NULL);
    printf("spike: done\n");
    return 0;
}
