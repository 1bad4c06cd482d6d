/* SPDX-License-Identifier: MIT */
/*
 * stream: look at every byte of a file that is much larger than the limit. The page cache fills the cgroup to the
 * brim, the kernel takes it back page by page, and nobody is in danger.
 *
 * usage: stream read|map FILE [MIB_OF_OWN_MEMORY]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned char sum;

static __attribute__((noinline)) int stream_read(int fd)
{
    static char block[1 << 18];
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) > 0)
        for (ssize_t i = 0; i < got; i += 512)
            sum += (unsigned char)block[i];
    return got < 0;
}

static __attribute__((noinline)) int stream_map(int fd, size_t bytes)
{
    const unsigned char *file = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (file == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < bytes; i += 512)
        sum += file[i];
    return 0;
}

int main(int argc, char **argv)
{
    struct stat status;
    if (argc < 3)
        return 2;
    /* Some memory of its own, so that the process is large enough to be looked at. */
    size_t own = (size_t)(argc > 3 ? atol(argv[3]) : 40) << 20;
    char *memory = malloc(own);
    memset(memory, 1, own);

    int fd = open(argv[2], O_RDONLY);
    if (fd < 0 || fstat(fd, &status) != 0)
        return 1;
    int failed = strcmp(argv[1], "map") == 0 ? stream_map(fd, (size_t)status.st_size) : stream_read(fd);
    printf("stream: done %d\n", (sum + memory[own - 1]) != 0);
    return failed;
}
