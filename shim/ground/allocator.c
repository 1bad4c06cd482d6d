/* SPDX-License-Identifier: MIT */
#include "ground/allocator.h"
#include "ground/lock.h"
#include "ground/next.h"
#include "ground/options.h"
#include "ground/sys.h"
#include "ground/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the environment, before and after the C library knows it ---- */

static char *from_environ(const char *name, char *buffer, size_t capacity)
{
    size_t n = strlen(name);
    for (char **entry = environ; *entry; entry++) {
        if (strncmp(*entry, name, n) == 0 && (*entry)[n] == '=') {
            text_copy(buffer, capacity, *entry + n + 1);
            return buffer;
        }
    }
    return NULL;
}

/* /proc/self/environ: name=value, each with a NUL behind, in the order that the kernel got them in. */
static char *from_kernel(const char *name, char *buffer, size_t capacity)
{
    char piece[1024];
    size_t n = strlen(name), at = 0; /* position in the entry */
    bool same = true, found = false;
    int fd = sys_open("/proc/self/environ", O_RDONLY, 0);
    for (long got; fd >= 0 && !found && (got = sys_read(fd, piece, sizeof piece)) > 0;) {
        for (long i = 0; i < got && !found; i++) {
            char c = piece[i];
            same = same && (at < n ? c == name[at] : at > n || c == '=');
            if (same && at > n && at - n - 1 < capacity)
                buffer[at - n - 1] = c;
            found = !c && same;
            at = c ? at + 1 : 0;
            same = same || !c;
        }
    }
    if (fd >= 0)
        sys_close(fd);
    buffer[capacity - 1] = '\0';
    return found ? buffer : NULL;
}

char *allocator_environment(const char *name, char *buffer, size_t capacity)
{
    return environ ? from_environ(name, buffer, capacity) : from_kernel(name, buffer, capacity);
}

static void silent(void *context, const char *line)
{
    (void)context;
    (void)line; /* the constructor says it */
}

bool allocator_wanted(void)
{
    char setting[4096], program[64];
    struct options options;
    if (!allocator_environment("LASTWORDS", setting, sizeof setting) || !strstr(setting, "allocator"))
        return false;
    options_preset(&options);
    options_parse(&options, setting, silent, NULL);
    sys_program(program, sizeof program);
    return options.jemalloc && !options.off && options_watch(&options, program);
}

#ifdef LASTWORDS_JEMALLOC

#define ALL_ARENAS_DECAY "arena.4096.decay" /* MALLCTL_ARENAS_ALL of jemalloc's header */
#define ALL_ARENAS_PURGE "arena.4096.purge"
/*
 * Below what the user says: given back within some seconds, so that a peak that is over does not stay. Blocks of up to
 * 64 KiB by the threads' caches: a compiler takes 0.3 % less time than with 32.
 */
#define CONF_BEFORE "dirty_decay_ms:3000,muzzy_decay_ms:0,lg_tcache_max:16"
/* Above it. The threads would block all signals, and wait when others are stopped. */
#define CONF_AFTER ",background_thread:false,prof:false,dss:disabled"

void *lw_jemalloc_malloc(size_t);
void lw_jemalloc_free(void *);
void *lw_jemalloc_calloc(size_t, size_t);
void *lw_jemalloc_realloc(void *, size_t);
void *lw_jemalloc_aligned_alloc(size_t, size_t);
void *lw_jemalloc_memalign(size_t, size_t);
int lw_jemalloc_posix_memalign(void **, size_t, size_t);
size_t lw_jemalloc_malloc_usable_size(void *);
int lw_jemalloc_mallctl(const char *, void *, size_t *, void *, size_t);
extern const char *lw_jemalloc_malloc_conf;

/* ---- what jemalloc has mapped ---- */

#define MAX_RANGES 1024 /* it maps in growing steps and keeps what it has: some tens are usual */

struct range {
    uintptr_t start, end;
};

static struct range ranges[MAX_RANGES]; /* sorted; neighbours are one */
static size_t range_count;
static struct lock range_lock;
static bool chosen;

/* The first range that ends behind `address`. */
static size_t range_at(uintptr_t address)
{
    size_t low = 0, high = range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool insert_range(size_t at, struct range range)
{
    if (range_count == MAX_RANGES)
        return false; /* its blocks still tell what it is, where there are any */
    memmove(&ranges[at + 1], &ranges[at], (range_count - at) * sizeof ranges[0]);
    ranges[at] = range;
    range_count++;
    return true;
}

static void remove_range(size_t at)
{
    range_count--;
    memmove(&ranges[at], &ranges[at + 1], (range_count - at) * sizeof ranges[0]);
}

static void note_range(uintptr_t start, uintptr_t end)
{
    size_t at = range_at(start);
    bool before = at > 0 && ranges[at - 1].end == start, after = at < range_count && ranges[at].start == end;
    if (before && after) {
        ranges[at - 1].end = ranges[at].end;
        remove_range(at);
    } else if (before) {
        ranges[at - 1].end = end;
    } else if (after) {
        ranges[at].start = start;
    } else {
        insert_range(at, (struct range){start, end});
    }
}

static void forget_range(uintptr_t start, uintptr_t end)
{
    for (size_t at = range_at(start); at < range_count && ranges[at].start < end;) {
        struct range *range = &ranges[at];
        if (range->start < start && range->end > end) {
            insert_range(at + 1, (struct range){end, range->end});
            range->end = start;
            return;
        }
        if (range->start < start)
            range->end = start;
        else if (range->end > end)
            range->start = end;
        else {
            remove_range(at);
            continue;
        }
        at++;
    }
}

bool allocator_owns(uint64_t start, uint64_t end)
{
    if (!chosen || !lock_take(&range_lock))
        return false;
    size_t at = range_at(start);
    bool owns = at < range_count && ranges[at].start < end;
    lock_drop(&range_lock);
    return owns;
}

void allocator_forked(void)
{
    if (chosen) /* another thread of the parent may have held it */
        lock_drop(&range_lock);
}

/* ---- what jemalloc asks for ---- */

#define HOOK __attribute__((visibility("hidden")))

static long with_errno(long result)
{
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

/* Without its MAP_NORESERVE: what the machine could never hold is refused here as the C library's malloc has it. */
HOOK void *lw_jemalloc_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
HOOK void *lw_jemalloc_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    flags &= ~MAP_NORESERVE;
    long result = with_errno(sys_call(SYS_mmap, (long)address, (long)bytes, protection, flags, fd, offset));
    if (result != -1 && lock_take(&range_lock)) {
        if (flags & MAP_FIXED) /* within what it has already */
            forget_range((uintptr_t)result, (uintptr_t)result + bytes);
        note_range((uintptr_t)result, (uintptr_t)result + bytes);
        lock_drop(&range_lock);
    }
    return (void *)result;
}

HOOK int lw_jemalloc_munmap(void *address, size_t bytes);
HOOK int lw_jemalloc_munmap(void *address, size_t bytes)
{
    if (lock_take(&range_lock)) { /* before: afterwards another thread may have got the addresses */
        forget_range((uintptr_t)address, (uintptr_t)address + bytes);
        lock_drop(&range_lock);
    }
    return (int)with_errno(sys_call(SYS_munmap, (long)address, (long)bytes, 0, 0, 0, 0));
}

HOOK int lw_jemalloc_mprotect(void *address, size_t bytes, int protection);
HOOK int lw_jemalloc_mprotect(void *address, size_t bytes, int protection)
{
    return (int)with_errno(sys_call(SYS_mprotect, (long)address, (long)bytes, protection, 0, 0, 0));
}

HOOK int lw_jemalloc_madvise(void *address, size_t bytes, int advice);
HOOK int lw_jemalloc_madvise(void *address, size_t bytes, int advice)
{
    return (int)with_errno(sys_call(SYS_madvise, (long)address, (long)bytes, advice, 0, 0, 0));
}

HOOK int lw_jemalloc_close(int fd);
HOOK int lw_jemalloc_close(int fd)
{
    return (int)with_errno(sys_call(SYS_close, fd, 0, 0, 0, 0, 0));
}

HOOK char *lw_jemalloc_secure_getenv(const char *name);
HOOK char *lw_jemalloc_secure_getenv(const char *name)
{
    static char value[2048];
    if (strcmp(name, "MALLOC_CONF") != 0)
        return NULL;
    if (!allocator_environment(name, value, sizeof value - sizeof CONF_AFTER))
        value[0] = '\0';
    size_t n = strlen(value);
    if (n == sizeof value - sizeof CONF_AFTER - 1) /* cut: the last setting is not whole */
        while (n && value[n - 1] != ',')
            n--;
    while (n && value[n - 1] == ',')
        n--;
    memcpy(value + n, n ? CONF_AFTER : CONF_AFTER + 1, sizeof CONF_AFTER - !n);
    return value;
}

/* Never used with what CONF_AFTER switches off: the break, threads of its own, the profiler and its mathematics. */
HOOK void *lw_jemalloc_sbrk(intptr_t more);
HOOK void *lw_jemalloc_sbrk(intptr_t more)
{
    return (void *)-1; /* it asks once where the break is; errno is the program's */
}

HOOK void *lw_jemalloc_dlsym(void *handle, const char *name);
HOOK void *lw_jemalloc_dlsym(void *handle, const char *name)
{
    return NULL; /* it goes on with its own pthread_create then, which is the next one */
}

HOOK int lw_jemalloc_pthread_create(void *thread, const void *attributes, void *(*start)(void *), void *argument);
HOOK int lw_jemalloc_pthread_create(void *thread, const void *attributes, void *(*start)(void *), void *argument)
{
    return EAGAIN;
}

HOOK int lw_jemalloc_unwind(void *visit, void *context);
HOOK int lw_jemalloc_unwind(void *visit, void *context)
{
    return 5; /* _URC_END_OF_STACK */
}

HOOK uintptr_t lw_jemalloc_unwind_ip(void *context);
HOOK uintptr_t lw_jemalloc_unwind_ip(void *context)
{
    return 0;
}

HOOK double lw_jemalloc_log(double x);
HOOK double lw_jemalloc_log(double x)
{
    return 1;
}

HOOK double lw_jemalloc_exp(double x);
HOOK double lw_jemalloc_exp(double x)
{
    return 1;
}

HOOK double lw_jemalloc_round(double x);
HOOK double lw_jemalloc_round(double x)
{
    return x;
}

/* ---- in the place of the C library's ---- */

/* Where a size is beyond all bounds, jemalloc's leaves errno alone. */
static void *jemalloc_realloc(void *pointer, size_t size)
{
    void *block = lw_jemalloc_realloc(pointer, size);
    if (!block && size)
        errno = ENOMEM;
    return block;
}

/* jemalloc's leaves errno alone, and refuses an alignment that the C library rounds up to a power of two. */
static void *jemalloc_memalign(size_t alignment, size_t size)
{
    size_t power = sizeof(void *);
    while (power < alignment && power <= SIZE_MAX / 4 + 1)
        power *= 2;
    void *block = alignment <= power ? lw_jemalloc_memalign(power, size) : NULL;
    if (!block)
        errno = alignment <= power ? ENOMEM : EINVAL;
    return block;
}

static void *jemalloc_valloc(size_t size)
{
    return jemalloc_memalign((size_t)sysconf(_SC_PAGESIZE), size);
}

static void *jemalloc_pvalloc(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes;
    if (__builtin_add_overflow(size, page - 1, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return jemalloc_memalign(page, bytes & ~(page - 1));
}

void allocator_choose(struct next *found)
{
    chosen = allocator_wanted();
    if (!chosen)
        return;
    lw_jemalloc_malloc_conf = CONF_BEFORE;
    found->malloc = lw_jemalloc_malloc;
    found->free = lw_jemalloc_free;
    found->calloc = lw_jemalloc_calloc;
    found->realloc = jemalloc_realloc;
    found->aligned_alloc = lw_jemalloc_aligned_alloc;
    found->posix_memalign = lw_jemalloc_posix_memalign;
    found->memalign = jemalloc_memalign;
    found->valloc = jemalloc_valloc;
    found->pvalloc = jemalloc_pvalloc;
    found->malloc_usable_size = lw_jemalloc_malloc_usable_size;
}

void allocator_begin(void)
{
    int saved = errno;
    if (chosen)
        lw_jemalloc_free(lw_jemalloc_malloc(1));
    errno = saved;
}

bool allocator_is_jemalloc(void)
{
    return chosen;
}

static void call(const char *name)
{
    lw_jemalloc_mallctl(name, NULL, NULL, NULL, 0);
}

static uint64_t number(const char *name)
{
    size_t value = 0, size = sizeof value;
    return lw_jemalloc_mallctl(name, &value, &size, NULL, 0) == 0 ? value : 0;
}

bool allocator_tend(struct allocator_numbers *numbers)
{
    uint64_t epoch = 1;
    if (!chosen)
        return false;
    call(ALL_ARENAS_DECAY);
    lw_jemalloc_mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
    numbers->live_bytes = number("stats.allocated");
    numbers->resident_bytes = number("stats.resident");
    return true;
}

static const char *purge(void)
{
    call(ALL_ARENAS_PURGE);
    return "jemalloc's purge";
}

#else

void allocator_choose(struct next *found)
{
}

void allocator_begin(void)
{
}

bool allocator_is_jemalloc(void)
{
    return false;
}

bool allocator_owns(uint64_t start, uint64_t end)
{
    return false;
}

void allocator_forked(void)
{
}

bool allocator_tend(struct allocator_numbers *numbers)
{
    return false;
}

static const char *purge(void)
{
    return NULL;
}

#endif

size_t allocator_head_bytes(void)
{
    return allocator_is_jemalloc() ? 0 : sizeof(size_t); /* glibc's size word */
}

const char *allocator_relieve(void)
{
    if (allocator_is_jemalloc())
        return purge();
    if (!next.malloc_trim)
        return NULL;
    next.malloc_trim(0);
    return "malloc_trim";
}
