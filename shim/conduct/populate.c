/* SPDX-License-Identifier: MIT */
#include "conduct/populate.h"
#include "conduct/flight.h"
#include "conduct/transfer.h"
#include "ground/next.h"
#include "observe/maps.h"
#include "observe/unwind.h"

#include <sys/mman.h>
#include <unistd.h>

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1 /* Linux 4.4 */
#endif
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

bool populate_exceeds(size_t size)
{
    return transfer_stride(-1, size, TRANSFER_PAGES) < size;
}

int populate_strides(void *address, size_t size, int (*step)(void *address, size_t size, int how), int how)
{
    for (size_t done = 0; done < size; done += TRANSFER_STRIDE) {
        char *at = (char *)address + done;
        size_t part = size - done < TRANSFER_STRIDE ? size - done : TRANSFER_STRIDE;
        if (step(at, part, how) != 0)
            return -1;
        transfer_filled(at, part);
    }
    return 0;
}

static int lock_part(void *address, size_t size, int unused)
{
    return next.mlock(address, size);
}

/*
 * Locked as it is touched first: that says whether all of it may be locked. Then stride by stride, which makes the
 * pages and takes nothing more of what may be locked.
 */
int populate_locked(const void *address, size_t size)
{
    size_t within = (uintptr_t)address % (size_t)sysconf(_SC_PAGESIZE);
    if (!populate_exceeds(size)) {
        int result = next.mlock(address, size);
        if (result == 0)
            transfer_filled((void *)address, size);
        return result;
    }
    if (next.mlock2(address, size, MLOCK_ONFAULT) != 0)
        return errno == ENOSYS ? next.mlock(address, size) : -1;
    return populate_strides((char *)address - within, size + within, lock_part, 0);
}

bool populate_mapping_locked(void *memory, size_t size)
{
    if (next.mlock2(memory, size, MLOCK_ONFAULT) != 0) {
        errno = errno == ENOMEM ? EAGAIN : errno;
        return false;
    }
    populate_strides(memory, size, lock_part, 0);
    return true;
}

static bool is_own(const struct map *map)
{
    uint64_t arena = (uintptr_t)flight.arena.base, journal = (uintptr_t)flight.journal.base;
    return (map->end > arena && map->start < arena + flight.arena.capacity) ||
           (map->end > journal && map->start < journal + flight.journal.bytes) || unwind_is_ours(map->start);
}

static bool lock_mapping(void *unused, const struct map *map)
{
    if ((map->readable || map->writable) && !is_own(map))
        populate_strides((void *)(uintptr_t)map->start, map->end - map->start, lock_part, 0);
    return true;
}

/* mlockall does not tell either what could not be made. */
int populate_all_locked(int flags)
{
    if (flight_phase() != FLIGHT_ACTIVE || !(flags & MCL_CURRENT) || flags & ~(MCL_CURRENT | MCL_FUTURE) ||
        next.mlockall(MCL_CURRENT | MCL_ONFAULT) != 0)
        return next.mlockall(flags);
    int before = errno;
    maps_each(lock_mapping, NULL);
    errno = before;
    return flags & MCL_FUTURE ? next.mlockall(MCL_FUTURE) : 0;
}
