/* SPDX-License-Identifier: MIT */
#include "conduct/transfer.h"
#include "conduct/binding.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/muster.h"
#include "conduct/touch.h"

#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MOST_SANE ((size_t)1 << 40) /* what asks for more is to be told its error by the kernel */
#define PIECES    64                /* of a vector, in one call */
#define PAGE      4096u

__thread uint64_t transfer_moved __attribute__((tls_model("initial-exec")));

static bool enter(struct guard *guard)
{
    if (flight_phase() != FLIGHT_ACTIVE || !guard_enter(guard))
        return false;
    if (guard_same_process())
        return true;
    guard_leave(guard);
    return false;
}

/* Where strides are the same as the whole: nobody waits at the other end; and what is written lies in memory. */
static bool may_stride(int fd, enum transfer_way way)
{
    struct stat file;
    struct statfs system;
    if (way == TRANSFER_PAGES)
        return true;
    if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode))
        return false;
    return way == TRANSFER_IN ||
           (fstatfs(fd, &system) == 0 && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC));
}

size_t transfer_stride_slowly(int fd, size_t size, enum transfer_way way)
{
    struct guard guard;
    size_t stride = size;
    if (size > MOST_SANE || !enter(&guard))
        return size;
    uint64_t wanted = size + gate_margin();
    if (binding_headroom(wanted) <= wanted && may_stride(fd, way))
        stride = TRANSFER_STRIDE;
    guard_leave(&guard);
    return stride;
}

/* The kernel looks at the set of signals first, and then at what is to be done with it, which is nothing it knows. */
static bool is_readable(const void *at)
{
    return sys_call(SYS_rt_sigprocmask, -1, (long)at, 0, 8, 0, 0) != -EFAULT;
}

/* 0: the kernel has to say what is wrong with them. */
static size_t size_of_parts(const struct iovec *vector, int count)
{
    size_t size = 0;
    if (count <= 0 || count > IOV_MAX)
        return 0;
    uintptr_t end = (uintptr_t)(vector + count);
    for (uintptr_t at = (uintptr_t)vector; at < end; at = (at | (PAGE - 1)) + 1)
        if (!is_readable((const void *)at))
            return 0;
    for (int i = 0; i < count; i++) {
        if (vector[i].iov_len > MOST_SANE)
            return 0;
        size += vector[i].iov_len;
    }
    return size;
}

/* The parts from byte `from` on, as many as there is room for, of at most so many bytes; *bytes: of how many. */
static int cut(const struct transfer *transfer, size_t from, size_t most_bytes, struct iovec *pieces, size_t *bytes)
{
    int n = 0;
    *bytes = 0;
    for (int i = 0; i < transfer->count && n < PIECES && *bytes < most_bytes; i++) {
        const struct iovec *part = &transfer->vector[i];
        if (from >= part->iov_len) {
            from -= part->iov_len;
            continue;
        }
        size_t left = part->iov_len - from, room = most_bytes - *bytes;
        pieces[n] = (struct iovec){.iov_base = (char *)part->iov_base + from, .iov_len = left < room ? left : room};
        *bytes += pieces[n++].iov_len;
        from = 0;
    }
    return n;
}

static ssize_t step_parts(const struct transfer *transfer, size_t done, size_t size)
{
    size_t moved = 0, bytes;
    struct iovec pieces[PIECES];
    while (moved < size) {
        int n = cut(transfer, done + moved, size - moved, pieces, &bytes);
        ssize_t part = transfer->move(transfer, pieces, n, done + moved);
        if (part < 0)
            return moved ? (ssize_t)moved : part;
        moved += (size_t)part;
        if ((size_t)part < bytes)
            break;
    }
    return (ssize_t)moved;
}

/* Of one call the kernel moves no more than so much (MAX_RW_COUNT in include/linux/fs.h); a stream calls again. */
static size_t most(const struct transfer *transfer, size_t size)
{
    size_t limit = (size_t)INT_MAX & ~((size_t)sysconf(_SC_PAGESIZE) - 1);
    return transfer->file || size < limit ? size : limit;
}

ssize_t transfer_strides(const struct transfer *transfer, size_t size, size_t stride)
{
    size_t done = 0, wanted = most(transfer, size), part = stride;
    ssize_t moved = (ssize_t)stride;
    while (done < wanted && (size_t)moved == part) {
        part = wanted - done < stride ? wanted - done : stride;
        moved = transfer->step(transfer, done, part);
        if (moved < 0)
            return done ? (ssize_t)done : moved;
        done += (size_t)moved;
    }
    return (ssize_t)done;
}

ssize_t transfer_parts(const struct transfer *transfer, enum transfer_way way)
{
    size_t size = flight_phase() == FLIGHT_ACTIVE ? size_of_parts(transfer->vector, transfer->count) : 0;
    size_t stride = transfer_stride(transfer->fd, size, way);
    if (LIKELY(stride == size))
        return transfer->move(transfer, transfer->vector, transfer->count, 0);
    struct transfer in_parts = *transfer;
    in_parts.step = step_parts;
    return transfer_strides(&in_parts, size, stride);
}

void transfer_look(void)
{
    struct guard guard;
    transfer_moved = 0;
    if (!enter(&guard))
        return;
    gate_look();
    guard_leave(&guard);
}

void transfer_filled(void *buffer, size_t bytes)
{
    struct guard guard;
    uint64_t unsampled = 0;
    if (!enter(&guard))
        return;
    if (gate_is_armed())
        unsampled = muster_note_touch((bytes + flight.residency.page_bytes - 1) / flight.residency.page_bytes);
    if (unsampled)
        touch_note_here((uintptr_t)buffer, unsampled);
    gate_look();
    guard_leave(&guard);
}
