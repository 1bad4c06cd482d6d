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
#include <sys/vfs.h>
#include <unistd.h>

#define MOST_SANE ((size_t)1 << 40) /* what asks for more is to be told its error by the kernel */

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
