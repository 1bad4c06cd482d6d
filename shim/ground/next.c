/* SPDX-License-Identifier: MIT */
#include "ground/next.h"
#include "ground/allocator.h"
#include "ground/direct.h"
#include "ground/filter.h"
#include "ground/segment.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/* glibc 2.36 asks for some 40 bytes during the first dlsym; other libraries' early constructors may ask for more. */
#define BOOTSTRAP_HEAD 16 /* the size of the block stands before it */

_Alignas(64) unsigned char next_bootstrap[NEXT_BOOTSTRAP_BYTES];
static size_t bootstrap_used;
static uint32_t resolving; /* 1: some thread does; the program has hardly ever more than one so early */

static void *bootstrap_allocate(size_t size, size_t alignment)
{
    if (alignment < 16)
        alignment = 16;
    size_t room = (size + 15) & ~(size_t)15;
    if (size > NEXT_BOOTSTRAP_BYTES || alignment > 4096) {
        errno = ENOMEM;
        return NULL;
    }
    size_t old = __atomic_load_n(&bootstrap_used, __ATOMIC_RELAXED), start;
    do {
        uintptr_t at = (uintptr_t)next_bootstrap + old + BOOTSTRAP_HEAD;
        start = ((at + alignment - 1) & ~(uintptr_t)(alignment - 1)) - (uintptr_t)next_bootstrap;
        if (start + room > NEXT_BOOTSTRAP_BYTES) {
            errno = ENOMEM;
            return NULL;
        }
    } while (
        !__atomic_compare_exchange_n(&bootstrap_used, &old, start + room, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    memcpy(next_bootstrap + start - sizeof room, &room, sizeof room);
    filter_pin(next_bootstrap + start);
    return next_bootstrap + start;
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
        filter_pin(next_bootstrap + i);
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

/* Bootstrap blocks do not come here (realloc_slowly), so a pointer here is of the real allocator: never moved. */
static void *early_realloc(void *pointer, size_t size)
{
    if (ready())
        return next.realloc(pointer, size);
    if (!pointer)
        return bootstrap_allocate(size, 16);
    errno = ENOMEM;
    return NULL;
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

/* A stub that can only say no while some thread resolves: `failure` with this errno. */
#define EARLY(type, name, parameters, arguments, error, failure)                                                       \
    static type early_##name parameters                                                                                \
    {                                                                                                                  \
        if (ready())                                                                                                   \
            return next.name arguments;                                                                                \
        errno = error;                                                                                                 \
        return failure;                                                                                                \
    }

EARLY(int, pthread_create, (pthread_t * thread, const pthread_attr_t *attributes, void *(*start)(void *), void *arg),
      (thread, attributes, start, arg), EAGAIN, EAGAIN)
EARLY(int, dl_iterate_phdr, (int (*visit)(struct dl_phdr_info *, size_t, void *), void *context), (visit, context),
      EAGAIN, 0)
EARLY(int, dlclose, (void *handle), (handle), EAGAIN, -1)
EARLY(int, sigaction, (int signal, const struct sigaction *action, struct sigaction *old), (signal, action, old),
      ENOSYS, -1)
EARLY(sighandler_t, signal, (int signal, sighandler_t handler), (signal, handler), ENOSYS, SIG_ERR)
EARLY(sighandler_t, sysv_signal, (int signal, sighandler_t handler), (signal, handler), ENOSYS, SIG_ERR)
EARLY(sighandler_t, sigset, (int signal, sighandler_t handler), (signal, handler), ENOSYS, SIG_ERR)
EARLY(int, sigprocmask, (int how, const sigset_t *set, sigset_t *old), (how, set, old), ENOSYS, -1)
EARLY(size_t, fread, (void *buffer, size_t size, size_t count, FILE *file), (buffer, size, count, file), EAGAIN, 0)
EARLY(size_t, fwrite, (const void *buffer, size_t size, size_t count, FILE *file), (buffer, size, count, file), EAGAIN,
      0)
EARLY(void *, sbrk, (intptr_t more), (more), ENOMEM, (void *)-1)
EARLY(int, brk, (void *end), (end), ENOMEM, -1)
EARLY(int, execvpe, (const char *file, char *const *argv, char *const *envp), (file, argv, envp), EAGAIN, -1)
EARLY(int, fexecve, (int fd, char *const *argv, char *const *envp), (fd, argv, envp), EAGAIN, -1)
EARLY(int, daemon, (int nochdir, int noclose), (nochdir, noclose), EAGAIN, -1)

static void early_quick_exit(int code)
{
    if (ready())
        next.quick_exit(code);
    direct_exit(code);
}

/* X(field, symbol, what stands there until it is resolved); first what every call reads */
#define FUNCTIONS(X)                                                                                                   \
    X(malloc, "malloc", early_malloc)                                                                                  \
    X(free, "free", early_free)                                                                                        \
    X(calloc, "calloc", early_calloc)                                                                                  \
    X(realloc, "realloc", early_realloc)                                                                               \
    X(aligned_alloc, "aligned_alloc", early_aligned_alloc)                                                             \
    X(posix_memalign, "posix_memalign", early_posix_memalign)                                                          \
    X(memalign, "memalign", early_memalign)                                                                            \
    X(valloc, "valloc", early_valloc)                                                                                  \
    X(pvalloc, "pvalloc", early_pvalloc)                                                                               \
    X(malloc_usable_size, "malloc_usable_size", early_usable_size)                                                     \
    X(mmap, "mmap", direct_mmap)                                                                                       \
    X(munmap, "munmap", direct_munmap)                                                                                 \
    X(mremap, "mremap", direct_mremap)                                                                                 \
    X(read, "read", direct_read)                                                                                       \
    X(pread, "pread", direct_pread)                                                                                    \
    X(readv, "readv", direct_readv)                                                                                    \
    X(recv, "recv", direct_recv)                                                                                       \
    X(exit_now, "_exit", direct_exit)                                                                                  \
    X(preadv, "preadv", direct_preadv)                                                                                 \
    X(preadv2, "preadv2", direct_preadv2)                                                                              \
    X(recvfrom, "recvfrom", direct_recvfrom)                                                                           \
    X(recvmsg, "recvmsg", direct_recvmsg)                                                                              \
    X(fread, "fread", early_fread)                                                                                     \
    X(send, "send", direct_send)                                                                                       \
    X(sendto, "sendto", direct_sendto)                                                                                 \
    X(sendmsg, "sendmsg", direct_sendmsg)                                                                              \
    X(write, "write", direct_write)                                                                                    \
    X(pwrite, "pwrite", direct_pwrite)                                                                                 \
    X(writev, "writev", direct_writev)                                                                                 \
    X(pwritev, "pwritev", direct_pwritev)                                                                              \
    X(pwritev2, "pwritev2", direct_pwritev2)                                                                           \
    X(sendfile, "sendfile", direct_sendfile)                                                                           \
    X(copy_file_range, "copy_file_range", direct_copy_file_range)                                                      \
    X(fallocate, "fallocate", direct_fallocate)                                                                        \
    X(posix_fallocate, "posix_fallocate", direct_posix_fallocate)                                                      \
    X(fwrite, "fwrite", early_fwrite)                                                                                  \
    X(madvise, "madvise", direct_madvise)                                                                              \
    X(mlock, "mlock", direct_mlock)                                                                                    \
    X(mlock2, "mlock2", direct_mlock2)                                                                                 \
    X(mlockall, "mlockall", direct_mlockall)                                                                           \
    X(brk, "brk", early_brk)                                                                                           \
    X(sbrk, "sbrk", early_sbrk)                                                                                        \
    X(shmat, "shmat", direct_shmat)                                                                                    \
    X(shmdt, "shmdt", direct_shmdt)                                                                                    \
    X(close, "close", direct_close)                                                                                    \
    X(close_range, "close_range", direct_close_range)                                                                  \
    X(dup2, "dup2", direct_dup2)                                                                                       \
    X(dup3, "dup3", direct_dup3)                                                                                       \
    X(pipe2, "pipe2", direct_pipe2)                                                                                    \
    X(execve, "execve", direct_execve)                                                                                 \
    X(execvpe, "execvpe", early_execvpe)                                                                               \
    X(execveat, "execveat", direct_execveat)                                                                           \
    X(fexecve, "fexecve", early_fexecve)                                                                               \
    X(quick_exit, "quick_exit", early_quick_exit)                                                                      \
    X(daemon, "daemon", early_daemon)                                                                                  \
    X(unshare, "unshare", direct_unshare)                                                                              \
    X(setns, "setns", direct_setns)                                                                                    \
    X(capset, "capset", direct_capset)                                                                                 \
    X(prctl, "prctl", direct_prctl)                                                                                    \
    X(pthread_create, "pthread_create", early_pthread_create)                                                          \
    X(dl_iterate_phdr, "dl_iterate_phdr", early_dl_iterate_phdr)                                                       \
    X(dlclose, "dlclose", early_dlclose)                                                                               \
    X(sigaction, "sigaction", early_sigaction)                                                                         \
    X(signal, "signal", early_signal)                                                                                  \
    X(sysv_signal, "__sysv_signal", early_sysv_signal)                                                                 \
    X(sigset, "sigset", early_sigset)                                                                                  \
    X(sigprocmask, "sigprocmask", early_sigprocmask)                                                                   \
    X(malloc_trim, "malloc_trim", NULL)

#define STUB(field, symbol, stub)   .field = (stub),
#define SYMBOL(field, symbol, stub) {symbol, offsetof(struct next, field)},

/* read by every call: nothing that changes shares its cache lines */
_Alignas(64) struct next next = {FUNCTIONS(STUB)};

static const struct {
    const char *name;
    size_t offset;
} functions[] = {FUNCTIONS(SYMBOL)};

/* ---- whose code is it? ---- */

static struct segment allocator, carrier; /* their code */

bool next_is_allocator(const void *code)
{
    return segment_has(&allocator, (uintptr_t)code);
}

bool next_is_carrier(const void *code)
{
    return segment_has(&carrier, (uintptr_t)code);
}

/* A program that is linked to fixed addresses (Debian's python3) may have an entry for somebody else's function. */
static bool is_definition(const void *code)
{
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    return !dladdr1(code, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol || symbol->st_shndx != SHN_UNDEF;
}

static void find_allocators(void)
{
    const void *first = dlsym(RTLD_DEFAULT, "malloc");
    struct segment theirs = segment_around(first);
    allocator = segment_around((const void *)(uintptr_t)next.malloc);
    if (!segment_has(&theirs, (uintptr_t)&find_allocators) && is_definition(first))
        carrier = theirs; /* the program's malloc is not our door */
}

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
    allocator_choose(&found);
    next = found;
    find_allocators();
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&resolving, 0, __ATOMIC_RELEASE);
    allocator_begin();
}
