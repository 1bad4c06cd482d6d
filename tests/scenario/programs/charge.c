/* SPDX-License-Identifier: MIT */
/*
 * charge: fills the cgroup with memory that is not anonymous memory of this process, until it is stopped.
 *
 * usage: charge WAY MIB [PATH]        at 100 MiB a second
 *
 *   tmpfs    writes files below PATH, which has to be on a tmpfs
 *   memfd    writes into a memfd, which is never mapped
 *   whole    writes all of it into a memfd, in one call (of 40 MiB each on kernels without a zero page)
 *   stream   the same through a stream
 *   parts    the same in one call of many parts, which are all the same memory
 *   read     reads the file PATH into fresh memory, in one call
 *   scatter  reads it into many pieces of fresh memory, in one call
 *   populate maps fresh memory with all of its pages, in one call
 *   advise   maps it and asks for all of its pages, in one call (Linux 5.14)
 *   pin      maps it and locks its pages, in one call
 *   pinned   maps it locked, in one call
 *   pin_all  maps it, and locks all there is, in one call
 *   allocate takes the pages of a memfd, in one call
 *   shared   a shared anonymous mapping, touched page by page
 *   mapped   a memfd, mapped and touched
 *   pipes    pipes full of data that nobody reads: kernel memory
 *   sockets  socket pairs, likewise
 *   locked   maps the file PATH and locks its pages: page cache that cannot be taken away
 *   names    looks up names below PATH that do not exist: kernel memory that can be taken away
 *
 * Holds 40 MiB of its own first, so that it is large enough to be watched.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <sys/uio.h>
#include <unistd.h>

#define POPULATE_WRITE 23 /* MADV_POPULATE_WRITE, Linux 5.14 */
#define SITE           static __attribute__((noipa))
#define MIB            ((size_t)1 << 20)

#define OWN (40 * MIB)

static char piece[1 << 20];
static const char *own;

static void check(int good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

static void pace(void)
{
    nanosleep(&(struct timespec){0, 10000000}, NULL);
}

SITE char *own_memory(void)
{
    char *memory = malloc(OWN);
    memset(memory, 1, OWN);
    return memory;
}

SITE void fill_descriptor(int fd, size_t mib)
{
    check(fd >= 0, "charge: open");
    for (size_t i = 0; i < mib; i++, pace())
        check(write(fd, piece, MIB) == (ssize_t)MIB, "charge: write");
}

static void tmpfs(size_t mib, const char *path)
{
    fill_descriptor(open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), mib);
}

static int new_memfd(void)
{
    int fd = memfd_create("charge", MFD_CLOEXEC);
    check(fd >= 0, "charge: memfd_create");
    return fd;
}

static void memfd(size_t mib, const char *path)
{
    fill_descriptor(new_memfd(), mib);
}

/* Some kernels have no zero page (pvm_no_zero_page): what was never written costs a page of its own to read. */
static bool reading_costs(const char *page)
{
    uint64_t entry = 0;
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    check(fd >= 0 && *(const volatile char *)page == 0, "charge: pagemap");
    check(pread(fd, &entry, sizeof entry, (off_t)((uintptr_t)page / 4096 * sizeof entry)) == sizeof entry,
          "charge: pagemap");
    close(fd);
    return entry >> 56 & 1; /* mapped here alone */
}

/* What is written costs nothing itself: an untouched mapping, all at once; else what is held anyway, repeatedly. */
static const char *nothing(size_t *bytes)
{
    char *memory = mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    check(memory != MAP_FAILED, "charge: mmap");
    if (!reading_costs(memory))
        return memory;
    *bytes = OWN;
    return own;
}

static void whole(size_t mib, const char *path)
{
    size_t bytes = mib * MIB;
    const char *source = nothing(&bytes);
    int fd = new_memfd();
    for (size_t done = 0; done < mib * MIB; done += bytes)
        check(write(fd, source, bytes) == (ssize_t)bytes, "charge: write");
}

static void stream(size_t mib, const char *path)
{
    size_t bytes = mib * MIB;
    const char *source = nothing(&bytes);
    FILE *file = fdopen(new_memfd(), "w");
    for (size_t done = 0; done < mib * MIB; done += bytes)
        check(file && fwrite(source, MIB, bytes / MIB, file) == bytes / MIB, "charge: fwrite");
}

#define MOST_PARTS 512

static void parts(size_t mib, const char *path)
{
    struct iovec vector[MOST_PARTS];
    check(mib <= MOST_PARTS, "charge: so many parts");
    for (size_t i = 0; i < mib; i++)
        vector[i] = (struct iovec){.iov_base = (char *)own, .iov_len = MIB};
    check(writev(new_memfd(), vector, (int)mib) == (ssize_t)(mib * MIB), "charge: writev");
}

SITE void read_scattered(size_t mib, const char *path)
{
    struct iovec vector[MOST_PARTS];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    check(fd >= 0 && mib <= MOST_PARTS, path);
    for (size_t i = 0; i < mib; i++) {
        vector[i] = (struct iovec){.iov_base = malloc(MIB), .iov_len = MIB};
        check(vector[i].iov_base != NULL, "charge: malloc");
    }
    check(readv(fd, vector, (int)mib) == (ssize_t)(mib * MIB), "charge: readv");
}

SITE void read_whole(size_t mib, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *memory = malloc(mib * MIB);
    check(fd >= 0, path);
    check(memory && read(fd, memory, mib * MIB) == (ssize_t)(mib * MIB), "charge: read");
}

SITE char *map_fresh(size_t mib, int flags)
{
    char *memory = mmap(NULL, mib * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    check(memory != MAP_FAILED, "charge: mmap");
    return memory;
}

static void populate(size_t mib, const char *path)
{
    map_fresh(mib, MAP_POPULATE);
}

static void advise(size_t mib, const char *path)
{
    check(madvise(map_fresh(mib, 0), mib * MIB, POPULATE_WRITE) == 0, "charge: madvise");
}

static void pin(size_t mib, const char *path)
{
    check(mlock(map_fresh(mib, 0), mib * MIB) == 0, "charge: mlock");
}

static void pinned(size_t mib, const char *path)
{
    map_fresh(mib, MAP_LOCKED);
}

static void pin_all(size_t mib, const char *path)
{
    map_fresh(mib, 0);
    check(mlockall(MCL_CURRENT) == 0, "charge: mlockall");
}

static void allocate(size_t mib, const char *path)
{
    check(fallocate(new_memfd(), 0, 0, (off_t)(mib * MIB)) == 0, "charge: fallocate");
}

SITE void touch_shared(int fd, size_t mib)
{
    int flags = fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
    char *memory = mmap(NULL, mib * MIB, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, fd, 0);
    check(memory != MAP_FAILED, "charge: mmap");
    for (size_t i = 0; i < mib; i++, pace())
        memset(memory + i * MIB, 1, MIB);
}

static void shared(size_t mib, const char *path)
{
    touch_shared(-1, mib);
}

static void mapped(size_t mib, const char *path)
{
    int fd = new_memfd();
    check(ftruncate(fd, (off_t)(mib * MIB)) == 0, "charge: ftruncate");
    touch_shared(fd, mib);
}

static void more_descriptors(void)
{
    struct rlimit limit;
    check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "charge: getrlimit");
    limit.rlim_cur = limit.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "charge: setrlimit");
}

SITE void pipes(size_t mib, const char *path)
{
    more_descriptors();
    for (size_t i = 0; i < mib; i++, pace()) {
        int ends[2];
        check(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0, "charge: pipe");
        fcntl(ends[1], F_SETPIPE_SZ, MIB);
        while (write(ends[1], piece, MIB) > 0)
            continue;
    }
}

SITE void sockets(size_t mib, const char *path)
{
    size_t bytes = 0;
    more_descriptors();
    while (bytes < mib * MIB) {
        int ends[2], buffer = 8 << 20;
        ssize_t n;
        check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0, "charge: socketpair");
        setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
        while ((n = write(ends[0], piece, 256 << 10)) > 0) {
            bytes += (size_t)n;
            pace();
        }
    }
}

SITE void locked(size_t mib, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    check(fd >= 0, path);
    char *memory = mmap(NULL, mib * MIB, PROT_READ, MAP_SHARED, fd, 0);
    check(memory != MAP_FAILED, "charge: mmap");
    for (size_t i = 0; i < mib; i++, pace())
        check(mlock(memory + i * MIB, MIB) == 0, "charge: mlock");
}

/* A name that was looked up in vain is remembered, in some 200 bytes. */
SITE void names(size_t mib, const char *path)
{
    char name[600];
    struct stat info;
    for (size_t i = 0; i < mib * MIB / 200; i++) {
        snprintf(name, sizeof name, "%s/no-such-file-%zu", path, i);
        stat(name, &info);
        if (i % 8192 == 0)
            pace();
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*fill)(size_t mib, const char *path);
    } ways[] = {
        {"tmpfs", tmpfs},
        {"memfd", memfd},
        {"shared", shared},
        {"mapped", mapped},
        {"pipes", pipes},
        {"sockets", sockets},
        {"locked", locked},
        {"names", names},
        {"whole", whole},
        {"stream", stream},
        {"read", read_whole},
        {"parts", parts},
        {"populate", populate},
        {"advise", advise},
        {"pin", pin},
        {"pinned", pinned},
        {"pin_all", pin_all},
        {"allocate", allocate},
        {"scatter", read_scattered},
    };
    if (argc < 3)
        return 2;
    own = own_memory();
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(ways[i].name, argv[1]) == 0) {
            ways[i].fill((size_t)atol(argv[2]), argc > 3 ? argv[3] : "/");
            puts("charge: done");
            return own[0] != 1;
        }
    return 2;
}
