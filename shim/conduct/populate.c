/* SPDX-License-Identifier: MIT */
#include "conduct/populate.h"
#include "conduct/flight.h"
#include "conduct/transfer.h"
#include "ground/next.h"
#include "observe/maps.h"
#include "observe/unwind.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1 /* Linux 4.4 */
#endif
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif

typedef int populate_step(void *address, size_t size, int how);

/* May so many bytes be more than what is left? */
static bool exceeds(size_t size)
{
    return transfer_stride(-1, size, TRANSFER_PAGES) < size;
}

/* 0 or -1 with errno, as of one step. The first one that fails ends it. */
static int make_strides(void *address, size_t size, populate_step *step, int how)
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

/* As many bytes in one call, if they fit. */
static int make(void *address, size_t size, populate_step *step, int how)
{
    int result = step(address, size, how);
    if (result == 0)
        transfer_filled(address, size);
    return result;
}

int populate_advised(void *address, size_t size, int advice)
{
    return (exceeds(size) ? make_strides : make)(address, size, next.madvise, advice);
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
    if (!exceeds(size))
        return make((void *)address, size, lock_part, 0);
    if (next.mlock2(address, size, MLOCK_ONFAULT) != 0)
        return errno == ENOSYS ? next.mlock(address, size) : -1;
    return make_strides((char *)address - within, size + within, lock_part, 0);
}

static bool lock_mapped(void *memory, size_t size)
{
    if (next.mlock2(memory, size, MLOCK_ONFAULT) != 0) {
        errno = errno == ENOMEM ? EAGAIN : errno;
        return false;
    }
    make_strides(memory, size, lock_part, 0);
    return true;
}

/*
 * Not of huge pages, which are not of this memory; and what is to be locked in the place of something else would be
 * gone if it may not be locked.
 */
int populate_later(size_t size, int protection, int flags)
{
    bool locks = flags & MAP_LOCKED;
    if (flags & (MAP_HUGETLB | (locks ? MAP_FIXED : MAP_NONBLOCK)) || protection == PROT_NONE || !exceeds(size))
        return 0;
    if (!locks && next.madvise(NULL, 0, MADV_POPULATE_READ) != 0)
        return 0;
    return MAP_POPULATE | MAP_LOCKED;
}

bool populate_mapping(void *memory, size_t size, int protection, int flags, int later)
{
    bool writes = protection & PROT_WRITE && (flags & MAP_TYPE) == MAP_PRIVATE;
    if (later && flags & MAP_LOCKED)
        return lock_mapped(memory, size);
    if (later)
        make_strides(memory, size, next.madvise, writes ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
    else if (!(flags & MAP_NONBLOCK))
        transfer_filled(memory, size);
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
        make_strides((void *)(uintptr_t)map->start, map->end - map->start, lock_part, 0);
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

bool populate_file_later(int fd, int mode, off_t offset, off_t size, off_t *end)
{
    struct stat file;
    if (size <= 0 || offset < 0 || mode & ~FALLOC_FL_KEEP_SIZE ||
        transfer_stride(fd, (size_t)size, TRANSFER_OUT) >= (size_t)size || fstat(fd, &file) != 0)
        return false;
    *end = file.st_size;
    return offset >= *end;
}

/* As the kernel does: of what is refused nothing stays. Nothing was behind the end before. */
static void give_back(int fd, int mode, off_t offset, off_t size, off_t end)
{
    int error = errno;
    if (size && mode & FALLOC_FL_KEEP_SIZE)
        next.fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
    else if (size && ftruncate(fd, end) != 0)
        error = errno;
    errno = error;
}

int populate_file(int fd, int mode, off_t offset, off_t size, off_t end)
{
    for (off_t done = 0; done < size; done += TRANSFER_STRIDE) {
        off_t part = size - done < TRANSFER_STRIDE ? size - done : TRANSFER_STRIDE;
        if (next.fallocate(fd, mode, offset + done, part) != 0) {
            give_back(fd, mode, offset, done, end);
            return -1;
        }
        transfer_done((ssize_t)part);
    }
    return 0;
}
