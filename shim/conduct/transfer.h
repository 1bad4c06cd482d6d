/* SPDX-License-Identifier: MIT */
/*
 * transfer: memory that the kernel itself touches for the program: the buffer that is read into, the pages of a file in
 * a tmpfs or memfd that is written to, what waits in pipes and sockets. The fault counter of user mode does not see
 * them, so the gate is looked at by the bytes that were moved. And nobody can stop a thread within the kernel: a
 * transfer that is larger than what is left of the limit is made in strides, with a look after each, where that makes
 * no difference to the program: it gets the same bytes and the same result. Any thread, also in a signal handler of the
 * program; errno is preserved.
 */
#ifndef LW_CONDUCT_TRANSFER_H
#define LW_CONDUCT_TRANSFER_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "ground/guard.h"

#define TRANSFER_LOOK   (64u << 10) /* bytes from look to look */
#define TRANSFER_STRIDE (1u << 20)

enum transfer_way {
    TRANSFER_IN,   /* from a file into memory */
    TRANSFER_OUT,  /* into a file, which may be memory */
    TRANSFER_PAGES /* no descriptor: pages that the kernel makes (conduct/populate.h) */
};

size_t transfer_stride_slowly(int fd, size_t size, enum transfer_way way);
void transfer_look(void);

/*
 * How many bytes are to be moved at once: all of them, unless that may be more than fits and the descriptor is one
 * where strides are the same as the whole (a regular file, and for TRANSFER_OUT one that lives in memory).
 */
static inline __attribute__((always_inline)) size_t transfer_stride(int fd, size_t size, enum transfer_way way)
{
    return LIKELY(size < 2 * TRANSFER_STRIDE) ? size : transfer_stride_slowly(fd, size, way);
}

/*
 * One transfer in strides, of a descriptor or of a stream. step moves up to so many bytes that come after those that
 * are done, and tells how many it were, negative with errno when none; it calls transfer_done or transfer_filled
 * itself.
 */
struct transfer {
    ssize_t (*step)(const struct transfer *transfer, size_t done, size_t size);
    int fd;
    FILE *file;
    char *buffer;
    off_t offset; /* of pread and pwrite */
    /* of many parts: moves some that come after those that are done, as step does */
    ssize_t (*move)(const struct transfer *transfer, const struct iovec *parts, int count, size_t done);
    const struct iovec *vector;
    int count;
    int flags; /* of preadv2 and pwritev2, whose offset may be -1: from where the descriptor stands */
};

static inline off_t transfer_offset(const struct transfer *transfer, size_t done)
{
    return transfer->offset == -1 ? -1 : transfer->offset + (off_t)done;
}

/* The first stride that is not whole ends it, as the whole would have ended. The same result as of one call. */
ssize_t transfer_strides(const struct transfer *transfer, size_t size, size_t stride);

/*
 * A transfer of many parts, with `move` alone: in strides where the whole may be more than fits, as transfer_stride
 * says, else by one call. 0.1 us more in an active process.
 */
ssize_t transfer_parts(const struct transfer *transfer, enum transfer_way way);

/* The kernel has filled so much of a buffer. */
void transfer_filled(void *buffer, size_t bytes);

extern __thread uint64_t transfer_moved __attribute__((tls_model("initial-exec")));

/* So many bytes were moved, into whatever it was; negative: none. */
static inline __attribute__((always_inline)) void transfer_done(ssize_t bytes)
{
    if (LIKELY(bytes > 0) && UNLIKELY((transfer_moved += (size_t)bytes) >= TRANSFER_LOOK))
        transfer_look();
}

#endif
