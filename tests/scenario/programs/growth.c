/* SPDX-License-Identifier: MIT */
/*
 * growth: grows in one way alone, until it is stopped.
 *
 * usage: growth read|huge|mremap|heap|copy|stacks|beside|constructor [MIB_PER_SECOND [FIRST_MIB [PLUGIN]]]
 *
 *   MIB_PER_SECOND  0: as fast as it goes; 200 unless told
 *   FIRST_MIB       of small blocks, before it begins
 *   PLUGIN          whose constructor, run by dlopen, calls grow_in_constructor()
 *
 * Up to 1 GiB, each way in a function of its own: read_into(), huge_pages(), remap_more(), small_blocks(),
 * copied_on(), deep_stack(), beside_others(), grow_in_constructor().
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SITE static __attribute__((noipa))
#define MIB  ((size_t)1 << 20)
#define HUGE (2 * MIB)
#define MOST (1024 * MIB)

static double mib_per_s = 200, start_s;
static const char *plugin;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Sleeps until so many bytes are due. */
static void pace(size_t bytes)
{
    double ahead_s = mib_per_s > 0 ? (double)bytes / MIB / mib_per_s - (now_s() - start_s) : 0;
    if (ahead_s > 0)
        nanosleep(&(struct timespec){(time_t)ahead_s, (long)((ahead_s - (double)(time_t)ahead_s) * 1e9)}, NULL);
}

static void *checked(void *memory)
{
    if (!memory || memory == MAP_FAILED)
        exit(1);
    return memory;
}

/* The kernel touches the pages, so no fault of this process is seen. */
SITE void read_into(void)
{
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    for (size_t bytes = 0; bytes < MOST; bytes += MIB) {
        char *buffer = checked(malloc(MIB));
        for (size_t done = 0; done < MIB;) { /* any signal cuts a read of this device short */
            ssize_t n = read(fd, buffer + done, MIB - done);
            if (n <= 0)
                exit(1);
            done += (size_t)n;
        }
        pace(bytes);
    }
}

SITE void huge_pages(void)
{
    char *memory =
        checked(mmap(NULL, MOST + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    memory = (char *)(((uintptr_t)memory + HUGE - 1) & ~(HUGE - 1));
    madvise(memory, MOST, MADV_HUGEPAGE);
    for (size_t bytes = 0; bytes < MOST; bytes += HUGE) {
        memory[bytes] = 1;
        pace(bytes);
    }
}

SITE void remap_more(void)
{
    char *memory = checked(mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (size_t bytes = MIB; bytes < MOST; bytes += MIB) {
        memory = checked(mremap(memory, bytes, bytes + MIB, MREMAP_MAYMOVE));
        memset(memory + bytes, 1, MIB);
        pace(bytes);
    }
}

SITE void small_blocks(size_t most)
{
    for (size_t bytes = 0; bytes < most; bytes += 208) {
        char *block = checked(malloc(200));
        memset(block, 1, 200);
        if (bytes % (208 * 1024) == 0)
            pace(bytes);
    }
}

static void more_small_blocks(void)
{
    small_blocks(MOST);
}

/* A realloc that has to copy: while it does the old block is there as well, and the pages of the new one come. */
SITE void copied_on(void)
{
    mallopt(M_MMAP_MAX, 0);
    char *block = checked(malloc(70 * MIB));
    memset(block, 1, 70 * MIB);
    char *behind = checked(malloc(64));
    block = checked(realloc(block, 140 * MIB));
    behind[0] = block[0];
}

SITE void wait_for_ever(void)
{
    for (;;)
        pause();
}

SITE void deep_stack(unsigned depth)
{
    volatile char frame[32 << 10];
    memset((char *)frame, 1, sizeof frame);
    if (depth > 0)
        deep_stack(depth - 1);
    else
        wait_for_ever();
    frame[depth] = 2;
}

static void *stack_thread(void *unused)
{
    deep_stack(63); /* 2 MiB */
    return unused;
}

SITE void more_stacks(void)
{
    pthread_t thread;
    for (size_t bytes = 0; bytes < MOST; bytes += HUGE) {
        if (pthread_create(&thread, NULL, stack_thread, NULL) != 0)
            exit(1);
        pace(bytes);
    }
}

/*
 * Memory that nobody sees being mapped, on both sides of a hole that the library's arena (32 MiB) falls into: the
 * kernel makes one mapping of all three. What is behind the hole begins where a heap of the C library could.
 */
SITE void beside_others(void)
{
    const size_t side = 96 * MIB, hole = 32 * MIB, align = 64 * MIB;
    char *memory = checked((void *)syscall(SYS_mmap, NULL, 2 * side + hole + align, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    memory = (char *)(((uintptr_t)memory + align - 1) & ~(align - 1));
    madvise(memory, 2 * side + hole, MADV_NOHUGEPAGE);
    syscall(SYS_munmap, memory + side, hole);
    small_blocks(16 * MIB);
    for (size_t bytes = 0; bytes < side; bytes += MIB) {
        memset(memory + side - MIB - bytes, 1, MIB);
        memset(memory + side + hole + bytes, 1, MIB);
        pace(2 * bytes);
    }
}

__attribute__((noipa)) void grow_in_constructor(void)
{
    for (size_t bytes = 0; bytes < MOST; bytes += MIB) {
        memset(checked(malloc(MIB)), 1, MIB);
        pace(bytes + MIB);
    }
}

static void open_plugin(void)
{
    if (!plugin || !dlopen(plugin, RTLD_NOW)) {
        fprintf(stderr, "growth: %s\n", plugin ? dlerror() : "no plugin");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*grow)(void);
    } ways[] = {
        {"read", read_into}, {"huge", huge_pages},    {"mremap", remap_more},    {"heap", more_small_blocks},
        {"copy", copied_on}, {"stacks", more_stacks}, {"beside", beside_others}, {"constructor", open_plugin},
    };
    if (argc > 2)
        mib_per_s = atof(argv[2]);
    if (argc > 4)
        plugin = argv[4];
    start_s = now_s();
    if (argc > 3)
        small_blocks((size_t)atol(argv[3]) << 20);
    for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(ways[i].name, argv[1]) == 0) {
            ways[i].grow();
            puts("growth: done");
            return 0;
        }
    return 2;
}
