/* SPDX-License-Identifier: MIT */
/*
 * output_door: writing. What is written to a file in a tmpfs, to a memfd, a pipe or a socket stays in memory and is
 * charged, without any page fault: see conduct/transfer.h. A small write costs one sum. A stream's own buffer goes out
 * by calls within the C library; only a fwrite of more than that is seen here.
 */
#include "conduct/populate.h"
#include "conduct/transfer.h"
#include "doors/doors.h"
#include "ground/next.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

static inline __attribute__((always_inline)) ssize_t moved(ssize_t bytes)
{
    transfer_done(bytes);
    return bytes;
}

static ssize_t step_write(const struct transfer *transfer, size_t done, size_t size)
{
    return moved(next.write(transfer->fd, transfer->buffer + done, size));
}

static ssize_t step_pwrite(const struct transfer *transfer, size_t done, size_t size)
{
    return moved(next.pwrite(transfer->fd, transfer->buffer + done, size, transfer->offset + (off_t)done));
}

DOOR ssize_t write(int fd, const void *buffer, size_t size)
{
    size_t stride = transfer_stride(fd, size, TRANSFER_OUT);
    if (UNLIKELY(stride < size))
        return transfer_strides(&(struct transfer){.step = step_write, .fd = fd, .buffer = (char *)buffer}, size,
                                stride);
    return moved(next.write(fd, buffer, size));
}

DOOR ssize_t pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
    size_t stride = transfer_stride(fd, size, TRANSFER_OUT);
    struct transfer transfer = {.step = step_pwrite, .fd = fd, .buffer = (char *)buffer, .offset = offset};
    if (UNLIKELY(stride < size))
        return transfer_strides(&transfer, size, stride);
    return moved(next.pwrite(fd, buffer, size, offset));
}

/* off_t has 64 bits on every machine that is supported, so the functions with 64 in their names are the same. */
DOOR ssize_t pwrite64(int fd, const void *buffer, size_t size, off64_t offset)
{
    return pwrite(fd, buffer, size, offset);
}

static ssize_t move_writev(const struct transfer *transfer, const struct iovec *parts, int count, size_t done)
{
    return moved(next.writev(transfer->fd, parts, count));
}

static ssize_t move_pwritev(const struct transfer *transfer, const struct iovec *parts, int count, size_t done)
{
    return moved(next.pwritev(transfer->fd, parts, count, transfer_offset(transfer, done)));
}

DOOR ssize_t writev(int fd, const struct iovec *vector, int count)
{
    return transfer_parts(&(struct transfer){.move = move_writev, .fd = fd, .vector = vector, .count = count},
                          TRANSFER_OUT);
}

DOOR ssize_t pwritev(int fd, const struct iovec *vector, int count, off_t offset)
{
    return transfer_parts(
        &(struct transfer){.move = move_pwritev, .fd = fd, .vector = vector, .count = count, .offset = offset},
        TRANSFER_OUT);
}

DOOR ssize_t pwritev64(int fd, const struct iovec *vector, int count, off64_t offset)
{
    return pwritev(fd, vector, count, offset);
}

static ssize_t move_pwritev2(const struct transfer *transfer, const struct iovec *parts, int count, size_t done)
{
    return moved(next.pwritev2(transfer->fd, parts, count, transfer_offset(transfer, done), transfer->flags));
}

DOOR ssize_t pwritev2(int fd, const struct iovec *vector, int count, off_t offset, int flags)
{
    return transfer_parts(
        &(struct transfer){
            .move = move_pwritev2, .fd = fd, .vector = vector, .count = count, .offset = offset, .flags = flags},
        TRANSFER_OUT);
}

DOOR ssize_t pwritev64v2(int fd, const struct iovec *vector, int count, off64_t offset, int flags)
{
    return pwritev2(fd, vector, count, offset, flags);
}

DOOR ssize_t send(int fd, const void *buffer, size_t size, int flags)
{
    return moved(next.send(fd, buffer, size, flags));
}

DOOR ssize_t sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    return moved(next.sendto(fd, buffer, size, flags, to, length));
}

DOOR ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    return moved(next.sendmsg(fd, message, flags));
}

/* These two may always move less than they were asked for: one stride is enough. */
DOOR ssize_t sendfile(int to, int from, off_t *offset, size_t size)
{
    return moved(next.sendfile(to, from, offset, transfer_stride(to, size, TRANSFER_OUT)));
}

DOOR ssize_t sendfile64(int to, int from, off64_t *offset, size_t size)
{
    return sendfile(to, from, offset, size);
}

DOOR ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t size, unsigned flags)
{
    size = transfer_stride(to, size, TRANSFER_OUT);
    return moved(next.copy_file_range(from, from_offset, to, to_offset, size, flags));
}

static ssize_t step_fwrite(const struct transfer *transfer, size_t done, size_t size)
{
    return moved((ssize_t)next.fwrite(transfer->buffer + done, 1, size, transfer->file));
}

/* Nobody else's output comes in between. */
static __attribute__((noinline)) size_t fwrite_strides(const void *buffer, size_t size, size_t stride, FILE *file)
{
    struct transfer transfer = {.step = step_fwrite, .file = file, .buffer = (char *)buffer};
    flockfile(file);
    ssize_t done = transfer_strides(&transfer, size, stride);
    funlockfile(file);
    return (size_t)done;
}

DOOR size_t fwrite(const void *restrict buffer, size_t size, size_t count, FILE *restrict file)
{
    size_t bytes = size * count;
    size_t stride = UNLIKELY(bytes >= 2 * TRANSFER_STRIDE) ? transfer_stride(fileno(file), bytes, TRANSFER_OUT) : bytes;
    if (UNLIKELY(stride < bytes))
        return fwrite_strides(buffer, bytes, stride, file) / size;
    size_t done = next.fwrite(buffer, size, count, file);
    moved((ssize_t)(done * size));
    return done;
}

/* Takes the pages of a tmpfs at once. A size counts only where pages are taken. */
static void allocated(bool done, int mode, off_t size)
{
    if (done && (mode & ~FALLOC_FL_KEEP_SIZE) == 0)
        transfer_done((ssize_t)size);
}

DOOR int fallocate(int fd, int mode, off_t offset, off_t size)
{
    off_t end;
    if (UNLIKELY(populate_file_later(fd, mode, offset, size, &end)))
        return populate_file(fd, mode, offset, size, end);
    int result = next.fallocate(fd, mode, offset, size);
    allocated(result == 0, mode, size);
    return result;
}

DOOR int fallocate64(int fd, int mode, off64_t offset, off64_t size)
{
    return fallocate(fd, mode, offset, size);
}

/* The error is what it returns. */
DOOR int posix_fallocate(int fd, off_t offset, off_t size)
{
    int before = errno, error;
    off_t end;
    if (UNLIKELY(populate_file_later(fd, 0, offset, size, &end))) {
        error = populate_file(fd, 0, offset, size, end) == 0 ? 0 : errno;
        errno = before;
        return error;
    }
    error = next.posix_fallocate(fd, offset, size);
    allocated(error == 0, 0, size);
    return error;
}

DOOR int posix_fallocate64(int fd, off64_t offset, off64_t size)
{
    return posix_fallocate(fd, offset, size);
}
