/* SPDX-License-Identifier: MIT */
/* fill: touches so many MiB, a byte a page, at full speed. */
#include <stdlib.h>

int main(int argc, char **argv)
{
    size_t bytes = (size_t)atol(argv[argc - 1]) << 20;
    volatile char *block = malloc(bytes);
    for (size_t i = 0; block && i < bytes; i += 4096)
        block[i] = 1;
    return !block;
}
