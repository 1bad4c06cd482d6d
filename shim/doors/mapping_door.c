/* SPDX-License-Identifier: MIT */
/*
 * mapping_door: address space that the program takes and gives back by itself.
 *
 * A range is noted after it was obtained and forgotten before it is given back: once it is free, another thread may
 * get the same addresses. Should the real call refuse, what was forgotten is put back.
 *
 * An allocator that stands behind ours (a preloaded jemalloc or tcmalloc) comes through these doors as well: what it
 * maps is where the blocks lie that malloc_door records, so it is passed through unseen. glibc's malloc does not come
 * here at all: it calls mmap and sbrk within the library. An allocator that stands before ours (linked into the
 * program) is seen by its mappings alone.
 *
 * There is no record of what madvise or mprotect do to a range: how much of it is resident, the kernel is asked. Only
 * where the kernel itself makes the pages, they are looked at as after a large read; and huge pages fill faster.
 */
#include "conduct/populate.h"
#include "conduct/tracker.h"
#include "doors/doors.h"
#include "doors/object_door.h"
#include "ground/guard.h"
#include "ground/next.h"
#include "observe/unwind_calls.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

/* Memory that will be charged when it is touched: not a reservation, not a private mapping of a file. */
static bool is_for_use(int flags, int fd)
{
    return (flags & MAP_ANONYMOUS || fd < 0) && !(flags & MAP_NORESERVE);
}

/*
 * action=refuse. No allocator is refused here: for the one behind ours malloc_door has asked already, and for the
 * program's own more would have to be done than may be done under its locks.
 */
static bool refuses(const void *caller, size_t size)
{
    return !next_is_allocator(caller) && !next_is_carrier(caller) && UNLIKELY(tracker_refuses(size));
}

/* After the record: the pages are somebody's. */
static void *populated(void *memory, size_t size, int protection, int flags, int later)
{
    int error = errno;
    if (memory != MAP_FAILED && !populate_mapping(memory, size, protection, flags, later)) {
        error = errno;
        munmap(memory, size);
        memory = MAP_FAILED;
    }
    errno = error;
    return memory;
}

static inline void *map(const void *caller, void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    /* Without access it is a reservation, whatever the flags say. */
    int kind = protection == PROT_NONE ? flags | MAP_NORESERVE : flags;
    if (next_is_allocator(caller))
        return next.mmap(address, size, protection, flags, fd, offset);
    if (unwind_calls_are(caller) && flags & MAP_ANONYMOUS)
        return next.mmap(address, size, protection, flags | MAP_POPULATE, fd, offset);
    if (is_for_use(kind, fd) && refuses(caller, size))
        return MAP_FAILED;
    bool populates = UNLIKELY(flags & (MAP_POPULATE | MAP_LOCKED));
    int before = errno, later = populates ? populate_later(size, protection, flags) : 0;
    errno = before;
    void *result = next.mmap(address, size, protection, flags & ~later, fd, offset);
    if (next_is_carrier(caller))
        tracker_carrier_mapped(result, size, kind, fd, caller);
    else if (result != MAP_FAILED)
        tracker_mapped(result, size, kind, fd);
    else if (errno == ENOMEM)
        tracker_mapping_refused(size);
    if (populates)
        result = populated(result, size, protection, flags, later);
    object_door_consider();
    return result;
}

DOOR void *mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    return map(__builtin_return_address(0), address, size, protection, flags, fd, offset);
}

/* off_t has 64 bits on every machine that is supported, so this is the same function. */
DOOR void *mmap64(void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return map(__builtin_return_address(0), address, size, protection, flags, fd, offset);
}

DOOR int munmap(void *address, size_t size)
{
    struct tracker_range range;
    tracker_unmapping(&range, address, size);
    int result = next.munmap(address, size);
    tracker_unmapped(&range, result == 0);
    return result;
}

static void remapped(const void *caller, struct tracker_range *range, void *result, size_t size, int flags)
{
    bool done = result != MAP_FAILED, carrier = next_is_carrier(caller);
    bool programs = !carrier && !next_is_allocator(caller);
    if (done && programs)
        tracker_remapped(range, result, size);
    tracker_unmapped(range, done && !(flags & MREMAP_DONTUNMAP));
    if (done && carrier)
        tracker_carrier_mapped(result, size, MAP_PRIVATE | MAP_ANONYMOUS, -1, caller);
    else if (!done && programs && errno == ENOMEM)
        tracker_mapping_refused(size);
}

/* The new address is an argument with MREMAP_FIXED only; elsewhere the C library passes on NULL or a mere wish. */
DOOR void *mremap(void *address, size_t old_size, size_t size, int flags, ...)
{
    const void *caller = __builtin_return_address(0);
    struct tracker_range range;
    va_list arguments;
    va_start(arguments, flags);
    void *target = flags & MREMAP_FIXED ? va_arg(arguments, void *) : NULL;
    va_end(arguments);
    if (size > old_size && refuses(caller, size - old_size))
        return MAP_FAILED;
    tracker_unmapping(&range, address, old_size);
    void *result = next.mremap(address, old_size, size, flags, target);
    remapped(caller, &range, result, size, flags);
    return result;
}

DOOR int madvise(void *address, size_t size, int advice)
{
    if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
        return populate_advised(address, size, advice);
    int result = next.madvise(address, size, advice);
    if (result == 0 && advice == MADV_HUGEPAGE)
        tracker_huge_pages();
    return result;
}

DOOR int mlock(const void *address, size_t size)
{
    return populate_locked(address, size);
}

DOOR int mlock2(const void *address, size_t size, unsigned flags)
{
    return flags ? next.mlock2(address, size, flags) : populate_locked(address, size);
}

DOOR int mlockall(int flags)
{
    return populate_all_locked(flags);
}

/* ---- the program break, where the program itself moves it ---- */

static void moved_break(const void *caller, char *from, char *to)
{
    if (to <= from || next_is_allocator(caller))
        return;
    if (next_is_carrier(caller))
        tracker_carrier_mapped(from, (size_t)(to - from), MAP_PRIVATE | MAP_ANONYMOUS, -1, caller);
    else
        tracker_break_grew(from, (size_t)(to - from));
}

DOOR void *sbrk(intptr_t more)
{
    struct tracker_range range = {.count = 0};
    if (more < 0)
        tracker_break_shrinks(&range, (char *)next.sbrk(0) + more, (size_t)-more);
    if (more > 0 && refuses(__builtin_return_address(0), (size_t)more))
        return (void *)-1;
    char *before = next.sbrk(more);
    tracker_unmapped(&range, before != (char *)-1);
    if (before != (char *)-1)
        moved_break(__builtin_return_address(0), before, before + more);
    return before;
}

DOOR int brk(void *end)
{
    struct tracker_range range = {.count = 0};
    char *before = next.sbrk(0);
    if ((char *)end < before)
        tracker_break_shrinks(&range, end, (size_t)(before - (char *)end));
    if ((char *)end > before && refuses(__builtin_return_address(0), (size_t)((char *)end - before)))
        return -1;
    int result = next.brk(end);
    tracker_unmapped(&range, result == 0);
    if (result == 0)
        moved_break(__builtin_return_address(0), before, end);
    return result;
}

/* ---- shared memory of System V ---- */

DOOR void *shmat(int id, const void *address, int flags)
{
    struct shmid_ds segment;
    void *result = next.shmat(id, address, flags);
    int saved = errno;
    if (result != (void *)-1 && shmctl(id, IPC_STAT, &segment) == 0)
        tracker_mapped(result, segment.shm_segsz, MAP_SHARED, -1);
    errno = saved;
    return result;
}

DOOR int shmdt(const void *address)
{
    struct tracker_range range;
    tracker_detaching(&range, address);
    int result = next.shmdt(address);
    tracker_unmapped(&range, result == 0);
    return result;
}
