/* SPDX-License-Identifier: MIT */
#include "ground/sys.h"
#include "ground/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

long sys_call(long number, long a, long b, long c, long d, long e, long f)
{
    int saved = errno;
    long result = syscall(number, a, b, c, d, e, f);
    if (result == -1)
        result = -errno;
    errno = saved;
    return result;
}

int sys_open(const char *path, int flags, int mode)
{
    return sys_lift((int)sys_call(SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC, mode, 0, 0));
}

/*
 * Which descriptors are ours, and by which file: a program may close and reuse them by system calls of its own, which
 * no door sees. Entries are words of their own; a number has one user at a time.
 */
#define FD_SLOTS 256

static struct {
    uint64_t device, inode; /* of what was opened */
    bool ours;
    bool lost; /* it was, until the program took the number */
} descriptors[FD_SLOTS];

static bool in_table(int fd)
{
    return fd >= SYS_FIRST_FD && fd < SYS_FIRST_FD + FD_SLOTS;
}

static bool file_of(int fd, uint64_t *device, uint64_t *inode)
{
    struct stat stat;
    if (sys_call(SYS_fstat, fd, (long)&stat, 0, 0, 0, 0) < 0)
        return false;
    *device = stat.st_dev;
    *inode = stat.st_ino;
    return true;
}

static void own(int fd)
{
    if (!in_table(fd))
        return;
    descriptors[fd - SYS_FIRST_FD].lost = false;
    descriptors[fd - SYS_FIRST_FD].ours =
        file_of(fd, &descriptors[fd - SYS_FIRST_FD].device, &descriptors[fd - SYS_FIRST_FD].inode);
}

bool sys_is_ours(int fd)
{
    return in_table(fd) && __atomic_load_n(&descriptors[fd - SYS_FIRST_FD].ours, __ATOMIC_RELAXED);
}

bool sys_first_ours(unsigned first, unsigned last, unsigned *fd)
{
    unsigned from = first > SYS_FIRST_FD ? first : SYS_FIRST_FD;
    for (unsigned i = from; i <= last && i < SYS_FIRST_FD + FD_SLOTS; i++)
        if (sys_is_ours((int)i)) {
            *fd = i;
            return true;
        }
    return false;
}

void sys_disown(int fd)
{
    if (!sys_is_ours(fd))
        return;
    descriptors[fd - SYS_FIRST_FD].ours = false;
    descriptors[fd - SYS_FIRST_FD].lost = true;
}

/* The number is not ours any more: reading it would tell us of somebody else's file. */
static bool is_lost(int fd)
{
    return in_table(fd) && __atomic_load_n(&descriptors[fd - SYS_FIRST_FD].lost, __ATOMIC_RELAXED);
}

int sys_lift(int fd)
{
    int high = fd;
    if (fd < 0)
        return fd;
    if (fd < SYS_FIRST_FD) {
        high = (int)sys_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, SYS_FIRST_FD, 0, 0, 0);
        if (high < 0)
            return fd;
        sys_close(fd);
    }
    own(high);
    return high;
}

void sys_close(int fd)
{
    uint64_t device, inode;
    if (fd < 0 || is_lost(fd))
        return;
    if (sys_is_ours(fd)) {
        descriptors[fd - SYS_FIRST_FD].ours = false;
        if (!file_of(fd, &device, &inode) || device != descriptors[fd - SYS_FIRST_FD].device ||
            inode != descriptors[fd - SYS_FIRST_FD].inode)
            return;
    }
    sys_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

long sys_read(int fd, void *buffer, size_t bytes)
{
    long n;
    do
        n = sys_call(SYS_read, fd, (long)buffer, (long)bytes, 0, 0, 0);
    while (n == -EINTR);
    return n;
}

long sys_pread(int fd, void *buffer, size_t bytes, uint64_t offset)
{
    long n;
    if (is_lost(fd))
        return -EBADF;
    do
        n = sys_call(SYS_pread64, fd, (long)buffer, (long)bytes, (long)offset, 0, 0);
    while (n == -EINTR);
    return n;
}

long sys_write_all(int fd, const void *data, size_t bytes)
{
    size_t done = 0;
    while (done < bytes) {
        long n = sys_call(SYS_write, fd, (long)((const char *)data + done), (long)(bytes - done), 0, 0, 0);
        if (n == -EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? n : -EIO;
        done += (size_t)n;
    }
    return (long)done;
}

int sys_unlink(const char *path)
{
    return (int)sys_call(SYS_unlinkat, AT_FDCWD, (long)path, 0, 0, 0, 0);
}

static long read_path(const char *path, char *buffer, size_t capacity, long (*reread)(int, char *, size_t))
{
    int fd = (int)sys_call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (fd < 0)
        return fd;
    long n = reread(fd, buffer, capacity);
    sys_close(fd);
    return n;
}

long sys_read_file(const char *path, char *buffer, size_t capacity)
{
    return read_path(path, buffer, capacity, sys_reread);
}

long sys_read_piece(const char *path, char *buffer, size_t capacity)
{
    return read_path(path, buffer, capacity, sys_reread_piece);
}

long sys_reread_piece(int fd, char *buffer, size_t capacity)
{
    long n = sys_pread(fd, buffer, capacity - 1, 0);
    if (n >= 0)
        buffer[n] = '\0';
    return n;
}

long sys_reread(int fd, char *buffer, size_t capacity)
{
    size_t done = 0;
    while (done + 1 < capacity) {
        long n = sys_pread(fd, buffer + done, capacity - 1 - done, done);
        if (n < 0)
            return n;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    buffer[done] = '\0';
    return (long)done;
}

struct directory_entry {
    uint64_t inode;
    int64_t offset;
    uint16_t record_bytes;
    uint8_t type;
    char name[];
};

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

void sys_each_entry(const char *directory, sys_entry_found *found, void *context)
{
    char buffer[4096] __attribute__((aligned(8)));
    bool more = true;
    int fd = sys_open(directory, O_RDONLY | O_DIRECTORY, 0);
    long n;
    while (fd >= 0 && more && (n = sys_call(SYS_getdents64, fd, (long)buffer, sizeof buffer, 0, 0, 0)) > 0) {
        for (long at = 0; at < n && more;) {
            struct directory_entry *entry = (struct directory_entry *)(buffer + at);
            at += entry->record_bytes;
            more = is_dots(entry->name) || found(context, entry->name, entry->type == 4 /* DT_DIR */);
        }
    }
    sys_close(fd);
}

bool sys_in_memory(int fd)
{
    struct statfs statfs;
    return sys_call(SYS_fstatfs, fd, (long)&statfs, 0, 0, 0, 0) >= 0 &&
           (statfs.f_type == TMPFS_MAGIC || statfs.f_type == RAMFS_MAGIC || statfs.f_type == HUGETLBFS_MAGIC);
}

void *sys_map(size_t bytes)
{
    long p =
        sys_call(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p < 0 && p > -4096 ? NULL : (void *)p;
}

bool sys_populate(void *start, size_t bytes)
{
    uintptr_t first = (uintptr_t)start & ~(uintptr_t)4095, end = (uintptr_t)start + bytes;
    return sys_call(SYS_madvise, (long)first, (long)(end - first), 23 /* MADV_POPULATE_WRITE */, 0, 0, 0) == 0;
}

void sys_unmap(void *address, size_t bytes)
{
    if (address)
        sys_call(SYS_munmap, (long)address, (long)bytes, 0, 0, 0, 0);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t sys_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t sys_realtime_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

uint64_t sys_thread_cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void sys_sleep_ns(uint64_t ns)
{
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = (long)(ns % 1000000000u)};
    sys_call(SYS_nanosleep, (long)&t, 0, 0, 0, 0, 0);
}

uint32_t sys_getpid(void)
{
    return (uint32_t)sys_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

uint32_t sys_gettid(void)
{
    return (uint32_t)sys_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

bool sys_get_scheduling(struct sys_scheduling *now)
{
    return sys_call(SYS_sched_getattr, 0, (long)now, sizeof *now, 0, 0, 0) == 0;
}

bool sys_set_scheduling(const struct sys_scheduling *wanted)
{
    return sys_call(SYS_sched_setattr, 0, (long)wanted, 0, 0, 0, 0) == 0;
}

bool sys_get_ahead(struct sys_scheduling *before)
{
    static const struct sys_scheduling first = {.size = sizeof first, .policy = SCHED_FIFO, .priority = 1};
    return sys_get_scheduling(before) && before->policy == SCHED_OTHER && sys_set_scheduling(&first);
}

void sys_yield(void)
{
    sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

void sys_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    struct timespec t = {.tv_sec = (time_t)(timeout_ns / 1000000000u), .tv_nsec = (long)(timeout_ns % 1000000000u)};
    sys_call(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, expected, timeout_ns == UINT64_MAX ? 0 : (long)&t, 0, 0);
}

void sys_wake(uint32_t *word)
{
    sys_call(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0);
}

size_t sys_peek_pieces(const struct iovec *pieces, size_t count, void *to, size_t bytes)
{
    struct iovec local = {.iov_base = to, .iov_len = bytes};
    long n = sys_call(SYS_process_vm_readv, sys_getpid(), (long)&local, 1, (long)pieces, (long)count, 0);
    return n > 0 ? (size_t)n : 0;
}

bool sys_peek(uint64_t address, void *to, size_t bytes)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)address, .iov_len = bytes};
    return sys_peek_pieces(&piece, 1, to, bytes) == bytes;
}

void sys_program(char *name, size_t capacity)
{
    char path[512];
    long n = sys_call(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path, sizeof path - 1, 0, 0);
    path[n > 0 ? n : 0] = '\0';
    const char *slash = strrchr(path, '/');
    text_copy(name, capacity, n > 0 ? (slash ? slash + 1 : path) : "?");
}
