/* SPDX-License-Identifier: MIT */
/* speed: what readings in steps, and readings that were interrupted, say of growth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "judge/speed.h"

#define US  UINT64_C(1000)
#define MS  UINT64_C(1000000)
#define MIB (UINT64_C(1) << 20)
#define GB  UINT64_C(1000000000)

static void note(struct speed *speed, uint64_t at_ns, uint64_t bytes)
{
    speed_note(speed, at_ns - 10 * US, at_ns, bytes);
}

static void the_first_reading_says_nothing(void **unused)
{
    struct speed speed = {0};
    note(&speed, 5 * MS, 100 * MIB);
    assert_int_equal(speed.per_s, 0);
}

static void much_is_told_at_once(void **unused)
{
    struct speed speed = {0};
    note(&speed, 5 * MS, 0);
    note(&speed, 5 * MS + 400 * US, 4 * MIB);
    assert_int_equal(speed.per_s, 0); /* too short */
    note(&speed, 6 * MS, 4 * MIB);
    assert_int_equal(speed.per_s, 4 * MIB * 1000);
}

static void a_step_is_not_told_before_its_time(void **unused)
{
    struct speed speed = {0};
    note(&speed, 5 * MS, 0);
    note(&speed, 6 * MS, 2 * MIB);
    note(&speed, 8 * MS, 2 * MIB);
    assert_int_equal(speed.per_s, 0);
    note(&speed, 9 * MS, 2 * MIB);
    assert_int_equal(speed.per_s, 2 * MIB * 250); /* in four milliseconds */
}

static void a_hundred_megabytes_a_second_are_not_taken_for_more(void **unused)
{
    struct speed speed = {0};
    for (uint64_t at = 5 * MS; at < 200 * MS; at += 60 * US) {
        note(&speed, at, at / 10 / (256 * 1024) * 256 * 1024); /* in batches of 64 pages */
        assert_in_range(speed.per_s, 0, 140000000);
    }
    assert_in_range(speed.per_s, 60000000, 140000000);
}

/* 1 GB/s all the time, but 20 ms are lost between the clock and the number, or between the number and the clock. */
static void a_reading_that_was_interrupted_measures_nothing(void **unused)
{
    struct speed before = {0}, after = {0};
    for (uint64_t at = 100 * MS; at < 400 * MS; at += MS) {
        bool stall = at % (50 * MS) == 0;
        if (!stall && at % (50 * MS) < 20 * MS)
            continue; /* we were not there */
        uint64_t from = at - 10 * US, until = at + (stall ? 20 * MS - 500 * US : 0);
        speed_note(&before, from, until, until);
        speed_note(&after, from, until, from);
        assert_in_range(before.per_s, 0, GB / 100 * 115);
        assert_in_range(after.per_s, 0, GB / 100 * 115);
    }
    assert_in_range(before.per_s, GB / 100 * 85, GB / 100 * 115);
    assert_in_range(after.per_s, GB / 100 * 85, GB / 100 * 115);
}

static void at_most_it_may_be_what_a_step_says(void **unused)
{
    struct speed speed = {0};
    note(&speed, 5 * MS, 0);
    note(&speed, 5 * MS + 400 * US, MIB);
    assert_int_equal(speed.most_per_s, 0); /* too short */
    note(&speed, 6 * MS, MIB);
    assert_int_equal(speed.most_per_s, MIB * 1000);
    assert_int_equal(speed.per_s, 0);
    note(&speed, 7 * MS, MIB);
    assert_int_equal(speed.most_per_s, MIB * 500);
    note(&speed, 200 * MS, 150 * MIB);
    speed_note(&speed, 201 * MS, 221 * MS, 170 * MIB); /* lost the processor before it came to read */
    assert_in_range(speed.most_per_s, 19 * MIB * 1000, 20 * MIB * 1000);
    assert_in_range(speed.per_s, 700 * MIB, 800 * MIB);
}

static void it_falls_by_halves(void **unused)
{
    struct speed speed = {0};
    note(&speed, 5 * MS, 0);
    note(&speed, 6 * MS, 8 * MIB);
    uint64_t first = speed.per_s;
    note(&speed, 10 * MS, 8 * MIB);
    assert_int_equal(speed.per_s, first / 2);
    note(&speed, 14 * MS, 0); /* less than there was */
    assert_int_equal(speed.per_s, first / 4);
    note(&speed, 15 * MS, 8 * MIB);
    assert_int_equal(speed.per_s, first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_reading_says_nothing),
        cmocka_unit_test(much_is_told_at_once),
        cmocka_unit_test(a_step_is_not_told_before_its_time),
        cmocka_unit_test(a_hundred_megabytes_a_second_are_not_taken_for_more),
        cmocka_unit_test(a_reading_that_was_interrupted_measures_nothing),
        cmocka_unit_test(at_most_it_may_be_what_a_step_says),
        cmocka_unit_test(it_falls_by_halves),
    };
    return cmocka_run_group_tests_name("shim_speed", tests, NULL, NULL);
}
