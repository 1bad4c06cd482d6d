/* SPDX-License-Identifier: MIT */
/* residency: real pages, seen alike by all three methods where they can, and unlike where they must differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "observe/residency.h"

#define PAGES 64u

static const enum lw_residency methods[] = {LW_RESIDENCY_PAGEMAP_SCAN, LW_RESIDENCY_PAGEMAP, LW_RESIDENCY_MINCORE};

static unsigned char buffer[RESIDENCY_BUFFER_BYTES] __attribute__((aligned(16)));
static struct residency residency;
static enum lw_residency best;
static size_t page;
static unsigned char *memory;

struct seen {
    unsigned char flags[PAGES];
    uint32_t calls;
    uint64_t bytes; /* by count() */
    uint64_t last_end;
};

static void note(void *context, uint64_t start, uint64_t end, unsigned flags)
{
    struct seen *seen = context;
    assert_true(start >= seen->last_end && start < end);
    assert_true(start >= (uintptr_t)memory && end <= (uintptr_t)memory + PAGES * page);
    assert_true(flags & (RESIDENCY_PRESENT | RESIDENCY_SWAPPED));
    for (uint64_t at = start; at < end; at += page)
        seen->flags[(at - (uintptr_t)memory) / page] = (unsigned char)flags;
    seen->last_end = end;
    seen->calls++;
}

/* false: this kernel lacks the method. */
static bool look(enum lw_residency method, size_t buffer_bytes, struct seen *seen)
{
    if (method < best)
        return false;
    *seen = (struct seen){0};
    residency.method = method;
    residency.buffer_bytes = buffer_bytes;
    assert_true(residency_scan(&residency, (uintptr_t)memory, (uintptr_t)memory + PAGES * page, true, note, seen));
    return true;
}

static void count(void *context, uint64_t start, uint64_t end, unsigned flags)
{
    struct seen *seen = context;
    seen->calls++;
    seen->bytes += end - start;
}

static int setup(void **unused)
{
    page = (size_t)sysconf(_SC_PAGESIZE);
    assert_true(residency_open(&residency, buffer, sizeof buffer, (uint32_t)page));
    best = residency.method;
    /* A page on each side keeps other mappings from growing together with it. */
    unsigned char *all =
        mmap(NULL, (PAGES + 2) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(all != MAP_FAILED);
    madvise(all, (PAGES + 2) * page, MADV_NOHUGEPAGE);
    memory = all + page;
    return 0;
}

static int teardown(void **unused)
{
    residency_close(&residency);
    munmap(memory - page, (PAGES + 2) * page);
    return 0;
}

static void opens_with_a_method_that_works(void **unused)
{
    assert_in_range(best, LW_RESIDENCY_PAGEMAP_SCAN, LW_RESIDENCY_MINCORE);
    print_message("# best method here: %d\n", best);
    residency_close(&residency);
    assert_int_equal(residency.fd, -1);
    residency_close(&residency);
    residency_open(&residency, buffer, sizeof buffer, (uint32_t)page);
    assert_int_equal(residency.method, best);
    assert_true(residency.fd >= 100 || best == LW_RESIDENCY_MINCORE);
}

static void untouched_memory_is_not_resident(void **unused)
{
    for (size_t m = 0; m < 3; m++) {
        struct seen seen;
        if (look(methods[m], sizeof buffer, &seen))
            assert_int_equal(seen.calls, 0);
    }
}

/* With a large buffer, and with buffers that hold a few regions, entries or bytes only. */
static void every_second_page(void **unused)
{
    static const size_t sizes[] = {sizeof buffer, 24, 72, 200};
    for (uint32_t i = 0; i < PAGES; i += 2)
        memory[i * page] = 1;
    for (size_t m = 0; m < 3; m++)
        for (size_t s = 0; s < 4; s++) {
            struct seen seen;
            if (!look(methods[m], sizes[s], &seen))
                continue;
            assert_int_equal(seen.calls, PAGES / 2);
            for (uint32_t i = 0; i < PAGES; i++)
                assert_int_equal(seen.flags[i], i % 2 ? 0 : RESIDENCY_PRESENT);
        }
}

/* Quickly: anonymous memory alike, whatever the runs; what may be a file's as ever. */
static void quickly_is_alike(void **unused)
{
    unsigned random = 1;
    if (best != LW_RESIDENCY_PAGEMAP_SCAN)
        return;
    residency.method = best;
    residency.buffer_bytes = sizeof buffer;
    for (int round = 0; round < 200; round++) {
        struct seen exactly = {0}, quickly = {0}, of_file = {0};
        madvise(memory, PAGES * page, MADV_DONTNEED);
        for (uint32_t i = 0, run = 0, there = 0; i < PAGES; i++, run--) {
            if (!run) {
                random = random * 1103515245 + 12345;
                run = 1 + (random >> 16) % 40;
                there = !there;
            }
            if (there)
                memory[i * page] = 1;
        }
        residency_scan(&residency, (uintptr_t)memory, (uintptr_t)memory + PAGES * page, false, note, &exactly);
        residency.quick = true;
        residency_scan(&residency, (uintptr_t)memory, (uintptr_t)memory + PAGES * page, false, note, &quickly);
        residency_scan(&residency, (uintptr_t)memory, (uintptr_t)memory + PAGES * page, true, note, &of_file);
        residency.quick = false;
        assert_memory_equal(exactly.flags, quickly.flags, PAGES);
        assert_memory_equal(exactly.flags, of_file.flags, PAGES);
        assert_int_equal(exactly.calls, quickly.calls);
    }
}

static void sum_up(void *context, uint64_t start, uint64_t end, unsigned flags)
{
    *(uint64_t *)context += end - start;
}

/* More runs than the kernel handles in one part of a walk (512), with a buffer that holds all of them. */
static void every_page_is_told_once(void **unused)
{
    enum { RUNS = 700 };
    for (size_t m = 0; m < 3; m++) {
        static unsigned char large[RUNS * 24 * 2];
        struct residency other;
        uint64_t bytes = 0;
        unsigned char *pages =
            mmap(NULL, RUNS * 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        assert_true(pages != MAP_FAILED);
        madvise(pages, RUNS * 2 * page, MADV_NOHUGEPAGE);
        for (size_t i = 0; i < RUNS; i++)
            pages[i * 2 * page] = 1;
        residency_open(&other, large, sizeof large, (uint32_t)page);
        if (methods[m] >= other.method) {
            other.method = methods[m];
            residency_scan(&other, (uintptr_t)pages, (uintptr_t)pages + RUNS * 2 * page, true, sum_up, &bytes);
            assert_int_equal(bytes, RUNS * page);
        }
        residency_close(&other);
        munmap(pages, RUNS * 2 * page);
    }
}

static void neighbours_are_one_run(void **unused)
{
    memset(memory + 5 * page, 1, 20 * page);
    memset(memory + 60 * page, 1, 4 * page); /* up to the end of the range */
    for (size_t m = 0; m < 3; m++) {
        struct seen seen;
        if (!look(methods[m], sizeof buffer, &seen))
            continue;
        assert_int_equal(seen.calls, 2);
        for (uint32_t i = 0; i < PAGES; i++)
            assert_int_equal(seen.flags[i] != 0, (i >= 5 && i < 25) || i >= 60);
    }
}

static void a_run_goes_on_across_two_buffers(void **unused)
{
    memset(memory, 1, PAGES * page);
    struct seen seen;
    if (look(LW_RESIDENCY_PAGEMAP, 8 * 10, &seen)) {
        assert_int_equal(seen.calls, 1);
        assert_int_equal(seen.last_end, (uintptr_t)memory + PAGES * page);
    }
    assert_true(look(LW_RESIDENCY_MINCORE, 10, &seen));
    assert_int_equal(seen.calls, 1);
    assert_int_equal(seen.last_end, (uintptr_t)memory + PAGES * page);
}

static void pages_given_back_are_gone(void **unused)
{
    memset(memory, 1, PAGES * page);
    assert_int_equal(madvise(memory + 10 * page, 20 * page, MADV_DONTNEED), 0);
    for (size_t m = 0; m < 3; m++) {
        struct seen seen;
        if (!look(methods[m], sizeof buffer, &seen))
            continue;
        assert_int_equal(seen.calls, 2);
        for (uint32_t i = 0; i < PAGES; i++)
            assert_int_equal(seen.flags[i], i >= 10 && i < 30 ? 0 : RESIDENCY_PRESENT);
    }
}

/* Memory that was only read is the zero page; it costs nothing. pagemap knows it by its frame, or by its sharing. */
/* What of the range is in memory and no file's, as the kernel counts it: the range is a mapping of its own. */
static size_t anonymous_bytes(const void *start)
{
    char line[512], wanted[32];
    size_t kib = 0;
    bool here = false;
    FILE *smaps = fopen("/proc/self/smaps", "r");
    assert_non_null(smaps);
    snprintf(wanted, sizeof wanted, "%lx-", (unsigned long)(uintptr_t)start);
    while (fgets(line, sizeof line, smaps)) {
        if (strncmp(line, wanted, strlen(wanted)) == 0)
            here = true;
        else if (here && sscanf(line, "Anonymous: %zu kB", &kib) == 1)
            break;
    }
    fclose(smaps);
    return kib * 1024;
}

/* Some kernels have no zero pages (pvm_no_zero_page): reading costs memory there, and that is to be seen. */
static void the_zero_page_is_no_memory(void **unused)
{
    unsigned sum = 0;
    for (uint32_t i = 0; i < PAGES; i++)
        sum += ((volatile unsigned char *)memory)[i * page];
    assert_int_equal(sum, 0);
    memory[7 * page] = 1;
    size_t expected = anonymous_bytes(memory - page) / page;
    assert_true(expected == 1 || expected == PAGES);
    for (size_t m = 0; m < 2; m++) {
        for (int hidden = 0; hidden < 2; hidden++) {
            struct seen seen;
            residency_find_zero_frames(&residency);
            if (hidden)
                residency.zero_frame = 0;
            if (!look(methods[m], sizeof buffer, &seen))
                continue;
            assert_int_equal(seen.calls, 1);
            for (uint32_t i = 0; i < PAGES; i++)
                assert_int_equal(seen.flags[i], i == 7 || expected == PAGES ? RESIDENCY_PRESENT : 0);
        }
    }
}

static void the_huge_zero_page_is_no_memory(void **unused)
{
    size_t huge = 2u << 20;
    unsigned char *range = mmap(NULL, 3 * huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned char *aligned = range + (-(uintptr_t)range & (huge - 1));
    madvise(aligned, 2 * huge, MADV_HUGEPAGE);
    assert_int_equal(*(volatile unsigned char *)(aligned + huge / 2), 0);
    size_t read = anonymous_bytes(aligned);
    assert_true(read == 0 || read == huge);
    aligned[huge] = 1;
    for (size_t m = 0; m < 2; m++) {
        struct seen seen = {0};
        residency.method = methods[m];
        if (m == 0 && best != LW_RESIDENCY_PAGEMAP_SCAN)
            continue;
        residency_find_zero_frames(&residency);
        assert_true(residency_scan(&residency, (uintptr_t)aligned, (uintptr_t)aligned + huge, true, count, &seen));
        assert_int_equal(seen.bytes, read);
    }
    residency.method = best;
    munmap(range, 3 * huge);
}

/* After a fork a page of ours that the child still shares is memory all the same. */
static void shared_pages_count_after_a_fork(void **unused)
{
    int hold[2];
    char byte;
    memset(memory, 1, PAGES * page);
    assert_int_equal(pipe(hold), 0);
    pid_t child = fork();
    if (child == 0) {
        close(hold[1]);
        _exit(read(hold[0], &byte, 1) != 0);
    }
    for (int hidden = 0; hidden < 2; hidden++) {
        struct seen seen;
        residency.shares = true;
        residency_find_zero_frames(&residency);
        if (hidden)
            residency.zero_frame = 0;
        assert_true(look(LW_RESIDENCY_PAGEMAP, sizeof buffer, &seen));
        assert_int_equal(seen.calls, 1);
    }
    close(hold[1]);
    close(hold[0]);
    waitpid(child, NULL, 0);
}

static void pages_of_files_are_marked(void **unused)
{
    char path[] = "/tmp/lastwords-residency-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    unlink(path);
    assert_int_equal(ftruncate(fd, (off_t)(8 * page)), 0);
    unsigned char *file = mmap(memory + 8 * page, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0);
    assert_ptr_equal(file, memory + 8 * page);
    madvise(file, 8 * page, MADV_RANDOM); /* no page but the one that is asked for */
    unsigned sum = ((volatile unsigned char *)file)[0];
    assert_int_equal(sum, 0);
    file[page] = 1; /* a private copy: anonymous from now on */
    memory[0] = 1;
    for (size_t m = 0; m < 2; m++) {
        struct seen seen;
        if (!look(methods[m], sizeof buffer, &seen))
            continue;
        assert_int_equal(seen.flags[0], RESIDENCY_PRESENT);
        assert_int_equal(seen.flags[8], RESIDENCY_PRESENT | RESIDENCY_FILE);
        assert_int_equal(seen.flags[9], RESIDENCY_PRESENT);
    }
    close(fd);
}

static void a_hole_is_nothing(void **unused)
{
    memset(memory, 1, PAGES * page);
    assert_int_equal(munmap(memory + 20 * page, 10 * page), 0);
    for (size_t m = 0; m < 2; m++) {
        struct seen seen;
        if (!look(methods[m], sizeof buffer, &seen))
            continue;
        for (uint32_t i = 0; i < PAGES; i++)
            assert_int_equal(seen.flags[i], i >= 20 && i < 30 ? 0 : RESIDENCY_PRESENT);
    }
    residency.method = LW_RESIDENCY_MINCORE; /* which refuses ranges with holes */
    struct seen seen = {0};
    assert_false(
        residency_scan(&residency, (uintptr_t)memory + 20 * page, (uintptr_t)memory + 30 * page, true, note, &seen));
    assert_int_equal(seen.calls, 0);
}

static void no_method_no_answer(void **unused)
{
    struct seen seen = {0};
    residency.method = LW_RESIDENCY_NONE;
    assert_false(residency_scan(&residency, (uintptr_t)memory, (uintptr_t)memory + page, true, note, &seen));
    residency.method = best;
    assert_true(residency_scan(&residency, (uintptr_t)memory, (uintptr_t)memory, true, note, &seen));
    assert_int_equal(seen.calls, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opens_with_a_method_that_works),
        TEST(untouched_memory_is_not_resident),
        TEST(every_second_page),
        TEST(quickly_is_alike),
        TEST(every_page_is_told_once),
        TEST(neighbours_are_one_run),
        TEST(a_run_goes_on_across_two_buffers),
        TEST(pages_given_back_are_gone),
        TEST(the_zero_page_is_no_memory),
        TEST(the_huge_zero_page_is_no_memory),
        TEST(shared_pages_count_after_a_fork),
        TEST(pages_of_files_are_marked),
        TEST(a_hole_is_nothing),
        TEST(no_method_no_answer),
    };
    return cmocka_run_group_tests_name("shim_residency", tests, NULL, NULL);
}
