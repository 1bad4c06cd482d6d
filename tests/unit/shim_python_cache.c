/* SPDX-License-Identifier: MIT */
/* python_cache: what was put is found, under its every word and no other; old frames give way; pages come in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#include "observe/python_cache.h"

#define UNKNOWN UINT32_MAX

static struct python_cache cache;
static void *memory;

static int open_cache(void **unused)
{
    memory = mmap(NULL, python_cache_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    python_cache_open(&cache, memory);
    return memory == MAP_FAILED;
}

static int close_cache(void **unused)
{
    return munmap(memory, python_cache_bytes());
}

/* The i-th of many code objects, as far apart as an interpreter's lie. */
static struct python_known object(uint32_t i)
{
    return (struct python_known){.code = UINT64_C(0x7f0000000000) + i * UINT64_C(1936),
                                 .filename = 0x1000 + i,
                                 .name = 0x2000 + i,
                                 .lines = 0x3000 + i,
                                 .content = (i * UINT64_C(0x9E3779B97F4A7C15)) | 1,
                                 .position = (int32_t)(i % 50) * 2,
                                 .first_line = (int32_t)i};
}

static uint32_t find(struct python_known known)
{
    return python_cache_find(&cache, &known);
}

static void put(struct python_known known, uint32_t frame)
{
    python_cache_put(&cache, &known, frame);
}

static void each_word_tells(void **unused)
{
    struct python_known known = object(7), other;
    assert_int_equal(find(known), UNKNOWN);
    put(known, 42);
    assert_int_equal(find(known), 42);
    size_t words[] = {offsetof(struct python_known, code),      offsetof(struct python_known, filename),
                      offsetof(struct python_known, name),      offsetof(struct python_known, lines),
                      offsetof(struct python_known, content),   offsetof(struct python_known, position),
                      offsetof(struct python_known, first_line)};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        other = known;
        ((unsigned char *)&other)[words[i]] ^= 2;
        assert_int_equal(find(other), UNKNOWN);
    }
}

/* What never changes has no hash of what it says. */
static void frozen_objects(void **unused)
{
    struct python_known known = object(3);
    known.content = 0;
    put(known, 5);
    assert_int_equal(find(known), 5);
}

static void the_newest_counts(void **unused)
{
    struct python_known known = object(9);
    put(known, 1);
    put(known, 2);
    assert_int_equal(find(known), 2);
}

static void old_ones_give_way(void **unused)
{
    uint32_t there = 0;
    for (uint32_t i = 0; i < 10 * PYTHON_CACHE_SLOTS; i++) {
        put(object(i), i);
        assert_int_equal(find(object(i)), i);
    }
    for (uint32_t i = 0; i < 10 * PYTHON_CACHE_SLOTS; i++) {
        uint32_t found = find(object(i));
        assert_true(found == i || found == UNKNOWN);
        there += found == i;
    }
    assert_in_range(there, PYTHON_CACHE_SLOTS * 9 / 10, PYTHON_CACHE_SLOTS);
    assert_true(cache.count <= PYTHON_CACHE_SLOTS);
}

static size_t resident_pages(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (python_cache_bytes() + page - 1) / page, n = 0;
    unsigned char *there = malloc(pages);
    assert_int_equal(mincore(memory, python_cache_bytes(), there), 0);
    for (size_t i = 0; i < pages; i++)
        n += there[i] & 1;
    free(there);
    return n;
}

static void a_few_frames_take_a_few_pages(void **unused)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (uint32_t i = 0; i < 500; i++)
        put(object(i), i);
    assert_true(resident_pages() <= (python_cache_slot_bytes() + 500 * 64) / page + 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_cache, close_cache)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_word_tells),
        TEST(frozen_objects),
        TEST(the_newest_counts),
        TEST(old_ones_give_way),
        TEST(a_few_frames_take_a_few_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
