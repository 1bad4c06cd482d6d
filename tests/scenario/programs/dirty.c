/* SPDX-License-Identifier: MIT */
/*
 * dirty: write to every page of a shared file mapping. The kernel writes it back and takes the pages again.
 *
 * usage: dirty FILE MIB
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    size_t bytes = (size_t)atol(argv[2]) << 20, own = 40 << 20;
    char *memory = malloc(own);
    memset(memory, 1, own);
    int fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0)
        return 1;
    char *file = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (file == MAP_FAILED)
        return 1;
    for (size_t i = 0; i < bytes; i += 4096)
        file[i] = 1;
    printf("dirty: done %d\n", file[0] + memory[0]);
    return 0;
}
