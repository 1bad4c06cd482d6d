/* SPDX-License-Identifier: MIT */
#include "ground/next.h"
#include "ground/allocator.h"
#include "ground/filter.h"
#include "ground/sys.h"

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
EARLY(size_t, fread, (void *buffer, size_t size, size_t count, FILE *file), (buffer, size, count, file), EAGAIN, 0)
EARLY(void *, sbrk, (intptr_t more), (more), ENOMEM, (void *)-1)
EARLY(int, brk, (void *end), (end), ENOMEM, -1)
EARLY(int, execvpe, (const char *file, char *const *argv, char *const *envp), (file, argv, envp), EAGAIN, -1)
EARLY(int, fexecve, (int fd, char *const *argv, char *const *envp), (fd, argv, envp), EAGAIN, -1)
EARLY(int, daemon, (int nochdir, int noclose), (nochdir, noclose), EAGAIN, -1)

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

/* The offset goes in two halves, of which the kernel uses one on 64-bit machines. */
static ssize_t direct_preadv(int fd, const struct iovec *vector, int count, off_t offset)
{
    return with_errno(sys_call(SYS_preadv, fd, (long)vector, count, offset, 0, 0));
}

static ssize_t direct_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    return with_errno(sys_call(SYS_recvfrom, fd, (long)buffer, (long)size, flags, (long)from, (long)length));
}

static ssize_t direct_recvmsg(int fd, struct msghdr *message, int flags)
{
    return with_errno(sys_call(SYS_recvmsg, fd, (long)message, flags, 0, 0, 0));
}

static int direct_madvise(void *address, size_t size, int advice)
{
    return (int)with_errno(sys_call(SYS_madvise, (long)address, (long)size, advice, 0, 0, 0));
}

static void *direct_shmat(int id, const void *address, int flags)
{
    return (void *)with_errno(sys_call(SYS_shmat, id, (long)address, flags, 0, 0, 0));
}

static int direct_shmdt(const void *address)
{
    return (int)with_errno(sys_call(SYS_shmdt, (long)address, 0, 0, 0, 0, 0));
}

static int direct_close(int fd)
{
    return (int)with_errno(sys_call(SYS_close, fd, 0, 0, 0, 0, 0));
}

static int direct_close_range(unsigned first, unsigned last, int flags)
{
    return (int)with_errno(sys_call(SYS_close_range, first, last, flags, 0, 0, 0));
}

static int direct_dup3(int from, int to, int flags)
{
    return (int)with_errno(sys_call(SYS_dup3, from, to, flags, 0, 0, 0));
}

static int direct_dup2(int from, int to)
{
    if (from == to)
        return (int)with_errno(sys_call(SYS_fcntl, from, F_GETFD, 0, 0, 0, 0)) < 0 ? -1 : to;
    return direct_dup3(from, to, 0);
}

static int direct_pipe2(int *ends, int flags)
{
    return (int)with_errno(sys_call(SYS_pipe2, (long)ends, flags, 0, 0, 0, 0));
}

static int direct_execve(const char *path, char *const *argv, char *const *envp)
{
    return (int)with_errno(sys_call(SYS_execve, (long)path, (long)argv, (long)envp, 0, 0, 0));
}

static int direct_execveat(int fd, const char *path, char *const *argv, char *const *envp, int flags)
{
    return (int)with_errno(sys_call(SYS_execveat, fd, (long)path, (long)argv, (long)envp, flags, 0));
}

static int direct_unshare(int flags)
{
    return (int)with_errno(sys_call(SYS_unshare, flags, 0, 0, 0, 0, 0));
}

static int direct_setns(int fd, int type)
{
    return (int)with_errno(sys_call(SYS_setns, fd, type, 0, 0, 0, 0));
}

static int direct_capset(void *header, const void *data)
{
    return (int)with_errno(sys_call(SYS_capset, (long)header, (long)data, 0, 0, 0, 0));
}

static int direct_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    return (int)with_errno(sys_call(SYS_prctl, option, (long)a, (long)b, (long)c, (long)d, 0));
}

static void direct_exit(int code)
{
    for (;;)
        sys_call(SYS_exit_group, code, 0, 0, 0, 0, 0);
}

static void early_quick_exit(int code)
{
    if (ready())
        next.quick_exit(code);
    direct_exit(code);
}

_Alignas(64) struct next next = {
    /* read by every call: nothing that changes shares its cache lines */
    .malloc = early_malloc,
    .free = early_free,
    .calloc = early_calloc,
    .realloc = early_realloc,
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
    .preadv = direct_preadv,
    .recvfrom = direct_recvfrom,
    .recvmsg = direct_recvmsg,
    .fread = early_fread,
    .madvise = direct_madvise,
    .brk = early_brk,
    .sbrk = early_sbrk,
    .shmat = direct_shmat,
    .shmdt = direct_shmdt,
    .close = direct_close,
    .close_range = direct_close_range,
    .dup2 = direct_dup2,
    .dup3 = direct_dup3,
    .pipe2 = direct_pipe2,
    .execve = direct_execve,
    .execvpe = early_execvpe,
    .execveat = direct_execveat,
    .fexecve = early_fexecve,
    .quick_exit = early_quick_exit,
    .daemon = early_daemon,
    .unshare = direct_unshare,
    .setns = direct_setns,
    .capset = direct_capset,
    .prctl = direct_prctl,
    .pthread_create = early_pthread_create,
    .dl_iterate_phdr = early_dl_iterate_phdr,
    .dlclose = early_dlclose,
    .sigaction = early_sigaction,
    .signal = early_signal,
    .sysv_signal = early_sysv_signal,
    .sigset = early_sigset,
};

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
    {"malloc", offsetof(struct next, malloc)},
    {"free", offsetof(struct next, free)},
    {"calloc", offsetof(struct next, calloc)},
    {"realloc", offsetof(struct next, realloc)},
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
    {"dlclose", offsetof(struct next, dlclose)},
    {"read", offsetof(struct next, read)},
    {"pread", offsetof(struct next, pread)},
    {"readv", offsetof(struct next, readv)},
    {"recv", offsetof(struct next, recv)},
    {"sigaction", offsetof(struct next, sigaction)},
    {"signal", offsetof(struct next, signal)},
    {"preadv", offsetof(struct next, preadv)},
    {"recvfrom", offsetof(struct next, recvfrom)},
    {"recvmsg", offsetof(struct next, recvmsg)},
    {"fread", offsetof(struct next, fread)},
    {"madvise", offsetof(struct next, madvise)},
    {"brk", offsetof(struct next, brk)},
    {"sbrk", offsetof(struct next, sbrk)},
    {"shmat", offsetof(struct next, shmat)},
    {"shmdt", offsetof(struct next, shmdt)},
    {"close", offsetof(struct next, close)},
    {"close_range", offsetof(struct next, close_range)},
    {"dup2", offsetof(struct next, dup2)},
    {"dup3", offsetof(struct next, dup3)},
    {"pipe2", offsetof(struct next, pipe2)},
    {"execveat", offsetof(struct next, execveat)},
    {"fexecve", offsetof(struct next, fexecve)},
    {"quick_exit", offsetof(struct next, quick_exit)},
    {"daemon", offsetof(struct next, daemon)},
    {"unshare", offsetof(struct next, unshare)},
    {"setns", offsetof(struct next, setns)},
    {"__sysv_signal", offsetof(struct next, sysv_signal)},
    {"sigset", offsetof(struct next, sigset)},
    {"capset", offsetof(struct next, capset)},
    {"prctl", offsetof(struct next, prctl)},
    {"malloc_trim", offsetof(struct next, malloc_trim)},
};

/* ---- whose code is it? ---- */

struct segment {
    uintptr_t code, start, end; /* of the executable segment that `code` lies in */
};

static struct segment allocator, carrier;

static int find_segment(struct dl_phdr_info *info, size_t size, void *context)
{
    struct segment *wanted = context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + segment->p_vaddr;
        if (segment->p_type != PT_LOAD || wanted->code - start >= segment->p_memsz)
            continue;
        wanted->start = start;
        wanted->end = start + segment->p_memsz;
        return 1;
    }
    return 0;
}

static bool is_in(const struct segment *segment, const void *code)
{
    return (uintptr_t)code - segment->start < segment->end - segment->start;
}

bool next_is_allocator(const void *code)
{
    return is_in(&allocator, code);
}

bool next_is_carrier(const void *code)
{
    return is_in(&carrier, code);
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
    struct segment theirs = {.code = (uintptr_t)dlsym(RTLD_DEFAULT, "malloc")},
                   behind = {.code = (uintptr_t)next.malloc};
    next.dl_iterate_phdr(find_segment, &behind);
    next.dl_iterate_phdr(find_segment, &theirs);
    allocator = behind;
    if (!is_in(&theirs, (const void *)find_allocators) && is_definition((const void *)theirs.code))
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
