/* SPDX-License-Identifier: MIT */
/* peek: what is read is what is there now, and what is not there is said so, whatever was kept or asked for before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#include "observe/peek.h"

#define PAGES 200u
#define PAGE  4096u

static unsigned char *area;

static unsigned char content(size_t i, unsigned turn)
{
    return (unsigned char)(i * 31 + i / PAGE + turn);
}

static int map(void **state)
{
    area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    peek_begin(0);
    return area == MAP_FAILED;
}

static int unmap(void **state)
{
    return munmap(area, PAGES * PAGE);
}

static uint64_t at(size_t offset)
{
    return (uintptr_t)area + offset;
}

static void fill(unsigned turn)
{
    for (size_t i = 0; i < PAGES * PAGE; i++)
        area[i] = content(i, turn);
}

static bool is_read(size_t offset, size_t bytes)
{
    unsigned char got[PAGE];
    return peek(at(offset), got, bytes) && memcmp(got, area + offset, bytes) == 0;
}

static void across_pages_and_more_than_are_kept(void **state)
{
    fill(1);
    for (unsigned round = 0; round < 3; round++)
        for (size_t page = 0; page + 1 < PAGES; page++)
            assert_true(is_read((page + 1) * PAGE - page % 160, 160));
    assert_true(is_read(5, PAGE - 10));
    assert_true(is_read(PAGE - 1, 2));
}

static void another_walk_sees_what_is_there_now(void **state)
{
    for (unsigned turn = 1; turn < 20; turn++) {
        fill(turn);
        peek_begin(7); /* the same thread: read again at once */
        for (size_t page = 0; page < 3 * turn; page++)
            assert_true(is_read(page * 3 * PAGE + 100, 112));
    }
    fill(99);
    peek_begin(8); /* another */
    assert_true(is_read(100, 112));
}

static void what_went_away_since_is_not_there(void **state)
{
    fill(1);
    for (unsigned gone = 0; gone < 8; gone++) {
        peek_begin(9);
        for (size_t page = gone; page < 8; page++)
            assert_true(is_read(page * PAGE + 8, 64));
        assert_int_equal(mprotect(area + gone * PAGE, PAGE, PROT_NONE), 0);
        peek_begin(9);
        unsigned char got[200];
        assert_false(peek(at(gone * PAGE + 8), got, 64));
        if (gone)
            assert_false(peek(at((gone + 1) * PAGE - 100), got, 200));
        for (size_t page = gone + 1; page < 16; page++)
            assert_true(is_read(page * PAGE + 8, 64));
    }
}

static void asked_for_ahead(void **state)
{
    uint64_t addresses[128];
    fill(3);
    for (unsigned i = 0; i < 128; i++)
        addresses[i] = at(i * (PAGE + 37) + PAGE - 50 - i);
    mprotect(area + 20 * PAGE, PAGE, PROT_NONE);
    addresses[3] = 0;
    addresses[4] = 8;
    addresses[5] = UINT64_MAX - 20;
    addresses[6] = UINT64_C(0x7000000000000000);
    peek_begin(11);
    peek_ahead(addresses, 128, 160);
    peek_ahead(addresses, 0, 160);
    for (unsigned i = 0; i < 128; i++) {
        unsigned char got[160];
        size_t offset = i * (PAGE + 37) + PAGE - 50 - i;
        bool there = offset / PAGE != 20 && (offset + 159) / PAGE != 20 && (i < 3 || i > 6);
        assert_int_equal(peek(addresses[i], got, sizeof got), there);
        if (there)
            assert_memory_equal(got, area + offset, sizeof got);
    }
}

static void nothing_where_nothing_can_be(void **state)
{
    unsigned char got[PAGE];
    assert_false(peek(0, got, 8));
    assert_false(peek(PAGE - 4, got, 8));
    assert_false(peek(UINT64_MAX - 3, got, 3));
    assert_false(peek(UINT64_MAX, got, 8));
    assert_false(peek(UINT64_C(0x00ff000000000000), got, 8));
    assert_false(peek(UINT64_C(0x7ffffffff000), got, PAGE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(across_pages_and_more_than_are_kept, map, unmap),
        cmocka_unit_test_setup_teardown(another_walk_sees_what_is_there_now, map, unmap),
        cmocka_unit_test_setup_teardown(what_went_away_since_is_not_there, map, unmap),
        cmocka_unit_test_setup_teardown(asked_for_ahead, map, unmap),
        cmocka_unit_test_setup_teardown(nothing_where_nothing_can_be, map, unmap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
