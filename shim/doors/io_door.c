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

static inline __attribute__((always_inline)) ssize_t filled(void *buffer, ssize_t bytes)
{
    tracker_safe_point();
    if (UNLIKELY(bytes >= LARGE))
        tracker_filled(buffer, (size_t)bytes);
    return bytes;
}

/* A datagram may be reported longer than what there was room for (MSG_TRUNC). */
static ssize_t filled_parts(const struct iovec *vector, size_t count, ssize_t bytes)
{
    size_t left = (size_t)bytes;
    for (size_t i = 0; i < count && left; i++) {
        size_t part = vector[i].iov_len < left ? vector[i].iov_len : left;
        filled(vector[i].iov_base, (ssize_t)part);
        left -= part;
    }
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

/* off_t has 64 bits on every machine that is supported, so the functions with 64 in their names are the same. */
DOOR ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset)
{
    return filled(buffer, next.pread(fd, buffer, size, offset));
}

DOOR ssize_t readv(int fd, const struct iovec *vector, int count)
{
    ssize_t bytes = next.readv(fd, vector, count);
    return bytes < LARGE ? bytes : filled_parts(vector, (size_t)count, bytes);
}

DOOR ssize_t preadv(int fd, const struct iovec *vector, int count, off_t offset)
{
    ssize_t bytes = next.preadv(fd, vector, count, offset);
    return bytes < LARGE ? bytes : filled_parts(vector, (size_t)count, bytes);
}

DOOR ssize_t preadv64(int fd, const struct iovec *vector, int count, off64_t offset)
{
    ssize_t bytes = next.preadv(fd, vector, count, offset);
    return bytes < LARGE ? bytes : filled_parts(vector, (size_t)count, bytes);
}

DOOR ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
    return filled(buffer, next.recv(fd, buffer, size, flags));
}

DOOR ssize_t recvfrom(int fd, void *restrict buffer, size_t size, int flags, struct sockaddr *restrict from,
                      socklen_t *restrict length)
{
    return filled(buffer, next.recvfrom(fd, buffer, size, flags, from, length));
}

DOOR ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t bytes = next.recvmsg(fd, message, flags);
    return bytes < LARGE ? bytes : filled_parts(message->msg_iov, message->msg_iovlen, bytes);
}

/* stdio reads large requests straight into the buffer, by calls within the C library. */
DOOR size_t fread(void *restrict buffer, size_t size, size_t count, FILE *restrict file)
{
    size_t done = next.fread(buffer, size, count, file);
    filled(buffer, (ssize_t)(done * size));
    return done;
}
