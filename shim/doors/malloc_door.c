/* SPDX-License-Identifier: MIT */
/*
 * malloc_door: the heap functions. The hot path of an allocation is one comparison and one subtraction in
 * thread-local memory and a tail call; that of a free is one load from the filter and a tail call.
 */
#include "conduct/copying.h"
#include "conduct/tracker.h"
#include "doors/doors.h"
#include "doors/object_door.h"
#include "ground/filter.h"
#include "ground/guard.h"
#include "ground/next.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * size < countdown, and then it is taken off. On x86 that is one instruction on memory, whose flags are the answer: it
 * saves a quarter of a nanosecond. What was taken off in vain is put back; a signal handler in between sees a countdown
 * that is far from its end, and leaves it as it was but for its own share.
 */
static inline __attribute__((always_inline)) bool count_down(size_t size)
{
#ifdef __x86_64__
    bool left;
    __asm__("subq %[size], %[countdown]" : [countdown] "+m"(thread_state.countdown), "=@cca"(left) : [size] "r"(size));
    if (LIKELY(left))
        return true;
    thread_state.countdown += size;
    return false;
#else
    if (UNLIKELY(size >= thread_state.countdown))
        return false;
    thread_state.countdown -= size;
    return true;
#endif
}

/* With action=refuse, for requests on the slow path only: errno is set. */
#define REFUSED(size) UNLIKELY(tracker_refuses(size))

/* A request that is refused for its form (EINVAL) is no sign of memory running out. */
static __attribute__((noinline)) void *tracked(void *pointer, size_t size)
{
    if (pointer || errno == ENOMEM)
        tracker_allocated(pointer, size);
    object_door_consider();
    return pointer;
}

/* What follows is apart from the doors, which need no stack of their own then. */
static __attribute__((noinline)) void *slowly(void *(*allocate)(size_t), size_t size)
{
    return REFUSED(size) ? NULL : tracked(allocate(size), size);
}

static __attribute__((noinline)) void *aligned_slowly(void *(*allocate)(size_t, size_t), size_t alignment, size_t size)
{
    return REFUSED(size) ? NULL : tracked(allocate(alignment, size), size);
}

static __attribute__((noinline)) void *calloc_slowly(size_t count, size_t size)
{
    return REFUSED(count * size) ? NULL : tracked(next.calloc(count, size), count * size);
}

DOOR void *malloc(size_t size)
{
    return count_down(size) ? next.malloc(size) : slowly(next.malloc, size);
}

DOOR void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (UNLIKELY(__builtin_mul_overflow(count, size, &bytes)))
        return next.calloc(count, size); /* which refuses it */
    return count_down(bytes) ? next.calloc(count, size) : calloc_slowly(count, size);
}

static __attribute__((noinline)) void free_slowly(void *pointer)
{
    if (next_bootstrap_owns(pointer))
        return;
    tracker_freeing(pointer);
    next.free(pointer);
}

DOOR void free(void *pointer)
{
    if (LIKELY(!filter_maybe(pointer)))
        next.free(pointer);
    else
        free_slowly(pointer);
}

/* C23: equivalent to free for a pointer and a size that belong together. */
DOOR void free_sized(void *pointer, size_t size)
{
    free(pointer);
}

DOOR void free_aligned_sized(void *pointer, size_t alignment, size_t size)
{
    free(pointer);
}

DOOR void cfree(void *pointer)
{
    free(pointer);
}

/* Bootstrap blocks are never used again; with size 0 nothing takes their place, as with glibc's own. */
static void *leave_bootstrap(void *pointer, size_t size)
{
    size_t had = next_bootstrap_size(pointer);
    void *fresh = size ? next.malloc(size) : NULL;
    if (fresh)
        memcpy(fresh, pointer, had < size ? had : size);
    return fresh;
}

static size_t grown_by(void *pointer, size_t size)
{
    size_t had = pointer ? next.malloc_usable_size(pointer) : 0;
    return size > had ? size - had : 0;
}

/* The record is put aside before the block moves: afterwards another thread may own the address. */
static __attribute__((noinline)) void *realloc_slowly(void *pointer, size_t size)
{
    if (pointer && next_bootstrap_owns(pointer))
        return leave_bootstrap(pointer, size);
    if (REFUSED(grown_by(pointer, size)))
        return NULL;
    uint32_t moving = pointer && filter_maybe(pointer) ? tracker_moving(pointer) : TRACKER_UNKNOWN;
    bool copying = pointer && copying_begin(size);
    void *fresh = next.realloc(pointer, size);
    copying_end(copying);
    tracker_moved(moving, !fresh && size != 0);
    if (fresh || size)
        tracker_allocated(fresh, size);
    return fresh;
}

DOOR void *realloc(void *pointer, size_t size)
{
    if (LIKELY(!filter_maybe(pointer)) && count_down(size))
        return next.realloc(pointer, size);
    return realloc_slowly(pointer, size);
}

DOOR void *reallocarray(void *pointer, size_t count, size_t size)
{
    size_t bytes;
    if (UNLIKELY(__builtin_mul_overflow(count, size, &bytes))) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(pointer, bytes);
}

DOOR void *aligned_alloc(size_t alignment, size_t size)
{
    return count_down(size) ? next.aligned_alloc(alignment, size) : aligned_slowly(next.aligned_alloc, alignment, size);
}

DOOR void *memalign(size_t alignment, size_t size)
{
    return count_down(size) ? next.memalign(alignment, size) : aligned_slowly(next.memalign, alignment, size);
}

DOOR int posix_memalign(void **out, size_t alignment, size_t size)
{
    bool counted = count_down(size);
    if (!counted && REFUSED(size))
        return ENOMEM;
    int error = next.posix_memalign(out, alignment, size);
    if (!counted && (error == 0 || error == ENOMEM))
        tracker_allocated(error ? NULL : *out, size);
    return error;
}

DOOR void *valloc(size_t size)
{
    return count_down(size) ? next.valloc(size) : slowly(next.valloc, size);
}

DOOR void *pvalloc(size_t size)
{
    return count_down(size) ? next.pvalloc(size) : slowly(next.pvalloc, size);
}

DOOR size_t malloc_usable_size(void *pointer)
{
    if (UNLIKELY(next_bootstrap_owns(pointer)))
        return next_bootstrap_size(pointer);
    return next.malloc_usable_size(pointer);
}
