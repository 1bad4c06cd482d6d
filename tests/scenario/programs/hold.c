/* SPDX-License-Identifier: MIT */
/*
 * hold: takes memory, and gives it back when it is told or after a time.
 *
 * usage: hold MIB SECONDS [READY_FILE]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    size_t bytes = (size_t)atol(argv[1]) << 20;
    char *memory = malloc(bytes);
    if (!memory)
        return 1;
    memset(memory, 1, bytes);
    if (argc > 3)
        close(open(argv[3], O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    usleep((useconds_t)(atof(argv[2]) * 1e6));
    free(memory);
    return 0;
}
