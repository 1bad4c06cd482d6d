/* SPDX-License-Identifier: MIT */
#define UNW_LOCAL_ONLY
#include "observe/unwind.h"
#include "ground/fence.h"
#include "ground/guard.h"
#include "ground/segment.h"
#include "ground/text.h"
#include "observe/modules.h"
#include "observe/unwind_calls.h"

#include <dlfcn.h>
#include <libunwind.h>
#include <link.h>
#include <pthread.h>
#include <ucontext.h>

#define STRING_OF(x)  #x
#define STRING_OF2(x) STRING_OF(x)
#define UNW_NAME(fn)  STRING_OF2(UNW_OBJ(fn)) /* _ULx86_64_get_proc_info_by_ip and the like */

static struct {
    int (*backtrace)(void **, int);
    int (*proc_info_by_ip)(unw_addr_space_t, unw_word_t, unw_proc_info_t *, void *);
    unw_addr_space_t *local;
    int (*init)(unw_cursor_t *, unw_context_t *, int);
    int (*step)(unw_cursor_t *);
    int (*get_reg)(unw_cursor_t *, unw_regnum_t, unw_word_t *);
    void (*flush)(unw_addr_space_t, unw_word_t, unw_word_t);
    int (*set_caching_policy)(unw_addr_space_t, unw_caching_policy_t);
    int (*set_cache_size)(unw_addr_space_t, size_t, int);
} library;
static struct segment own; /* our code */

#define UNWIND_CACHES    4u /* filled, beside a full table of blocks, they stay within 8 MiB */
#define SHARED_ADDRESSES 1024u
#define MORE_BYTES       (256u << 20)
#define STEPS            128u
#define NEVER            UINT32_MAX /* instead of a number of steps: this thread is ending */

static struct {
    uint32_t held; /* by so many threads */
    uint32_t allowed;
    uint32_t unloads;  /* grows when a module goes; 0 is never a thread's */
    pthread_key_t key; /* its destructor gives the cache back */
    bool keyed;
} caches = {.allowed = UNWIND_CACHES, .unloads = 1};

/* The library's own destructor frees the memory. */
static void give_back(void *unused)
{
    thread_state.flags &= ~THREAD_CACHED;
    thread_state.steps = NEVER;
    __atomic_fetch_sub(&caches.held, 1, __ATOMIC_RELAXED);
}

static bool take_cache(void)
{
    uint32_t held = __atomic_load_n(&caches.held, __ATOMIC_RELAXED);
    do
        if (held >= __atomic_load_n(&caches.allowed, __ATOMIC_RELAXED))
            return false;
    while (!__atomic_compare_exchange_n(&caches.held, &held, held + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    if (pthread_setspecific(caches.key, &caches) != 0) {
        __atomic_fetch_sub(&caches.held, 1, __ATOMIC_RELAXED);
        return false;
    }
    thread_state.flags |= THREAD_CACHED;
    thread_state.unloads = __atomic_load_n(&caches.unloads, __ATOMIC_ACQUIRE);
    return true;
}

static bool may_use_cache(void)
{
    if (thread_state.flags & THREAD_CACHED)
        return thread_state.unloads == __atomic_load_n(&caches.unloads, __ATOMIC_ACQUIRE);
    return thread_state.steps >= STEPS && thread_state.steps != NEVER && caches.keyed &&
           !(thread_state.flags & THREAD_HANDLER) && take_cache();
}

void unwind_allow(uint64_t resident_bytes)
{
    __atomic_store_n(&caches.allowed, UNWIND_CACHES + (uint32_t)(resident_bytes / MORE_BYTES), __ATOMIC_RELAXED);
}

uint32_t unwind_caches(void)
{
    return __atomic_load_n(&caches.held, __ATOMIC_RELAXED);
}

static bool is_loaded(void)
{
    return __atomic_load_n(&library.backtrace, __ATOMIC_ACQUIRE) != NULL;
}

bool unwind_closing(void)
{
    if (!is_loaded())
        return false;
    modules_closing();
    return true;
}

/* Nobody is inside the library while its cache is declared void, as at a fork. */
void unwind_closed(void)
{
    bool unloaded = modules_unloaded();
    if (unloaded) {
        fence_fork_prepare();
        __atomic_fetch_add(&caches.unloads, 1, __ATOMIC_RELEASE);
        if (library.flush && library.local)
            library.flush(*library.local, 0, 0);
        fence_fork_parent();
    }
    modules_closed(unloaded);
}

void unwind_forked(bool busy)
{
    if (busy && library.set_caching_policy && library.local)
        library.set_caching_policy(*library.local, UNW_CACHE_NONE);
    caches.held = thread_state.flags & THREAD_CACHED ? 1 : 0;
    modules_forked();
}

static void *symbol(void *handle, const char *name)
{
    return dlsym(handle, name);
}

static int steps_from(unw_cursor_t *cursor, void **raw, int capacity)
{
    unw_word_t address;
    int n = 0;
    while (n < capacity && library.get_reg(cursor, UNW_REG_IP, &address) >= 0 && address) {
        raw[n++] = (void *)(uintptr_t)address;
        if (library.step(cursor) <= 0)
            break;
    }
    return n;
}

/* Frame by frame, from a call: the first one is our own. */
static __attribute__((noinline)) int step_through(void **raw, int capacity)
{
    ucontext_t here;
    unw_cursor_t cursor;
    if (getcontext(&here) != 0 || library.init(&cursor, (unw_context_t *)&here, 0) < 0)
        return 0;
    return steps_from(&cursor, raw, capacity);
}

/*
 * The slow way's own cache, which all threads share: 128 addresses are too few for the stacks of a large program. 0.3
 * KiB for each that is used. It takes a new size only once it has been used, and when it is flushed; and nobody else
 * may be walking.
 */
static void widen_cache(void)
{
    void *some[8];
    if (!library.step || !library.get_reg || !library.set_cache_size || !library.flush || !library.local)
        return;
    step_through(some, 8);
    if (library.set_cache_size(*library.local, SHARED_ADDRESSES, 0) == 0)
        library.flush(*library.local, 0, 0);
}

/* Its pipe, to try addresses on, is made at its first use: here, where pipe2 (doors/descriptor_door) moves it away. */
static void start_library(void)
{
    ucontext_t here;
    unw_cursor_t cursor;
    if (library.init && getcontext(&here) == 0)
        library.init(&cursor, (unw_context_t *)&here, 0);
}

void unwind_begin(void)
{
    if (!own.end)
        own = segment_around((const void *)(uintptr_t)&unwind_begin);
}

bool unwind_load(char *why, size_t capacity)
{
    if (is_loaded())
        return true;
    bool shared = dlopen("libunwind.so.8", RTLD_NOW | RTLD_NOLOAD) != NULL; /* the program walks by itself */
    void *handle = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        text_copy(why, capacity, "libunwind.so.8 is not installed (package libunwind8)");
        return false;
    }
    library.proc_info_by_ip = symbol(handle, UNW_NAME(get_proc_info_by_ip));
    library.local = symbol(handle, UNW_NAME(local_addr_space));
    library.init = symbol(handle, UNW_NAME(init_local2));
    library.step = symbol(handle, UNW_NAME(step));
    library.get_reg = symbol(handle, UNW_NAME(get_reg));
    library.flush = symbol(handle, STRING_OF2(unw_flush_cache));
    library.set_cache_size = symbol(handle, STRING_OF2(unw_set_cache_size));
    library.set_caching_policy = symbol(handle, STRING_OF2(unw_set_caching_policy));
    void *backtrace = symbol(handle, "unw_backtrace");
    if (!backtrace) {
        text_copy(why, capacity, "libunwind.so.8 has no unw_backtrace");
        return false;
    }
    unwind_calls_of(backtrace);
    start_library();
    if (!shared)
        widen_cache();
    caches.keyed = caches.keyed || pthread_key_create(&caches.key, give_back) == 0;
    modules_unloaded(); /* what went before is nobody's */
    __atomic_store_n(&library.backtrace, (int (*)(void **, int))backtrace, __ATOMIC_RELEASE);
    text_copy(why, capacity, "libunwind.so.8");
    return true;
}

const void *unwind_library(void)
{
    return (const void *)(uintptr_t)library.backtrace;
}

bool unwind_is_ours(uint64_t address)
{
    return segment_has(&own, address);
}

/*
 * Where nothing says how to go on, as beyond the end of a greenlet's stack, the unwinder guesses, and what it finds may
 * be anything: bits of it must not be taken for the marks of a frame (LW_FRAME_PYTHON). There a stack ends.
 */
static bool is_possible(uint64_t address)
{
    return address >= 4096 && !(address >> 56);
}

static int walk_fenced(int (*backtrace)(void **, int), void **raw, int capacity)
{
    bool holds = !(thread_state.flags & THREAD_HANDLER);
    if (holds && !modules_hold())
        return 0;
    bool steps = library.init && library.step && library.get_reg && !may_use_cache();
    int n = (steps ? step_through : backtrace)(raw, capacity);
    if (steps && thread_state.steps < STEPS)
        thread_state.steps += (uint32_t)n;
    if (holds)
        modules_let_go();
    return n;
}

/* In a door the copy of the module list is brought up to date and held first: see modules.h. */
static int walk(int (*backtrace)(void **, int), void **raw, int capacity)
{
    if (!(thread_state.flags & THREAD_HANDLER))
        modules_follow();
    if (!fence_enter())
        return 0;
    int n = walk_fenced(backtrace, raw, capacity);
    fence_leave();
    return n;
}

uint32_t unwind_native(uint64_t *frames, uint32_t capacity)
{
    void *raw[UNWIND_MAX + 16];
    int (*backtrace)(void **, int) = __atomic_load_n(&library.backtrace, __ATOMIC_ACQUIRE);
    if (!backtrace)
        return 0;
    bool begun = unwind_calls_begin();
    int n = walk(backtrace, raw, (int)(sizeof raw / sizeof raw[0]));
    if (begun)
        unwind_calls_end();
    uint32_t count = 0;
    for (int i = 0; i < n && count < capacity && is_possible((uintptr_t)raw[i]); i++)
        if (!unwind_is_ours((uintptr_t)raw[i])) /* they are innermost, and where a thread began */
            frames[count++] = (uintptr_t)raw[i];
    return count;
}

uint32_t unwind_interrupted(void *ucontext, uint64_t *frames, uint32_t capacity)
{
    unw_cursor_t cursor;
    uint32_t count = 0;
    if (!is_loaded() || !library.init || !library.step || !library.get_reg || !fence_try())
        return 0;
    bool begun = unwind_calls_begin();
    if (library.init(&cursor, (unw_context_t *)ucontext, UNW_INIT_SIGNAL_FRAME) < 0)
        capacity = 0;
    while (count < capacity) {
        unw_word_t address;
        if (library.get_reg(&cursor, UNW_REG_IP, &address) < 0 || !is_possible(address))
            break;
        if (!unwind_is_ours(address)) {
            frames[count] = count ? address : address + 1; /* the interrupted instruction itself, as if returned to */
            count++;
        }
        if (library.step(&cursor) <= 0)
            break;
    }
    if (begun)
        unwind_calls_end();
    fence_leave();
    return count;
}

bool unwind_function(uint64_t address, uint64_t *start, uint64_t *end)
{
    unw_proc_info_t info;
    if (!is_loaded() || !library.proc_info_by_ip || !library.local)
        return false;
    bool begun = unwind_calls_begin();
    int error = library.proc_info_by_ip(*library.local, (unw_word_t)address, &info, NULL);
    if (begun)
        unwind_calls_end();
    if (error < 0)
        return false;
    *start = info.start_ip;
    *end = info.end_ip;
    return true;
}
