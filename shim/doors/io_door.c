/* SPDX-License-Identifier: MIT */
/*
 * io_door: large reads. The kernel itself touches the pages of the buffer then, which the fault counter of user mode
 * does not see; so a large transfer is looked at when it is done. Small ones cost one comparison.
 */
#include "conduct/tracker.h"
#include "doors/doors.h"
#include "ground/guard.h"
#include "ground/next.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#define LARGE (64 * 1024)

static inline ssize_t filled(void *buffer, ssize_t bytes)
{
    if (UNLIKELY(bytes >= LARGE))
        tracker_filled(buffer, (size_t)bytes);
    return bytes;
}

DOOR ssize_t read(int fd, void *buffer, size_t size)
{
    return filled(buffer, next.read(fd, buffer, size));
}

DOOR ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
    return filled(buffer, next.pread(fd, buffer, size, offset));
}

/* off_t has 64 bits on every machine that is supported, so this is the same function. */
DOOR ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset)
{
    return filled(buffer, next.pread(fd, buffer, size, offset));
}

DOOR ssize_t readv(int fd, const struct iovec *vector, int count)
{
    ssize_t bytes = next.readv(fd, vector, count);
    return filled(bytes > 0 ? vector[0].iov_base : NULL, bytes);
}

DOOR ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    return filled(buffer, next.recv(fd, buffer, size, flags));
}
