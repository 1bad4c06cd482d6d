/* SPDX-License-Identifier: MIT */
/*
 * truth: obtains memory in every way there is, each in a function of its own, and tells what each of them must hold.
 *
 * usage: truth TRUTH_FILE HOLD_FILE FILE [huge]
 *
 * FILE (8 MiB or more) is mapped privately. TRUTH_FILE is written when all is in place:
 *   {"functions": [{"function", "kind", "committed", "resident", "seen", "blocks"}…], "rss_anon_kib"}
 * Then the program holds everything until HOLD_FILE exists, and ends.
 *
 * resident  what must be in RAM by the program's own bookkeeping. Small blocks count with what malloc spends on them
 *           (size word and rounding), large ones with all pages that they touch.
 * seen      the same by mincore, for ranges of whole pages; 0 for small blocks and for files
 * kind      small (sampled blocks), large (blocks), mapping (anonymous), stack, shared, file
 *
 * Without "huge" all pages have 4 KiB. With it the mappings and the large blocks ask for pages of 2 MiB; what is
 * resident then depends on alignment, so it is taken from mincore.
 */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SITE  static __attribute__((noipa))
#define MIB   ((size_t)1 << 20)
#define PAGE  ((size_t)4096)
#define HUGE  (2 * MIB)
#define RANGE (PROT_READ | PROT_WRITE), (MAP_PRIVATE | MAP_ANONYMOUS)

enum { MAX_ROWS = 40, STACKS = 4 };

struct row {
    const char *function, *kind;
    size_t committed, resident, seen, blocks;
};

struct block {
    struct block *next;
};

struct range {
    struct row *row;
    const void *from, *to;
};

static struct row rows[MAX_ROWS];
static struct range ranges[256];
static unsigned range_count;
static unsigned row_count;
static bool huge;
static unsigned random_state = 12345;

/* ---- bookkeeping ---- */

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void *checked(void *memory, const char *what)
{
    if (!memory || memory == MAP_FAILED)
        fail(what);
    return memory;
}

static struct row *begin(const char *function, const char *kind)
{
    struct row *row = &rows[row_count++];
    row->function = function;
    row->kind = kind;
    return row;
}

static unsigned between(unsigned low, unsigned high)
{
    random_state = random_state * 1103515245 + 12345;
    return low + (random_state >> 8) % (high - low + 1);
}

static size_t seen_in(const void *from, const void *to)
{
    static unsigned char present[64 * MIB / PAGE];
    uintptr_t start = (uintptr_t)from & ~(PAGE - 1), end = ((uintptr_t)to + PAGE - 1) & ~(PAGE - 1);
    size_t pages = 0;
    for (; start < end; start += sizeof present * PAGE) {
        size_t bytes = end - start < sizeof present * PAGE ? end - start : sizeof present * PAGE;
        if (mincore((void *)start, bytes, present) != 0)
            fail("mincore");
        for (size_t i = 0; i < bytes / PAGE; i++)
            pages += present[i] & 1;
    }
    return pages * PAGE;
}

/* Looked at when the account is given: a huge page may come over what was mapped beside it before. */
static void look_later(struct row *row, const void *from, const void *to)
{
    if (range_count == sizeof ranges / sizeof ranges[0])
        fail("too many ranges");
    ranges[range_count++] = (struct range){row, from, to};
}

/* Adds a mapping, of which `resident` bytes are in use. */
static void add_range(struct row *row, void *memory, size_t committed, size_t resident)
{
    row->committed += committed;
    if (committed)
        look_later(row, memory, (char *)memory + committed);
    row->resident += resident;
    row->blocks++;
}

/* A block with mappings of its own: malloc's head lies before it, on a page that is in use as well. */
static void add_large(struct row *row, void *memory, size_t size, size_t touched)
{
    uintptr_t start = ((uintptr_t)memory - 16) & ~(PAGE - 1), end = (uintptr_t)memory + touched;
    row->committed += size;
    look_later(row, (void *)start, (char *)memory + size);
    row->resident += ((end + PAGE - 1) & ~(PAGE - 1)) - start;
    row->blocks++;
}

static void add_small(struct row *row, void *memory, size_t size)
{
    row->committed += size;
    row->resident += malloc_usable_size(memory) + sizeof(size_t);
    row->blocks++;
}

static void advise(void *memory, size_t bytes)
{
    uintptr_t start = ((uintptr_t)memory + PAGE - 1) & ~(PAGE - 1), end = ((uintptr_t)memory + bytes) & ~(PAGE - 1);
    if (huge && madvise((void *)start, end - start, MADV_HUGEPAGE) != 0)
        fail("madvise");
}

/* ---- the heap: small blocks ---- */

SITE void small_blocks(void)
{
    static struct block *list;
    struct row *row = begin(__func__, "small");
    for (unsigned i = 0; i < 150000; i++) {
        size_t size = between(24, 400);
        struct block *block = checked(malloc(size), "malloc");
        memset(block, 1, size);
        block->next = list;
        list = block;
        add_small(row, block, size);
    }
}

SITE void small_calloc(void)
{
    static struct block *list;
    struct row *row = begin(__func__, "small");
    for (unsigned i = 0; i < 60000; i++) {
        size_t count = between(2, 16);
        struct block *block = checked(calloc(count, 16), "calloc");
        memset(block, 2, count * 16);
        block->next = list;
        list = block;
        add_small(row, block, count * 16);
    }
}

SITE void medium_blocks(void)
{
    static struct block *list;
    struct row *row = begin(__func__, "small");
    for (unsigned i = 0; i < 1000; i++) {
        size_t size = between(4096, 40960);
        struct block *block = checked(malloc(size), "malloc");
        memset(block, 3, size);
        block->next = list;
        list = block;
        add_small(row, block, size);
    }
}

SITE void posix_aligned(void)
{
    static struct block *list;
    struct row *row = begin(__func__, "small");
    for (unsigned i = 0; i < 3000; i++) {
        size_t size = between(1000, 8000);
        void *memory = NULL;
        if (posix_memalign(&memory, 64, size) != 0)
            fail("posix_memalign");
        memset(memory, 4, size);
        struct block *block = memory;
        block->next = list;
        list = block;
        add_small(row, block, size);
    }
}

/* Every slot is freed and filled again ten times; what is there at the end is a tenth of what was obtained. */
SITE void churned(void)
{
    enum { SLOTS = 25000, ROUNDS = 10 };
    static struct block *slot[SLOTS];
    struct row *row = begin(__func__, "small");
    for (unsigned i = 0; i < SLOTS * ROUNDS; i++) {
        struct block **here = &slot[i * 7919u % SLOTS];
        free(*here);
        *here = checked(malloc(248), "malloc");
        memset(*here, 5, 248);
    }
    for (unsigned i = 0; i < SLOTS; i++)
        add_small(row, slot[i], 248);
}

/* Runs in a thread, so its blocks are in an arena of their own. */
SITE void thread_blocks(void)
{
    static struct block *list;
    struct row *row = begin(__func__, "small");
    for (unsigned i = 0; i < 50000; i++) {
        size_t size = between(24, 300);
        struct block *block = checked(malloc(size), "malloc");
        memset(block, 6, size);
        block->next = list;
        list = block;
        add_small(row, block, size);
    }
}

/* ---- the heap: large blocks ---- */

SITE void large_blocks(void)
{
    static char *keep[10];
    struct row *row = begin(__func__, "large");
    for (unsigned i = 0; i < 10; i++) {
        keep[i] = checked(malloc(HUGE), "malloc");
        advise(keep[i], HUGE);
        memset(keep[i], 7, HUGE);
        add_large(row, keep[i], HUGE, HUGE);
    }
}

SITE void calloc_half(void)
{
    static char *keep[4];
    struct row *row = begin(__func__, "large");
    for (unsigned i = 0; i < 4; i++) {
        keep[i] = checked(calloc(1, 8 * MIB), "calloc");
        advise(keep[i], 8 * MIB);
        memset(keep[i], 8, 4 * MIB);
        add_large(row, keep[i], 8 * MIB, 4 * MIB);
    }
}

SITE void realloc_growth(void)
{
    static char *keep;
    struct row *row = begin(__func__, "large");
    size_t had = 0;
    for (size_t size = 64 << 10; size <= 16 * MIB; size += 252 << 10) {
        keep = checked(realloc(keep, size), "realloc");
        memset(keep + had, 9, size - had);
        had = size;
    }
    add_large(row, keep, had, had);
}

SITE void aligned_blocks(void)
{
    static char *keep[16];
    struct row *row = begin(__func__, "large");
    for (unsigned i = 0; i < 16; i++) {
        keep[i] = checked(aligned_alloc(PAGE, MIB), "aligned_alloc");
        memset(keep[i], 10, MIB);
        add_large(row, keep[i], MIB, MIB);
    }
}

/* The kernel is the one that touches. */
SITE void read_into(void)
{
    static char *keep[12];
    struct row *row = begin(__func__, "large");
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    for (unsigned i = 0; i < 12; i++) {
        keep[i] = checked(malloc(MIB), "malloc");
        if (read(fd, keep[i], MIB) != (ssize_t)MIB)
            fail("read");
        add_large(row, keep[i], MIB, MIB);
    }
    close(fd);
}

/* ---- mappings ---- */

static char *map_here(size_t bytes, int extra)
{
    char *memory = checked(mmap(NULL, bytes, RANGE | extra, -1, 0), "mmap");
    advise(memory, bytes);
    return memory;
}

SITE void map_full(void)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = map_here(32 * MIB, 0);
    memset(memory, 11, 32 * MIB);
    add_range(row, memory, 32 * MIB, 32 * MIB);
}

/* 16 MiB, of which the first 2, the middle 4 and the last 2 are given back. */
SITE void map_cut(void)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = map_here(16 * MIB, 0);
    memset(memory, 12, 16 * MIB);
    munmap(memory, 2 * MIB);
    munmap(memory + 6 * MIB, 4 * MIB);
    munmap(memory + 14 * MIB, 2 * MIB);
    add_range(row, memory + 2 * MIB, 4 * MIB, 4 * MIB);
    add_range(row, memory + 10 * MIB, 4 * MIB, 4 * MIB);
}

static char *fixed_base;

SITE void map_below(void)
{
    fixed_base = map_here(12 * MIB, 0);
    memset(fixed_base, 13, 12 * MIB);
}

/* Takes the middle third away from map_below and uses the first half of it. */
SITE void map_over(void)
{
    char *middle = checked(mmap(fixed_base + 4 * MIB, 4 * MIB, RANGE | MAP_FIXED, -1, 0), "mmap");
    memset(middle, 14, 2 * MIB);
    struct row *row = begin("map_below", "mapping");
    add_range(row, fixed_base, 4 * MIB, 4 * MIB);
    add_range(row, fixed_base + 8 * MIB, 4 * MIB, 4 * MIB);
    row = begin(__func__, "mapping");
    add_range(row, middle, 4 * MIB, 2 * MIB);
}

/* Room of 8 MiB is given back behind the first MiB, and taken again. */
SITE void remap_in_place(void)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = map_here(8 * MIB, 0);
    munmap(memory + MIB, 7 * MIB);
    for (size_t size = MIB; size < 8 * MIB; size += MIB)
        checked(mremap(memory, size, size + MIB, 0), "mremap");
    memset(memory, 15, 8 * MIB);
    add_range(row, memory, 8 * MIB, 8 * MIB);
}

/* There is no room behind it: every growth moves it. */
SITE void remap_moved(void)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = map_here(MIB, 0);
    for (size_t size = MIB; size < 8 * MIB; size *= 2) {
        memset(memory, 16, size);
        char *room =
            checked(mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0), "mmap");
        memory = checked(mremap(memory, size, 2 * size, MREMAP_MAYMOVE | MREMAP_FIXED, room), "mremap");
    }
    memset(memory, 16, 8 * MIB);
    add_range(row, memory, 8 * MIB, 8 * MIB);
}

SITE void dontneed_half(void)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = map_here(16 * MIB, 0);
    memset(memory, 17, 16 * MIB);
    madvise(memory, 8 * MIB, MADV_DONTNEED);
    add_range(row, memory, 16 * MIB, 8 * MIB);
}

/* 8 MiB at a multiple of 2 MiB; without huge pages in the system they are of 4 KiB, to the same amount. */
SITE void huge_pages(void)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = checked(mmap(NULL, 10 * MIB, RANGE, -1, 0), "mmap");
    char *first = (char *)(((uintptr_t)memory + HUGE - 1) & ~(HUGE - 1));
    madvise(first, 8 * MIB, MADV_HUGEPAGE);
    memset(first, 18, 8 * MIB);
    add_range(row, memory, 10 * MIB, 8 * MIB);
}

SITE void reserve_only(void)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = map_here(256 * MIB, MAP_NORESERVE);
    add_range(row, memory, 256 * MIB, 0);
}

static long rss_anon_kib(void)
{
    char text[4096] = {0};
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        fail("/proc/self/status");
    close(fd);
    char *found = strstr(text, "RssAnon:");
    return found ? atol(found + strlen("RssAnon:")) : -1;
}

/*
 * The kernel's zero page everywhere: no memory, though mincore says so. There are kernels for virtual machines that
 * have none and give a page of its own to who only reads: then RssAnon grows by all of it.
 */
SITE void read_never_written(void)
{
    struct row *row = begin(__func__, "mapping");
    long before = rss_anon_kib();
    volatile char *memory = map_here(32 * MIB, MAP_NORESERVE);
    madvise((void *)memory, 32 * MIB, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < 32 * MIB; i += 4096)
        if (memory[i])
            abort();
    row->committed = 32 * MIB;
    if (rss_anon_kib() >= before + (16 << 10))
        row->resident = row->seen = 32 * MIB;
}

/* The old range stays, empty; both are the site's. */
SITE void remap_kept(void)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = map_here(4 * MIB, 0);
    memset(memory, 24, 4 * MIB);
    char *moved = checked(mremap(memory, 4 * MIB, 4 * MIB, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL), "mremap");
    add_range(row, memory, 4 * MIB, 0);
    add_range(row, moved, 4 * MIB, 4 * MIB);
}

SITE void populated(void)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = map_here(8 * MIB, 0);
    if (madvise(memory, 6 * MIB, MADV_POPULATE_WRITE) != 0)
        memset(memory, 0, 6 * MIB); /* before Linux 5.14 */
    add_range(row, memory, 8 * MIB, 6 * MIB);
}

/* What fails changes nothing. */
SITE void refused(void)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = map_here(4 * MIB, 0);
    memset(memory, 25, 4 * MIB);
    if (munmap(memory + 1, MIB) == 0 || mremap(memory, 4 * MIB, (size_t)1 << 46, MREMAP_MAYMOVE) != MAP_FAILED)
        fail("what must fail did not");
    add_range(row, memory, 4 * MIB, 4 * MIB);
}

SITE void refused_block(void)
{
    static char *keep;
    struct row *row = begin(__func__, "large");
    keep = checked(malloc(4 * MIB), "malloc");
    memset(keep, 26, 4 * MIB);
    if (realloc(keep, (size_t)1 << 46))
        fail("what must fail did not");
    add_large(row, keep, 4 * MIB, 4 * MIB);
}

/* The program break, in odd steps, and a quarter of it given back. */
SITE void break_moved(void)
{
    enum { STEP = 3000, STEPS = 1400 };
    struct row *row = begin(__func__, "mapping");
    char *first = sbrk(0);
    for (unsigned i = 0; i < STEPS; i++)
        if (sbrk(STEP) == (void *)-1)
            fail("sbrk");
    memset(first, 27, STEP * STEPS);
    if (brk(first + STEP * STEPS / 4 * 3) != 0)
        fail("brk");
    row->committed = row->resident = STEP * STEPS / 4 * 3;
    row->blocks = 1;
}

static char *reserved;

SITE void reserve_for_toucher(void)
{
    reserved = map_here(24 * MIB, MAP_NORESERVE);
}

SITE void *toucher(void *unused)
{
    memset(reserved, 19, 20 * MIB);
    return unused;
}

SITE void shared_anonymous(void)
{
    struct row *row = begin(__func__, "shared");
    char *memory = checked(mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), "mmap");
    memset(memory, 20, 8 * MIB);
    add_range(row, memory, 8 * MIB, 8 * MIB);
}

SITE void shared_removed(void)
{
    struct row *row = begin(__func__, "shared");
    char *memory = checked(mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), "mmap");
    memset(memory, 28, 8 * MIB);
    if (madvise(memory, 2 * MIB, MADV_REMOVE) != 0)
        fail("madvise");
    add_range(row, memory, 8 * MIB, 6 * MIB);
}

SITE void shared_memfd(void)
{
    struct row *row = begin(__func__, "shared");
    int fd = memfd_create("truth", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 4 * MIB) != 0)
        fail("memfd");
    char *memory = checked(mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), "mmap");
    memset(memory, 29, 4 * MIB);
    add_range(row, memory, 4 * MIB, 4 * MIB);
    close(fd);
}

static char *attach(size_t bytes)
{
    int id = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
    char *memory = id < 0 ? (char *)-1 : shmat(id, NULL, 0);
    if (id >= 0)
        shmctl(id, IPC_RMID, NULL); /* it lasts as long as it is attached */
    if (memory == (char *)-1)
        fail("shmat");
    memset(memory, 30, bytes);
    return memory;
}

SITE void shared_system_v(void)
{
    struct row *row = begin(__func__, "shared");
    char *gone = attach(3 * MIB), *kept = attach(5 * MIB);
    if (shmdt(gone) != 0 || shmdt(kept + PAGE) == 0)
        fail("shmdt");
    add_range(row, kept, 5 * MIB, 5 * MIB);
}

/* Page cache that the kernel can write back: no shared memory. */
SITE void file_shared(int fd)
{
    struct row *row = begin(__func__, "file");
    volatile char *memory = checked(mmap(NULL, 8 * MIB, PROT_READ, MAP_SHARED, fd, 0), "mmap");
    unsigned sum = 0;
    for (size_t i = 0; i < 8 * MIB; i += PAGE)
        sum += (unsigned)memory[i];
    row->committed = row->resident = 8 * MIB;
    row->blocks = 1 + sum % 1;
}

SITE void file_read(int fd)
{
    struct row *row = begin(__func__, "file");
    volatile char *memory = checked(mmap(NULL, 8 * MIB, PROT_READ, MAP_PRIVATE, fd, 0), "mmap");
    unsigned sum = 0;
    for (size_t i = 0; i < 8 * MIB; i += PAGE)
        sum += (unsigned)memory[i];
    row->committed = row->resident = 8 * MIB;
    row->blocks = 1 + sum % 1;
}

/* A private page of a file that was written is anonymous memory. */
SITE void file_written(int fd)
{
    struct row *row = begin(__func__, "mapping");
    char *memory = checked(mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0), "mmap");
    for (size_t i = 0; i < 4 * MIB; i += PAGE)
        memory[i] = 21;
    row->committed = 8 * MIB;
    row->resident = row->seen = 4 * MIB;
    row->blocks = 1;
}

/* ---- stacks ---- */

static sem_t ready, never;
static uintptr_t stack_top[STACKS], stack_low[STACKS];

SITE void deep_stack(unsigned thread, unsigned depth)
{
    volatile char frame[32 << 10];
    memset((char *)frame, 22, sizeof frame);
    if (depth > 0) {
        deep_stack(thread, depth - 1);
    } else {
        stack_low[thread] = (uintptr_t)frame;
        sem_post(&ready);
        sem_wait(&never);
    }
    if (frame[depth] != 22)
        abort();
}

static void *stack_thread(void *number)
{
    unsigned thread = (unsigned)(uintptr_t)number;
    stack_top[thread] = (uintptr_t)&thread;
    deep_stack(thread, 63); /* 2 MiB */
    return NULL;
}

static void *thread_main(void *unused)
{
    thread_blocks();
    sem_post(&ready);
    sem_wait(&never);
    return unused;
}

static void start_threads(pthread_t *thread)
{
    sem_init(&ready, 0, 0);
    sem_init(&never, 0, 0);
    for (uintptr_t i = 0; i < STACKS; i++)
        pthread_create(&thread[i], NULL, stack_thread, (void *)i);
    for (unsigned i = 0; i < STACKS; i++)
        sem_wait(&ready);
    pthread_create(&thread[STACKS], NULL, thread_main, NULL);
    sem_wait(&ready);

    struct row *row = begin("deep_stack", "stack");
    for (unsigned i = 0; i < STACKS; i++)
        add_range(row, (void *)stack_low[i], stack_top[i] - stack_low[i],
                  (((stack_top[i] + PAGE) | (PAGE - 1)) + 1 - PAGE) - (stack_low[i] & ~(PAGE - 1)));
}

/* ---- the account ---- */

static void tell(const char *path)
{
    char fresh[4096];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *out = fopen(fresh, "w");
    if (!out)
        fail(fresh);
    for (unsigned i = 0; i < range_count; i++)
        ranges[i].row->seen += seen_in(ranges[i].from, ranges[i].to);
    fprintf(out, "{\"functions\": [");
    for (unsigned i = 0; i < row_count; i++) {
        struct row *row = &rows[i];
        if (huge && row->seen)
            row->resident = row->seen;
        fprintf(out, "%s\n {\"function\": \"%s\", \"kind\": \"%s\", \"committed\": %zu, \"resident\": %zu, ",
                i ? "," : "", row->function, row->kind, row->committed, row->resident);
        fprintf(out, "\"seen\": %zu, \"blocks\": %zu}", row->seen, row->blocks);
    }
    fprintf(out, "],\n \"rss_anon_kib\": %ld}\n", rss_anon_kib());
    if (fclose(out) != 0 || rename(fresh, path) != 0)
        fail(path);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Memory that is older than the records, and time for them to begin. */
SITE void before_all(void)
{
    static char *keep[32];
    for (unsigned i = 0; i < 32; i++) {
        keep[i] = checked(malloc(64 << 10), "malloc");
        memset(keep[i], 23, 64 << 10);
    }
    pause_ms(400);
}

static void obtain_all(int fd, pthread_t *thread)
{
    before_all();
    small_blocks();
    small_calloc();
    medium_blocks();
    posix_aligned();
    churned();
    large_blocks();
    calloc_half();
    realloc_growth();
    aligned_blocks();
    read_into();
    map_full();
    map_cut();
    map_below();
    map_over();
    remap_in_place();
    remap_moved();
    dontneed_half();
    remap_kept();
    populated();
    refused();
    refused_block();
    break_moved();
    huge_pages();
    reserve_only();
    read_never_written();
    reserve_for_toucher();
    pthread_create(&thread[0], NULL, toucher, NULL);
    pthread_join(thread[0], NULL);
    add_range(begin("reserve_for_toucher", "mapping"), reserved, 24 * MIB, 20 * MIB);
    shared_anonymous();
    shared_removed();
    shared_memfd();
    shared_system_v();
    file_read(fd);
    file_shared(fd);
    file_written(fd);
    start_threads(thread);
}

int main(int argc, char **argv)
{
    static pthread_t thread[STACKS + 1];
    struct stat ignored;
    if (argc < 4)
        return 2;
    huge = argc > 4 && strcmp(argv[4], "huge") == 0;
    if (!huge)
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    int fd = open(argv[3], O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail(argv[3]);
    obtain_all(fd, thread);
    tell(argv[1]);
    for (unsigned i = 0; i < 1200 && stat(argv[2], &ignored) != 0; i++)
        pause_ms(50);
    return 0; /* the other threads still wait, so their memory is there to the end */
}
