/* SPDX-License-Identifier: MIT */
/* mapping_door: address space that the program takes and gives back by itself. */
#include "conduct/tracker.h"
#include "doors/doors.h"
#include "ground/guard.h"
#include "ground/next.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>

/* Memory that will be charged when it is touched: not a reservation, not a private mapping of a file. */
static bool is_for_use(int flags, int fd)
{
    return (flags & MAP_ANONYMOUS || fd < 0) && !(flags & MAP_NORESERVE);
}

static void *map(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    /* Without access it is a reservation, whatever the flags say. */
    int kind = protection == PROT_NONE ? flags | MAP_NORESERVE : flags;
    if (is_for_use(kind, fd) && UNLIKELY(tracker_refuses(size)))
        return MAP_FAILED;
    void *result = next.mmap(address, size, protection, flags, fd, offset);
    if (result != MAP_FAILED)
        tracker_mapped(result, size, kind, fd);
    else if (errno == ENOMEM)
        tracker_mapping_refused(size);
    return result;
}

DOOR void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    return map(address, size, protection, flags, fd, offset);
}

/* off_t has 64 bits on every machine that is supported, so this is the same function. */
DOOR void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return map(address, size, protection, flags, fd, offset);
}

/* The record goes first: once the range is unmapped, another thread may get the same addresses. */
DOOR int munmap(void *address, size_t size)
{
    tracker_unmapped(address, size);
    return next.munmap(address, size);
}

DOOR void *mremap(void *address, size_t old_size, size_t size, int flags, ...)
{
    void *target = NULL;
    if (flags & MREMAP_FIXED) {
        va_list arguments;
        va_start(arguments, flags);
        target = va_arg(arguments, void *);
        va_end(arguments);
    }
    if (size > old_size && UNLIKELY(tracker_refuses(size - old_size)))
        return MAP_FAILED;
    void *result = next.mremap(address, old_size, size, flags, target);
    if (result != MAP_FAILED) {
        tracker_unmapped(address, old_size);
        tracker_mapped(result, size, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    } else if (errno == ENOMEM) {
        tracker_mapping_refused(size);
    }
    return result;
}
