/* SPDX-License-Identifier: MIT */
#include "sources/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

ssize_t small_file_read(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = read_fully(fd, text, size - 1, -1);
    close(fd);
    if (n >= 0)
        text[n] = '\0';
    return n;
}

ssize_t read_fully(int fd, void *out, size_t size, off_t offset)
{
    size_t done = 0;

    while (done < size) {
        char *at = (char *)out + done;
        ssize_t n = offset < 0 ? read(fd, at, size - done) : pread(fd, at, size - done, offset + (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}
