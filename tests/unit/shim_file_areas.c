/* SPDX-License-Identifier: MIT */
/* file_areas: what was seen of a mapping is known for as many passes as was said, of no other mapping, and no longer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "store/file_areas.h"

#define CAPACITY 8u

static struct arena arena;
static struct file_areas areas;

static int before_each(void **unused)
{
    if (!arena_open(&arena, 64u << 10))
        return -1;
    return file_areas_open(&areas, &arena, CAPACITY) ? 0 : -1;
}

static int after_each(void **unused)
{
    arena_close(&arena);
    return 0;
}

static void note(uint64_t start, uint64_t resident_bytes, uint32_t passes)
{
    struct file_area area = {start, start + 4096, 7, resident_bytes, passes};
    file_areas_note(&areas, &area);
}

/* What is known is noted again, as a pass does; UINT64_MAX: nothing is. */
static uint64_t known(uint64_t start, uint64_t end, uint64_t inode)
{
    struct file_area area = {.start = start, .end = end, .inode = inode};
    if (!file_areas_know(&areas, &area))
        return UINT64_MAX;
    file_areas_note(&areas, &area);
    return area.resident_bytes;
}

static void holds_for_so_many_passes(void **unused)
{
    file_areas_begin(&areas);
    note(0x1000, 11, 2);
    note(0x3000, 33, UINT32_MAX);
    for (int pass = 0; pass < 2; pass++) {
        file_areas_begin(&areas);
        assert_int_equal(known(0x1000, 0x2000, 7), 11);
        assert_int_equal(known(0x3000, 0x4000, 7), 33);
    }
    for (int pass = 0; pass < 100; pass++) {
        file_areas_begin(&areas);
        assert_true(known(0x1000, 0x2000, 7) == UINT64_MAX);
        assert_int_equal(known(0x3000, 0x4000, 7), 33);
    }
}

static void is_of_that_mapping_only(void **unused)
{
    file_areas_begin(&areas);
    note(0x1000, 11, UINT32_MAX);
    note(0x3000, 33, UINT32_MAX);
    note(0x5000, 55, UINT32_MAX);
    note(0x7000, 77, UINT32_MAX);
    file_areas_begin(&areas);
    assert_true(known(0x1000, 0x3000, 7) == UINT64_MAX); /* longer now */
    assert_true(known(0x2000, 0x4000, 7) == UINT64_MAX); /* begins elsewhere */
    assert_true(known(0x3000, 0x4000, 8) == UINT64_MAX); /* another file */
    assert_int_equal(known(0x5000, 0x6000, 7), 55);      /* those before it were passed over */
    assert_int_equal(known(0x7000, 0x8000, 7), 77);
    assert_true(known(0x9000, 0xa000, 7) == UINT64_MAX);
}

static void what_a_pass_left_out_is_forgotten(void **unused)
{
    file_areas_begin(&areas);
    note(0x1000, 11, UINT32_MAX);
    file_areas_begin(&areas);
    file_areas_begin(&areas);
    assert_true(known(0x1000, 0x2000, 7) == UINT64_MAX);
}

static void one_too_many_is_not_noted(void **unused)
{
    file_areas_begin(&areas);
    for (uint64_t i = 1; i <= CAPACITY + 1; i++)
        note(i << 12, i, UINT32_MAX);
    file_areas_begin(&areas);
    for (uint64_t i = 1; i <= CAPACITY; i++)
        assert_int_equal(known(i << 12, (i + 1) << 12, 7), i);
    assert_true(known((CAPACITY + 1) << 12, (CAPACITY + 2) << 12, 7) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(holds_for_so_many_passes, before_each, after_each),
        cmocka_unit_test_setup_teardown(is_of_that_mapping_only, before_each, after_each),
        cmocka_unit_test_setup_teardown(what_a_pass_left_out_is_forgotten, before_each, after_each),
        cmocka_unit_test_setup_teardown(one_too_many_is_not_noted, before_each, after_each),
    };
    return cmocka_run_group_tests_name("shim: file areas", tests, NULL, NULL);
}
