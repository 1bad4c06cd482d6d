/* SPDX-License-Identifier: MIT */
/* maps: lines of /proc/PID/maps as kernels write them, and the running process itself. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "observe/maps.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void parses_lines(void **unused)
{
    static const struct {
        const char *line;
        struct map map;
    } rows[] = {
        {"7f2c4a000000-7f2c4a021000 rw-p 00000000 00:00 0 ",
         {0x7f2c4a000000, 0x7f2c4a021000, true, true, false, false, 0, ""}},
        {"7f2c4a000000-7f2c4a021000 rw-p 00000000 00:00 0",
         {0x7f2c4a000000, 0x7f2c4a021000, true, true, false, false, 0, ""}},
        {"55e8cd1f2000-55e8cd213000 rw-p 00000000 00:00 0                          [heap]",
         {0x55e8cd1f2000, 0x55e8cd213000, true, true, false, false, 0, "[heap]"}},
        {"7ffd4b5c1000-7ffd4b5e2000 rw-p 00000000 00:00 0                          [stack]",
         {0x7ffd4b5c1000, 0x7ffd4b5e2000, true, true, false, false, 0, "[stack]"}},
        {"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]",
         {0xffffffffff600000, 0xffffffffff601000, false, false, false, true, 0, "[vsyscall]"}},
        {"7f0a12345000-7f0a12367000 r-xp 00026000 fe:01 1837451                    /usr/lib/x86_64-linux-gnu/libc.so.6",
         {0x7f0a12345000, 0x7f0a12367000, true, false, false, true, 1837451, "/usr/lib/x86_64-linux-gnu/libc.so.6"}},
        {"7f0a12345000-7f0a12346000 rw-s 00000000 00:01 2054                       /memfd:arena pool (deleted)",
         {0x7f0a12345000, 0x7f0a12346000, true, true, true, false, 2054, "/memfd:arena pool (deleted)"}},
        {"7f0a12345000-7f0a12346000 r--s 1ffff000 103:02 9007199254740993          /data/my file  two.csv",
         {0x7f0a12345000, 0x7f0a12346000, true, false, true, false, 9007199254740993, "/data/my file  two.csv"}},
        {"7f0a12345000-7f0a12346000 ---p 00000000 00:00 0                          [anon:glibc: malloc arena]",
         {0x7f0a12345000, 0x7f0a12346000, false, false, false, false, 0, "[anon:glibc: malloc arena]"}},
        {"00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/old (deleted)",
         {0x400000, 0x452000, true, false, false, true, 173521, "/usr/bin/old (deleted)"}},
        {"7f0a12345000-7f0a12346000 r--p 100000000 08:02 5  /a\\012b", /* offsets beyond 4 GiB, an escaped newline */
         {0x7f0a12345000, 0x7f0a12346000, true, false, false, false, 5, "/a\\012b"}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct map map;
        if (!maps_parse(rows[i].line, &map))
            fail_msg("not parsed: %s", rows[i].line);
        assert_int_equal(map.start, rows[i].map.start);
        assert_int_equal(map.end, rows[i].map.end);
        assert_int_equal(map.readable, rows[i].map.readable);
        assert_int_equal(map.writable, rows[i].map.writable);
        assert_int_equal(map.executable, rows[i].map.executable);
        assert_int_equal(map.shared, rows[i].map.shared);
        assert_int_equal(map.inode, rows[i].map.inode);
        assert_string_equal(map.name, rows[i].map.name);
    }
}

static void refuses_what_is_no_line(void **unused)
{
    static const char line[] = "7f2c4a000000-7f2c4a021000 rw-p 00000000 08:01 1234";
    struct map map;
    assert_true(maps_parse(line, &map));
    for (size_t cut = 0; cut <= sizeof line - 1 - 4; cut++) { /* anywhere before the inode */
        char part[sizeof line] = "";
        memcpy(part, line, cut);
        if (maps_parse(part, &map))
            fail_msg("'%s' is no line", part);
    }
    static const char *const rows[] = {
        "zz-7f2c4a021000 rw-p 00000000 08:01 1234",
        "7f2c4a000000 7f2c4a021000 rw-p 00000000 08:01 1234",
        "7f2c4a000000-7f2c4a021000 rw-p 00000000 0801 1234",
        "7f2c4a000000-7f2c4a021000 rw-p 00000000 08:01 x",
        "Size:                132 kB",
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_false(maps_parse(rows[i], &map));
}

struct wanted {
    uint64_t start, end;
    unsigned seen, lines;
    bool heap_or_stack;
};

static bool look(void *context, const struct map *map)
{
    struct wanted *wanted = context;
    wanted->lines++;
    assert_true(map->start < map->end);
    wanted->heap_or_stack |= strcmp(map->name, "[stack]") == 0;
    if (map->start <= wanted->start && wanted->end <= map->end) {
        wanted->seen++;
        assert_true(map->readable);
        assert_false(map->writable);
        assert_true(map->shared);
        assert_int_not_equal(map->inode, 0);
        assert_non_null(strstr(map->name, "lastwords maps test"));
    }
    return true;
}

static bool stop_at_once(void *context, const struct map *map)
{
    ++*(unsigned *)context;
    return false;
}

static void finds_a_mapping_of_this_process(void **unused)
{
    char path[] = "/tmp/lastwords maps test XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 3 * 4096), 0);
    char *memory = mmap(NULL, 3 * 4096, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(memory != MAP_FAILED);
    unlink(path);
    struct wanted wanted = {.start = (uintptr_t)memory, .end = (uintptr_t)memory + 3 * 4096};
    assert_true(maps_each(look, &wanted));
    assert_int_equal(wanted.seen, 1);
    assert_true(wanted.heap_or_stack);
    assert_true(wanted.lines > 10);
    unsigned calls = 0;
    assert_true(maps_each(stop_at_once, &calls));
    assert_int_equal(calls, 1);
    munmap(memory, 3 * 4096);
    close(fd);
}

static void *first_of_thread(void *unused)
{
    return malloc(1000);
}

static void knows_the_heap_of_a_thread(void **unused)
{
    const size_t align = 64u << 20;
    pthread_t thread;
    void *block;
    assert_int_equal(pthread_create(&thread, NULL, first_of_thread, NULL), 0);
    assert_int_equal(pthread_join(thread, &block), 0);
    assert_true(maps_is_thread_heap((uintptr_t)block & ~(align - 1)));
    assert_false(maps_is_thread_heap(((uintptr_t)block & ~(align - 1)) + 4096));
    free(block);
}

static void knows_what_is_only_aligned_like_one(void **unused)
{
    const size_t align = 64u << 20;
    char *memory = mmap(NULL, 2 * align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory != MAP_FAILED);
    char *aligned = (char *)(((uintptr_t)memory + align - 1) & ~(align - 1));
    for (int fill = 0; fill < 256; fill += 5) {
        memset(aligned, fill, 4096);
        assert_false(maps_is_thread_heap((uintptr_t)aligned));
    }
    munmap(memory, 2 * align);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_lines),
        cmocka_unit_test(refuses_what_is_no_line),
        cmocka_unit_test(finds_a_mapping_of_this_process),
        cmocka_unit_test(knows_the_heap_of_a_thread),
        cmocka_unit_test(knows_what_is_only_aligned_like_one),
    };
    return cmocka_run_group_tests_name("shim_maps", tests, NULL, NULL);
}
