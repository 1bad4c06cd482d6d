/* SPDX-License-Identifier: MIT */
/*
 * input_door: reading. The kernel touches the pages of the buffer then: see conduct/transfer.h. A small read costs one
 * sum.
 */
#include "conduct/tracker.h"
#include "conduct/transfer.h"
#include "doors/doors.h"
#include "ground/next.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

static inline __attribute__((always_inline)) ssize_t filled(void *buffer, ssize_t bytes)
{
    tracker_safe_point();
    if (LIKELY(bytes < (ssize_t)TRANSFER_LOOK))
        transfer_done(bytes);
    else
        transfer_filled(buffer, (size_t)bytes);
    return bytes;
}

/* A datagram may be reported longer than what there was room for (MSG_TRUNC). */
static ssize_t filled_parts(const struct iovec *vector, size_t count, ssize_t bytes)
{
    size_t left = bytes < 0 ? 0 : (size_t)bytes;
    for (size_t i = 0; i < count && left; i++) {
        size_t part = vector[i].iov_len < left ? vector[i].iov_len : left;
        filled(vector[i].iov_base, (ssize_t)part);
        left -= part;
    }
    return bytes;
}

static ssize_t step_read(const struct transfer *transfer, size_t done, size_t size)
{
    char *to = transfer->buffer + done;
    return filled(to, next.read(transfer->fd, to, size));
}

static ssize_t step_pread(const struct transfer *transfer, size_t done, size_t size)
{
    char *to = transfer->buffer + done;
    return filled(to, next.pread(transfer->fd, to, size, transfer->offset + (off_t)done));
}

DOOR ssize_t read(int fd, void *buffer, size_t size)
{
    size_t stride = transfer_stride(fd, size, TRANSFER_IN);
    if (UNLIKELY(stride < size))
        return transfer_strides(&(struct transfer){.step = step_read, .fd = fd, .buffer = buffer}, size, stride);
    return filled(buffer, next.read(fd, buffer, size));
}

DOOR ssize_t pread(int fd, void *buffer, size_t size, off_t offset)
{
    size_t stride = transfer_stride(fd, size, TRANSFER_IN);
    struct transfer transfer = {.step = step_pread, .fd = fd, .buffer = buffer, .offset = offset};
    if (UNLIKELY(stride < size))
        return transfer_strides(&transfer, size, stride);
    return filled(buffer, next.pread(fd, buffer, size, offset));
}

/* off_t has 64 bits on every machine that is supported, so the functions with 64 in their names are the same. */
DOOR ssize_t pread64(int fd, void *buffer, size_t size, off64_t offset)
{
    return pread(fd, buffer, size, offset);
}

static ssize_t move_readv(const struct transfer *transfer, const struct iovec *parts, int count, size_t done)
{
    return filled_parts(parts, (size_t)count, next.readv(transfer->fd, parts, count));
}

static ssize_t move_preadv(const struct transfer *transfer, const struct iovec *parts, int count, size_t done)
{
    return filled_parts(parts, (size_t)count, next.preadv(transfer->fd, parts, count, transfer_offset(transfer, done)));
}

DOOR ssize_t readv(int fd, const struct iovec *vector, int count)
{
    return transfer_parts(&(struct transfer){.move = move_readv, .fd = fd, .vector = vector, .count = count},
                          TRANSFER_IN);
}

DOOR ssize_t preadv(int fd, const struct iovec *vector, int count, off_t offset)
{
    return transfer_parts(
        &(struct transfer){.move = move_preadv, .fd = fd, .vector = vector, .count = count, .offset = offset},
        TRANSFER_IN);
}

DOOR ssize_t preadv64(int fd, const struct iovec *vector, int count, off64_t offset)
{
    return preadv(fd, vector, count, offset);
}

static ssize_t move_preadv2(const struct transfer *transfer, const struct iovec *parts, int count, size_t done)
{
    return filled_parts(parts, (size_t)count,
                        next.preadv2(transfer->fd, parts, count, transfer_offset(transfer, done), transfer->flags));
}

DOOR ssize_t preadv2(int fd, const struct iovec *vector, int count, off_t offset, int flags)
{
    return transfer_parts(
        &(struct transfer){
            .move = move_preadv2, .fd = fd, .vector = vector, .count = count, .offset = offset, .flags = flags},
        TRANSFER_IN);
}

DOOR ssize_t preadv64v2(int fd, const struct iovec *vector, int count, off64_t offset, int flags)
{
    return preadv2(fd, vector, count, offset, flags);
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
    return bytes < 0 ? bytes : filled_parts(message->msg_iov, message->msg_iovlen, bytes);
}

/* stdio reads large requests straight into the buffer, by calls within the C library. */
static ssize_t step_fread(const struct transfer *transfer, size_t done, size_t size)
{
    char *to = transfer->buffer + done;
    return filled(to, (ssize_t)next.fread(to, 1, size, transfer->file));
}

/* Others may read from it in between. */
static __attribute__((noinline)) size_t fread_strides(void *buffer, size_t size, size_t stride, FILE *file)
{
    flockfile(file);
    ssize_t done =
        transfer_strides(&(struct transfer){.step = step_fread, .file = file, .buffer = buffer}, size, stride);
    funlockfile(file);
    return (size_t)done;
}

DOOR size_t fread(void *restrict buffer, size_t size, size_t count, FILE *restrict file)
{
    size_t bytes = size * count;
    size_t stride = UNLIKELY(bytes >= 2 * TRANSFER_STRIDE) ? transfer_stride(fileno(file), bytes, TRANSFER_IN) : bytes;
    if (UNLIKELY(stride < bytes))
        return fread_strides(buffer, bytes, stride, file) / size;
    size_t done = next.fread(buffer, size, count, file);
    filled(buffer, (ssize_t)(done * size));
    return done;
}
