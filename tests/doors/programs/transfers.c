/* SPDX-License-Identifier: MIT */
/*
 * transfers: large reads and writes, and pages that the kernel makes, told line by line: how many bytes, errno, where
 * the descriptor stands, what the bytes are. On a file of the disk, a memfd, and where a transfer ends early: at the
 * end of the file, at the limit of a file's size, at a page that is not there, at a seal.
 *
 * usage: transfers DIRECTORY        (on a disk)
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#define MIB  ((size_t)1 << 20)
#define ALL  (9 * MIB + 4321)
#define MANY 300 /* parts */

static unsigned char *from, *to;

static uint64_t sum_of(const unsigned char *bytes, size_t count)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < count; i++)
        sum = (sum ^ bytes[i]) * 1099511628211u;
    return sum;
}

/* What came back, and the file and the buffer as they are now. */
static void tell(const char *what, int fd, ssize_t result)
{
    int error = errno;
    printf("%s: %zd, %s, at %lld, buffer %016llx", what, result, result < 0 ? strerror(error) : "-",
           (long long)lseek(fd, 0, SEEK_CUR), (unsigned long long)sum_of(to, ALL));
    long long size = lseek(fd, 0, SEEK_END);
    void *all = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
    printf(", file %lld %016llx\n", size, all == MAP_FAILED ? 0ull : (unsigned long long)sum_of(all, (size_t)size));
    if (all != MAP_FAILED)
        munmap(all, (size_t)size);
    memset(to, 0, ALL);
    errno = 0;
}

static void written(int fd)
{
    tell("write", fd, write(fd, from, ALL));
    lseek(fd, 1000, SEEK_SET);
    tell("write again", fd, write(fd, from + 5, ALL - 5));
    tell("pwrite", fd, pwrite(fd, from, ALL, (off_t)(3 * MIB + 17)));
    tell("pwrite before the beginning", fd, pwrite(fd, from, ALL, -1));
    struct iovec parts[] = {{from, 3 * MIB}, {from + 100, 5 * MIB}, {from, 0}, {from + 7, MIB}};
    lseek(fd, 0, SEEK_SET);
    tell("writev", fd, writev(fd, parts, 4));
    tell("pwritev", fd, pwritev(fd, parts, 4, 12345));
    struct iovec many[MANY];
    volatile int too_many = IOV_MAX + 1, fewer = -1;
    for (size_t i = 0; i < MANY; i++)
        many[i] = (struct iovec){from + i, i % 5 ? ALL / MANY - i : 0};
    tell("pwritev of many parts", fd, pwritev(fd, many, MANY, 4321));
    tell("pwritev2", fd, pwritev2(fd, many, MANY, 999, 0));
    tell("pwritev2 at the end", fd, pwritev2(fd, many, MANY, 0, RWF_APPEND));
    lseek(fd, 2 * MIB, SEEK_SET);
    tell("pwritev2 where it stands", fd, pwritev2(fd, many, MANY, -1, 0));
    tell("pwritev2 with what it does not know", fd, pwritev2(fd, many, MANY, 0, 1 << 30));
    tell("writev of too many parts", fd, writev(fd, many, too_many));
    tell("writev of no parts", fd, writev(fd, many, 0));
    tell("writev of fewer than none", fd, writev(fd, many, fewer));
    const struct iovec *volatile nowhere = (const struct iovec *)16;
    tell("writev of parts nowhere", fd, writev(fd, nowhere, 3));
    tell("write of nothing", fd, write(fd, from, 0));
}

static void read_back(int fd)
{
    lseek(fd, 77, SEEK_SET);
    tell("read", fd, read(fd, to, ALL));
    lseek(fd, -(off_t)(4 * MIB + 3), SEEK_END);
    tell("read to the end", fd, read(fd, to, ALL));
    tell("read at the end", fd, read(fd, to, ALL));
    tell("pread", fd, pread(fd, to, ALL, 99));
    tell("pread before the beginning", fd, pread(fd, to, ALL, -5));
    struct iovec parts[] = {{to, 2 * MIB}, {to + 3 * MIB, 4 * MIB}};
    lseek(fd, 1, SEEK_SET);
    tell("readv", fd, readv(fd, parts, 2));
    tell("preadv", fd, preadv(fd, parts, 2, 4097));
    struct iovec many[MANY];
    for (size_t i = 0; i < MANY; i++)
        many[i] = (struct iovec){to + i * (ALL / MANY), ALL / MANY - i % 7};
    tell("preadv of many parts", fd, preadv(fd, many, MANY, 3));
    tell("preadv2", fd, preadv2(fd, many, MANY, 5, 0));
    tell("preadv2 where it stands", fd, preadv2(fd, many, MANY, -1, 0));
    tell("preadv2 before the beginning", fd, preadv2(fd, many, MANY, -2, 0));
    many[MANY / 2].iov_base = NULL;
    tell("preadv, a part of which is nowhere", fd, preadv(fd, many, MANY, 3));
    many[0].iov_len = (size_t)-1;
    tell("readv of more than there can be", fd, readv(fd, many, 2));
    unsigned char *volatile nowhere = (unsigned char *)16;
    tell("read into nowhere", fd, pread(fd, nowhere, ALL, 0));
}

/* The buffer ends within the transfer: what fits comes, or an error. */
static void half_a_buffer(int fd)
{
    unsigned char *half = mmap(NULL, ALL, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(half + 5 * MIB, ALL - 5 * MIB);
    tell("pread into half a buffer", fd, pread(fd, half, ALL, 0));
    tell("pwrite of half a buffer", fd, pwrite(fd, half, ALL, 0));
    munmap(half, 5 * MIB);
}

static void streams(int fd)
{
    FILE *file = fdopen(dup(fd), "r+");
    rewind(file);
    tell("fread", fd, (ssize_t)fread(to, 1, ALL, file));
    rewind(file);
    tell("fread of items", fd, (ssize_t)fread(to, 3001, ALL / 3001, file));
    fseek(file, -(long)(3 * MIB), SEEK_END);
    tell("fread to the end", fd, (ssize_t)fread(to, 4096, ALL / 4096, file));
    printf("end %d, error %d\n", feof(file) != 0, ferror(file));
    rewind(file);
    fputc('x', file);
    size_t items = fwrite(from, 999, ALL / 999, file);
    fflush(file);
    tell("fwrite", fd, (ssize_t)items);
    tell("fread of nothing", fd, (ssize_t)fread(to, 0, ALL, file));
    fclose(file);
}

static void copied(int fd, const char *path)
{
    int other = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    size_t moved = 0;
    ssize_t n;
    lseek(fd, 0, SEEK_SET);
    while ((n = sendfile(other, fd, NULL, ALL)) > 0) /* as much at once as it likes */
        moved += (size_t)n;
    tell("sendfile", other, (ssize_t)moved);
    off_t at = 0;
    for (moved = 0; (n = sendfile(fd, other, &at, ALL)) > 0; moved += (size_t)n)
        continue;
    tell("sendfile back", fd, (ssize_t)moved);
    close(other);
}

static void limited(int fd)
{
    struct rlimit limit = {6 * MIB + 5, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    ftruncate(fd, 0);
    lseek(fd, 0, SEEK_SET);
    setrlimit(RLIMIT_FSIZE, &limit);
    tell("write up to the limit", fd, write(fd, from, ALL));
    tell("write beyond the limit", fd, write(fd, from, ALL));
    tell("fallocate beyond the limit", fd, fallocate(fd, 0, 0, (off_t)ALL));
    printf("posix_fallocate: %s\n", strerror(posix_fallocate(fd, 0, (off_t)ALL)));
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    tell("fallocate", fd, fallocate(fd, 0, 1000, (off_t)ALL));
    tell("fallocate without a size", fd, fallocate(fd, 0, 1000, 0));
    printf("posix_fallocate: %s\n", strerror(posix_fallocate(fd, 0, (off_t)(2 * ALL))));
}

static void sealed(void)
{
    int fd = memfd_create("transfers", MFD_ALLOW_SEALING);
    write(fd, from, 3 * MIB);
    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW);
    tell("pwrite into what must not grow", fd, pwrite(fd, from + 1, ALL, 0));
    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE);
    tell("pwrite into what must not change", fd, pwrite(fd, from, ALL, 0));
    close(fd);
}

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22 /* Linux 5.14 */
#define MADV_POPULATE_WRITE 23
#endif

static long locked_kib(void)
{
    char line[200];
    long kib = -1;
    FILE *status = fopen("/proc/self/status", "r");
    while (status && fgets(line, sizeof line, status))
        sscanf(line, "VmLck: %ld", &kib);
    if (status)
        fclose(status);
    return kib;
}

static long locked_before; /* by whoever else there is in this process */

/* How many of its pages are there, and how much this program has locked. */
static void tell_pages(const char *what, const void *memory, int result)
{
    static unsigned char present[ALL / 4096 + 1];
    int error = errno, there = 0;
    memset(present, 0, sizeof present);
    if (memory != MAP_FAILED)
        mincore((void *)memory, ALL, present);
    for (size_t i = 0; i < sizeof present; i++)
        there += present[i] & 1;
    printf("%s: %d %s, %d pages, locked %ld KiB\n", what, result, result ? strerror(error) : "-", there,
           locked_kib() - locked_before);
    errno = 0;
}

static void *fresh(int protection, int flags, int fd)
{
    return mmap(NULL, ALL, protection, flags | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
}

static void mapped(const char *what, int protection, int flags, int fd)
{
    void *memory = fresh(protection, flags | MAP_POPULATE, fd);
    tell_pages(what, memory, memory == MAP_FAILED ? -1 : 0);
    if (memory != MAP_FAILED)
        munmap(memory, ALL);
}

/* A page in the middle is missing, or may not be written to. */
static char *spoiled(int protection)
{
    char *memory = fresh(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
    if (protection < 0)
        munmap(memory + 5 * MIB, 4096);
    else
        mprotect(memory + 5 * MIB, 4096, protection);
    return memory;
}

/* Pages that the kernel makes. */
static void pages(void)
{
    int fd = memfd_create("transfers", 0);
    pwrite(fd, from, ALL, 0);
    locked_before = locked_kib();
    mapped("MAP_POPULATE", PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
    mapped("MAP_POPULATE of a file", PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
    mapped("MAP_POPULATE of a shared file", PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    mapped("MAP_POPULATE without access", PROT_NONE, MAP_PRIVATE, -1);
    mapped("MAP_POPULATE of nothing", PROT_READ, MAP_SHARED, 999);
    mapped("MAP_POPULATE and MAP_LOCKED", PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_LOCKED, -1);
    for (int how = MADV_POPULATE_READ; how <= MADV_POPULATE_WRITE; how++) {
        char *memory = fresh(PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
        tell_pages("populate", memory, madvise(memory, ALL, how));
        tell_pages("populate, from within a page", memory, madvise(memory + 1, ALL - 4096, how));
        tell_pages("populate more than there can be", memory, madvise(memory, (size_t)-4096, how));
        munmap(memory, ALL);
        memory = spoiled(-1);
        tell_pages("populate with a hole", memory, madvise(memory, ALL, how));
        munmap(memory, ALL);
        memory = spoiled(PROT_NONE);
        tell_pages("populate what has no access", memory, madvise(memory, ALL, how));
        munmap(memory, ALL);
    }
    char *memory = fresh(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
    tell_pages("mlock, from within a page", memory, mlock(memory + 5, ALL - 4096));
    tell_pages("mlock again", memory, mlock(memory, ALL));
    tell_pages("munlock", memory, munlock(memory, ALL));
    tell_pages("mlock2", memory, mlock2(memory, ALL, 0));
    munmap(memory, ALL);
    memory = fresh(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
    tell_pages("mlock2 of what is touched later", memory, mlock2(memory, ALL, MLOCK_ONFAULT));
    tell_pages("mlock2 with what it does not know", memory, mlock2(memory, ALL, 64));
    tell_pages("mlock of more than there can be", memory, mlock(memory, (size_t)-4096));
    munmap(memory, ALL);
    memory = spoiled(PROT_READ);
    tell_pages("mlock of what may be read only", memory, mlock(memory, ALL));
    munmap(memory, ALL);
    memory = spoiled(-1);
    tell_pages("mlock with a hole", memory, mlock(memory, ALL));
    munmap(memory, ALL);
    memory = fresh(PROT_READ, MAP_PRIVATE, -1);
    tell_pages("mlock of what is read only", memory, mlock(memory, ALL));
    munmap(memory, ALL);
    memory = fresh(PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    tell_pages("mlock of a shared file", memory, mlock(memory, ALL));
    munmap(memory, ALL);
    memory = fresh(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
    for (int flags = 0; flags < 16; flags++) { /* how much is locked is not this program's alone */
        int result = mlockall(flags);
        locked_before = locked_kib();
        printf("%d: ", flags);
        tell_pages("mlockall", memory, result);
        munlockall();
        munmap(memory, ALL);
        memory = fresh(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
    }
    munmap(memory, ALL);
    close(fd);
}

/* Behind the end, before it, and where it must not grow: the size of the file, and what is in it. */
static void allocated(void)
{
    int fd = memfd_create("transfers", MFD_ALLOW_SEALING);
    tell("fallocate of a new file", fd, fallocate(fd, 0, 0, (off_t)ALL));
    ftruncate(fd, 5000);
    pwrite(fd, from, 5000, 0);
    tell("fallocate across the end", fd, fallocate(fd, 0, 4096, (off_t)ALL));
    ftruncate(fd, 5000);
    tell("fallocate behind the end", fd, fallocate(fd, 0, 8192, (off_t)ALL));
    ftruncate(fd, 5000);
    tell("fallocate without a new end", fd, fallocate(fd, FALLOC_FL_KEEP_SIZE, 8192, (off_t)ALL));
    printf("posix_fallocate: %d\n", posix_fallocate(fd, 5000, (off_t)ALL));
    tell("what it left", fd, 0);
    ftruncate(fd, 5000);
    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW);
    tell("fallocate of what must not grow", fd, fallocate(fd, 0, 5000, (off_t)ALL));
    printf("posix_fallocate of it: %d\n", posix_fallocate(fd, 5000, (off_t)ALL));
    tell("fallocate from nowhere", fd, fallocate(fd, 0, -1, (off_t)ALL));
    close(fd);
}

/* So much may not be locked. */
static void unprivileged(void)
{
    struct rlimit limit = {4 * MIB, 4 * MIB};
    setrlimit(RLIMIT_MEMLOCK, &limit);
    if (setuid(65534) != 0 && geteuid() == 0)
        return;
    void *memory = fresh(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_LOCKED, -1);
    printf("MAP_LOCKED: %s %s\n", memory == MAP_FAILED ? "none" : "some", strerror(errno));
    memory = fresh(PROT_READ | PROT_WRITE, MAP_PRIVATE, -1);
    tell_pages("mlock", memory, mlock(memory, ALL));
    tell_pages("mlockall", memory, mlockall(MCL_CURRENT));
}

int main(int argc, char **argv)
{
    char path[4096];
    from = malloc(ALL);
    to = calloc(1, ALL);
    for (size_t i = 0; i < ALL; i++)
        from[i] = (unsigned char)(i * 2654435761u >> 13);
    for (int memory = 0; argc > 1 && memory < 2; memory++) {
        snprintf(path, sizeof path, "%s/transfers.file", argv[1]);
        int fd = memory ? memfd_create("transfers", 0) : open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        puts(memory ? "-- in memory" : "-- on the disk");
        written(fd);
        read_back(fd);
        half_a_buffer(fd);
        streams(fd);
        snprintf(path, sizeof path, "%s/transfers.copy", argv[1]);
        copied(fd, path);
        limited(fd);
        close(fd);
    }
    sealed();
    pages();
    allocated();
    locked_before = locked_kib();
    unprivileged();
    return 0;
}
