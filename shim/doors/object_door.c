/* SPDX-License-Identifier: MIT */
/*
 * How the allocator is wrapped without anybody standing still. The interpreter keeps five words for each domain: a
 * context and four functions. Ours take the context that they find there and hand it on, so that a thread that reads
 * those words while they change (another interpreter of the process, which has a lock of its own) gets something that
 * works whatever the mix. Pointers are those of the wrapped allocator: what was made before is freed through us, and
 * what is made by us may be freed past us.
 *
 * Others wrap as well: tracemalloc before us or after us. Who came before us and steps aside puts back what was there
 * without us; the interpreter then names its bare allocator again, and that is when we come back and forget all objects
 * of before, whose end we may have missed.
 */
#include "doors/object_door.h"
#include "conduct/flight.h"
#include "conduct/tracker.h"
#include "ground/filter.h"
#include "observe/python.h"

#include <errno.h>

#define LOOKS 16u /* one look in so many: is it still there? */

static struct {
    struct python_allocator under[PYTHON_DOMAINS];
    struct python_arenas arenas;
    size_t most; /* bytes of a request that the arenas serve; larger ones come through malloc */
    uint32_t installed;
    uint32_t looks;
    uint64_t told; /* the flight whose journal says how it stands */
    struct lock lock;
} objects;

/* true: it is not our concern, or it has been counted down. */
static inline __attribute__((always_inline)) bool passes(size_t size)
{
    if (LIKELY(size < tracker_object_clock.countdown)) {
        tracker_object_clock.countdown -= size <= objects.most ? size : 0;
        return true;
    }
    return size > objects.most;
}

static __attribute__((noinline)) void *tracked(void *pointer, size_t size)
{
    tracker_object(pointer, size);
    return pointer;
}

static inline __attribute__((always_inline)) void *allocate(enum python_domain domain, void *context, size_t size)
{
    if (LIKELY(passes(size)))
        return objects.under[domain].malloc(context, size);
    return tracked(objects.under[domain].malloc(context, size), size);
}

static inline __attribute__((always_inline)) void *allocate_zeroed(enum python_domain domain, void *context,
                                                                   size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || LIKELY(passes(bytes)))
        return objects.under[domain].calloc(context, count, size);
    return tracked(objects.under[domain].calloc(context, count, size), bytes);
}

static __attribute__((noinline)) void *reallocate_slowly(enum python_domain domain, void *context, void *pointer,
                                                         size_t size)
{
    uint32_t moving = pointer && filter_maybe_object(pointer) ? tracker_moving(pointer) : TRACKER_UNKNOWN;
    void *fresh = objects.under[domain].realloc(context, pointer, size);
    tracker_moved(moving, !fresh);
    return fresh && !passes(size) ? tracked(fresh, size) : fresh;
}

static inline __attribute__((always_inline)) void *reallocate(enum python_domain domain, void *context, void *pointer,
                                                              size_t size)
{
    if (LIKELY(!filter_maybe_object(pointer)) && LIKELY(passes(size)))
        return objects.under[domain].realloc(context, pointer, size);
    return reallocate_slowly(domain, context, pointer, size);
}

static inline __attribute__((always_inline)) void release(enum python_domain domain, void *context, void *pointer)
{
    if (UNLIKELY(filter_maybe_object(pointer)))
        tracker_freeing(pointer);
    objects.under[domain].free(context, pointer);
}

#define DOMAIN(name, domain)                                                                                           \
    static void *name##_malloc(void *context, size_t size)                                                             \
    {                                                                                                                  \
        return allocate(domain, context, size);                                                                        \
    }                                                                                                                  \
    static void *name##_calloc(void *context, size_t count, size_t size)                                               \
    {                                                                                                                  \
        return allocate_zeroed(domain, context, count, size);                                                          \
    }                                                                                                                  \
    static void *name##_realloc(void *context, void *pointer, size_t size)                                             \
    {                                                                                                                  \
        return reallocate(domain, context, pointer, size);                                                             \
    }                                                                                                                  \
    static void name##_free(void *context, void *pointer)                                                              \
    {                                                                                                                  \
        release(domain, context, pointer);                                                                             \
    }
DOMAIN(mem, PYTHON_MEM)
DOMAIN(obj, PYTHON_OBJ)

/* What the mapping door sees in there is an arena: nobody's doing but that of the objects in it. */
static void *arena_alloc(void *context, size_t size)
{
    thread_state.flags |= THREAD_ARENA;
    void *arena = objects.arenas.alloc(context, size);
    thread_state.flags &= ~THREAD_ARENA;
    return arena;
}

static void install(enum python_base base)
{
    struct python_arenas arenas;
    objects.most = PYTHON_SMALL_BYTES - (base == PYTHON_BASE_SMALL ? 0 : PYTHON_DEBUG_BYTES);
    for (enum python_domain domain = PYTHON_MEM; domain <= PYTHON_OBJ; domain++)
        python_objects_get(domain, &objects.under[domain]);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    struct python_allocator mem = {objects.under[PYTHON_MEM].context, mem_malloc, mem_calloc, mem_realloc, mem_free};
    struct python_allocator obj = {objects.under[PYTHON_OBJ].context, obj_malloc, obj_calloc, obj_realloc, obj_free};
    python_objects_set(PYTHON_MEM, &mem);
    python_objects_set(PYTHON_OBJ, &obj);
    python_objects_get_arenas(&arenas);
    if (arenas.alloc == arena_alloc)
        return;
    objects.arenas = arenas;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    arenas.alloc = arena_alloc;
    python_objects_set_arenas(&arenas);
}

static void tell(bool available, const char *why)
{
    if (objects.told != flight.epoch_ns + flight.journal.identity->activated_ns)
        journal_capability(&flight.journal, "python_objects", available, why);
    objects.told = flight.epoch_ns + flight.journal.identity->activated_ns;
}

static void settle(void)
{
    enum python_base base = python_objects_base();
    if (base == PYTHON_BASE_OTHER) {
        python_objects_forget();
        tell(false, "the interpreter's objects come out of malloc (PYTHONMALLOC): they are seen there");
        return;
    }
    tell(true, "sampled one by one");
    if (objects.installed && base == PYTHON_BASE_WRAPPED)
        return; /* by us, or by somebody before us */
    if (objects.installed)
        tracker_forget_objects();
    install(base);
    objects.installed = 1;
}

void object_door_open(void)
{
    struct guard guard;
    bool due = !objects.installed || __atomic_fetch_add(&objects.looks, 1, __ATOMIC_RELAXED) % LOOKS == 0;
    if (!due || flight_phase() != FLIGHT_ACTIVE || !guard_enter(&guard))
        return;
    if (guard_same_process() && python_is_locked_here() && lock_try(&objects.lock)) {
        settle();
        lock_drop(&objects.lock);
    }
    guard_leave(&guard);
}
