/* SPDX-License-Identifier: MIT */
#include "ground/next.h"
#include "ground/filter.h"
#include "ground/sys.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* glibc 2.36 asks for some 40 bytes during the first dlsym; other libraries' early constructors may ask for more. */
#define BOOTSTRAP_BYTES 32768
#define BOOTSTRAP_HEAD  16 /* the size of the block stands before it */

static _Alignas(64) unsigned char bootstrap[BOOTSTRAP_BYTES];
static size_t bootstrap_used;
static uint32_t resolving; /* 1: some thread does; the program has hardly ever more than one so early */

static void *bootstrap_allocate(size_t size, size_t alignment)
{
    if (alignment < 16)
        alignment = 16;
    size_t room = (size + 15) & ~(size_t)15;
    if (size > BOOTSTRAP_BYTES || alignment > 4096) {
        errno = ENOMEM;
        return NULL;
    }
    size_t old = __atomic_load_n(&bootstrap_used, __ATOMIC_RELAXED), start;
    do {
        uintptr_t at = (uintptr_t)bootstrap + old + BOOTSTRAP_HEAD;
        start = ((at + alignment - 1) & ~(uintptr_t)(alignment - 1)) - (uintptr_t)bootstrap;
        if (start + room > BOOTSTRAP_BYTES) {
            errno = ENOMEM;
            return NULL;
        }
    } while (
        !__atomic_compare_exchange_n(&bootstrap_used, &old, start + room, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    memcpy(bootstrap + start - sizeof room, &room, sizeof room);
    filter_pin(bootstrap + start);
    return bootstrap + start;
}

bool next_bootstrap_owns(const void *pointer)
{
    return (uintptr_t)pointer - (uintptr_t)bootstrap < BOOTSTRAP_BYTES;
}

size_t next_bootstrap_size(const void *pointer)
{
    size_t room;
    memcpy(&room, (const unsigned char *)pointer - sizeof room, sizeof room);
    return room;
}

void next_bootstrap_pin(void)
{
    for (size_t i = 0; i < bootstrap_used; i += 16)
        filter_pin(bootstrap + i);
}

/* The stubs: resolve, then go where the pointer leads now. While resolving, the bootstrap block serves. */
static bool ready(void)
{
    if (__atomic_load_n(&resolving, __ATOMIC_ACQUIRE))
        return false;
    next_resolve();
    return true;
}

static void *early_malloc(size_t size)
{
    return ready() ? next.malloc(size) : bootstrap_allocate(size, 16);
}

static void early_free(void *pointer)
{
    if (pointer && ready())
        next.free(pointer);
}

static void *early_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (ready())
        return next.calloc(count, size);
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return bootstrap_allocate(bytes, 16); /* fresh static memory is zero */
}

static void *early_realloc(void *pointer, size_t size)
{
    return ready() ? next.realloc(pointer, size) : bootstrap_allocate(size, 16);
}

static void *early_reallocarray(void *pointer, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return early_realloc(pointer, bytes);
}

static void *early_aligned_alloc(size_t alignment, size_t size)
{
    return ready() ? next.aligned_alloc(alignment, size) : bootstrap_allocate(size, alignment);
}

static int early_posix_memalign(void **out, size_t alignment, size_t size)
{
    if (ready())
        return next.posix_memalign(out, alignment, size);
    void *p = bootstrap_allocate(size, alignment);
    if (p)
        *out = p;
    return p ? 0 : ENOMEM;
}

static void *early_memalign(size_t alignment, size_t size)
{
    return ready() ? next.memalign(alignment, size) : bootstrap_allocate(size, alignment);
}

static void *early_valloc(size_t size)
{
    return ready() ? next.valloc(size) : bootstrap_allocate(size, 4096);
}

static void *early_pvalloc(size_t size)
{
    return ready() ? next.pvalloc(size) : bootstrap_allocate((size + 4095) & ~(size_t)4095, 4096);
}

static size_t early_usable_size(void *pointer)
{
    return pointer && ready() ? next.malloc_usable_size(pointer) : 0;
}

static int early_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg)
{
    return ready() ? next.pthread_create(thread, attributes, start, arg) : EAGAIN;
}

static int early_iterate(int (*visit)(struct dl_phdr_info *, size_t, void *), void *context)
{
    return ready() ? next.dl_iterate_phdr(visit, context) : 0;
}

static int early_sigaction(int signal, const struct sigaction *action, struct sigaction *old)
{
    if (ready())
        return next.sigaction(signal, action, old);
    errno = ENOSYS;
    return -1;
}

static void (*early_signal(int signal, void (*handler)(int)))(int)
{
    if (ready())
        return next.signal(signal, handler);
    errno = ENOSYS;
    return SIG_ERR;
}

/* Mappings need no resolving: the system call is the function. errno as the C library would leave it. */
static long with_errno(long result)
{
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

static void *direct_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return (void *)with_errno(sys_call(SYS_mmap, (long)address, (long)bytes, protection, flags, fd, offset));
}

static int direct_munmap(void *address, size_t bytes)
{
    return (int)with_errno(sys_call(SYS_munmap, (long)address, (long)bytes, 0, 0, 0, 0));
}

static void *direct_mremap(void *address, size_t old, size_t bytes, int flags, void *target)
{
    return (void *)with_errno(sys_call(SYS_mremap, (long)address, (long)old, (long)bytes, flags, (long)target, 0));
}

static ssize_t direct_read(int fd, void *buffer, size_t size)
{
    return with_errno(sys_call(SYS_read, fd, (long)buffer, (long)size, 0, 0, 0));
}

static ssize_t direct_pread(int fd, void *buffer, size_t size, off_t offset)
{
    return with_errno(sys_call(SYS_pread64, fd, (long)buffer, (long)size, offset, 0, 0));
}

static ssize_t direct_readv(int fd, const struct iovec *vector, int count)
{
    return with_errno(sys_call(SYS_readv, fd, (long)vector, count, 0, 0, 0));
}

static ssize_t direct_recv(int fd, void *buffer, size_t size, int flags)
{
    return with_errno(sys_call(SYS_recvfrom, fd, (long)buffer, (long)size, flags, 0, 0));
}

static void direct_exit(int code)
{
    for (;;)
        sys_call(SYS_exit_group, code, 0, 0, 0, 0, 0);
}

struct next next = {
    .malloc = early_malloc,
    .free = early_free,
    .calloc = early_calloc,
    .realloc = early_realloc,
    .reallocarray = early_reallocarray,
    .aligned_alloc = early_aligned_alloc,
    .posix_memalign = early_posix_memalign,
    .memalign = early_memalign,
    .valloc = early_valloc,
    .pvalloc = early_pvalloc,
    .malloc_usable_size = early_usable_size,
    .mmap = direct_mmap,
    .munmap = direct_munmap,
    .mremap = direct_mremap,
    .read = direct_read,
    .pread = direct_pread,
    .readv = direct_readv,
    .recv = direct_recv,
    .exit_now = direct_exit,
    .pthread_create = early_pthread_create,
    .dl_iterate_phdr = early_iterate,
    .sigaction = early_sigaction,
    .signal = early_signal,
};

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
    {"malloc", offsetof(struct next, malloc)},
    {"free", offsetof(struct next, free)},
    {"calloc", offsetof(struct next, calloc)},
    {"realloc", offsetof(struct next, realloc)},
    {"reallocarray", offsetof(struct next, reallocarray)},
    {"aligned_alloc", offsetof(struct next, aligned_alloc)},
    {"posix_memalign", offsetof(struct next, posix_memalign)},
    {"memalign", offsetof(struct next, memalign)},
    {"valloc", offsetof(struct next, valloc)},
    {"pvalloc", offsetof(struct next, pvalloc)},
    {"malloc_usable_size", offsetof(struct next, malloc_usable_size)},
    {"mmap", offsetof(struct next, mmap)},
    {"munmap", offsetof(struct next, munmap)},
    {"mremap", offsetof(struct next, mremap)},
    {"_exit", offsetof(struct next, exit_now)},
    {"execve", offsetof(struct next, execve)},
    {"execvpe", offsetof(struct next, execvpe)},
    {"pthread_create", offsetof(struct next, pthread_create)},
    {"dl_iterate_phdr", offsetof(struct next, dl_iterate_phdr)},
    {"read", offsetof(struct next, read)},
    {"pread", offsetof(struct next, pread)},
    {"readv", offsetof(struct next, readv)},
    {"recv", offsetof(struct next, recv)},
    {"sigaction", offsetof(struct next, sigaction)},
    {"signal", offsetof(struct next, signal)},
    {"malloc_trim", offsetof(struct next, malloc_trim)},
};

void next_resolve(void)
{
    static uint32_t done;
    if (__atomic_load_n(&done, __ATOMIC_ACQUIRE) || __atomic_exchange_n(&resolving, 1, __ATOMIC_ACQ_REL))
        return;
    struct next found = next;
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *address = dlsym(RTLD_NEXT, functions[i].name);
        if (address)
            memcpy((char *)&found + functions[i].offset, &address, sizeof address);
    }
    next = found;
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&resolving, 0, __ATOMIC_RELEASE);
}
