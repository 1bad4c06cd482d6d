/* SPDX-License-Identifier: MIT */
/* headroom: which level binds, growth from irregular readings, time left, hot page cache. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "judge/headroom.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MIB          (UINT64_C(1) << 20)
#define GIB          (UINT64_C(1) << 30)
#define SECOND       UINT64_C(1000000000)

static void of_one_level(void **unused)
{
    static const struct {
        uint64_t limit, used, reclaimable, headroom;
    } rows[] = {
        {LW_UNLIMITED, 5, 0, LW_UNLIMITED},
        {1000, 0, 0, 1000},
        {1000, 400, 0, 600},
        {1000, 1000, 0, 0},
        {1000, 1100, 0, 0}, /* over-charged for a moment */
        {1000, 1000, 300, 300},
        {1000, 1100, 300, 200},
        {1000, 900, 900, 1000},
        {1000, 200, 900, 1000}, /* statistics lag behind usage */
        {0, 0, 0, 0},
        {LW_UNLIMITED - 1, LW_UNLIMITED - 2, 0, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lw_level level = {
            .limit_bytes = rows[i].limit, .used_bytes = rows[i].used, .reclaimable_bytes = rows[i].reclaimable};
        assert_int_equal(headroom_of(&level), rows[i].headroom);
    }
}

static struct lw_level level(uint32_t flags, uint64_t limit, uint64_t used)
{
    return (struct lw_level){.flags = flags, .limit_bytes = limit, .used_bytes = used, .headroom_bytes = 12345};
}

static void the_tightest_level_that_kills_binds(void **unused)
{
    struct lw_level levels[] = {
        level(LW_LEVEL_KILLS | LW_LEVEL_OWN, 8 * GIB, 2 * GIB),
        level(LW_LEVEL_KILLS, LW_UNLIMITED, 2 * GIB),
        level(LW_LEVEL_KILLS, 16 * GIB, 15 * GIB),
        level(0, 2 * GIB, 2 * GIB), /* RLIMIT_AS: allocations fail there, nobody is killed */
        level(LW_LEVEL_KILLS, 32 * GIB, 31 * GIB),
    };
    assert_int_equal(headroom_judge(levels, COUNT(levels)), 2); /* the first of two equals */
    assert_int_equal(levels[0].headroom_bytes, 6 * GIB);
    assert_int_equal(levels[1].headroom_bytes, LW_UNLIMITED);
    assert_int_equal(levels[2].headroom_bytes, GIB);
    assert_int_equal(levels[3].headroom_bytes, 0);
    assert_int_equal(levels[4].headroom_bytes, GIB);
    levels[0].used_bytes = 8 * GIB - 1;
    assert_int_equal(headroom_judge(levels, COUNT(levels)), 0);
    assert_int_equal(levels[0].headroom_bytes, 1);
}

static void without_a_limit_nothing_binds(void **unused)
{
    struct lw_level levels[] = {level(LW_LEVEL_KILLS, LW_UNLIMITED, GIB), level(0, GIB, GIB)};
    assert_int_equal(headroom_judge(levels, COUNT(levels)), -1);
    assert_int_equal(headroom_judge(levels, 0), -1);
    assert_int_equal(levels[1].headroom_bytes, 0);
}

static void growth_of_a_steady_climb(void **unused)
{
    struct headroom_history history = {0};
    const uint64_t window = 10 * SECOND;
    assert_int_equal(headroom_growth(&history, SECOND, 5, window), 0);
    for (uint64_t t = SECOND; t <= 60 * SECOND; t += SECOND / 10)
        headroom_note(&history, t, t / SECOND * 100 * MIB + t % SECOND * (100 * MIB) / SECOND, window);
    int64_t growth = headroom_growth(&history, 60 * SECOND, 6000 * MIB, window);
    assert_in_range(growth, 100 * MIB - 2, 100 * MIB + 2);
    growth = headroom_growth(&history, 60 * SECOND, 5000 * MIB, window);
    assert_true(growth < 0);
}

static void one_reading_per_part_of_the_window(void **unused)
{
    struct headroom_history history = {0};
    const uint64_t window = 32 * SECOND; /* one a second */
    headroom_note(&history, 5 * SECOND, 1, window);
    headroom_note(&history, 6 * SECOND - 1, 2, window);
    assert_int_equal(history.count, 1);
    assert_int_equal(history.readings[0].bytes, 1);
    headroom_note(&history, 6 * SECOND, 3, window);
    assert_int_equal(history.count, 2);
    for (uint64_t i = 0; i < 100; i++)
        headroom_note(&history, (7 + i) * SECOND, i, window);
    assert_int_equal(history.count, 102);
}

static void growth_by_table(void **unused)
{
    static const struct {
        uint64_t noted_ns, noted, now_ns, now, window_ns;
        int64_t growth;
    } rows[] = {
        {SECOND, 1000, 2 * SECOND, 3000, 10 * SECOND, 2000},
        {SECOND, 3000, 2 * SECOND, 1000, 10 * SECOND, -2000},
        {SECOND, 1000, 5 * SECOND, 3000, 10 * SECOND, 500},
        {SECOND, 1000, SECOND + 1000000, 2000, 10 * SECOND, 1000000}, /* the least age that counts: 1 ms */
        {SECOND, 1000, SECOND + 999999, 2000, 10 * SECOND, 0},
        {SECOND, 1000, 11 * SECOND, 2000, 10 * SECOND, 100},
        {SECOND, 1000, 11 * SECOND + 1, 2000, 10 * SECOND, 0}, /* too old */
        {SECOND, 1000, 2 * SECOND, 1000, 10 * SECOND, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct headroom_history history = {0};
        headroom_note(&history, rows[i].noted_ns, rows[i].noted, rows[i].window_ns);
        assert_int_equal(headroom_growth(&history, rows[i].now_ns, rows[i].now, rows[i].window_ns), rows[i].growth);
    }
}

/* After a long time only the window counts: a plateau, then a climb. */
static void growth_forgets_what_lies_before_the_window(void **unused)
{
    struct headroom_history history = {0};
    const uint64_t window = 10 * SECOND;
    for (uint64_t t = 0; t < 1000; t++)
        headroom_note(&history, t * SECOND, GIB, window);
    for (uint64_t t = 1000; t < 1010; t++)
        headroom_note(&history, t * SECOND, GIB + (t - 999) * MIB, window);
    assert_int_equal(headroom_growth(&history, 1010 * SECOND, GIB + 11 * MIB, window), MIB);
}

static void time_left(void **unused)
{
    static const struct {
        uint64_t headroom;
        int64_t growth;
        uint64_t ms;
    } rows[] = {
        {GIB, 0, LW_UNKNOWN},
        {GIB, -5, LW_UNKNOWN},
        {LW_UNLIMITED, 5, LW_UNKNOWN},
        {0, 5, 0},
        {GIB, GIB, 1000},
        {GIB, 2 * GIB, 500},
        {100, 1, 100000},
        {1, GIB, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(headroom_time_ms(rows[i].headroom, rows[i].growth), rows[i].ms);
}

static void hot_page_cache(void **unused)
{
    static const struct {
        uint64_t limit, used, refaults, hot;
    } rows[] = {
        {LW_UNLIMITED, GIB, 100000, 0},     {GIB, GIB, 199, 0},
        {GIB, GIB, 200, 200 * 4096 / 10},   {GIB, GIB, 1000, 1000 * 4096 / 10},
        {GIB, GIB, 1000000, GIB / 64},      {GIB, GIB - GIB / 64, 1000, 409600},
        {GIB, GIB - GIB / 64 - 1, 1000, 0}, /* not at the limit: an ordinary reader */
        {GIB, GIB + MIB, 1000, 409600},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lw_level at = level(LW_LEVEL_KILLS, rows[i].limit, rows[i].used);
        assert_int_equal(headroom_hot(&at, rows[i].refaults, 4096), rows[i].hot);
    }
}

/* Where anonymous memory can go to swap, the limit in RAM is not the end. */
static void swap_is_room(void **unused)
{
    struct lw_level levels[] = {
        level(LW_LEVEL_KILLS | LW_LEVEL_OWN, 100 * MIB, 99 * MIB),
        level(LW_LEVEL_KILLS, GIB, 500 * MIB),
    };
    levels[0].kind = LW_LEVEL_CGROUP_V2;
    levels[0].swap_limit_bytes = 50 * MIB;
    levels[0].swap_used_bytes = 20 * MIB;
    levels[1].kind = LW_LEVEL_HOST;
    levels[1].swap_limit_bytes = 40 * MIB;
    levels[1].swap_used_bytes = 20 * MIB;
    assert_int_equal(headroom_judge(levels, 2), 0);
    assert_int_equal(levels[0].headroom_bytes, 21 * MIB); /* the machine has less swap left than the cgroup may use */
    assert_int_equal(levels[1].headroom_bytes, GIB - 480 * MIB);
    levels[0].swap_limit_bytes = LW_UNLIMITED;
    assert_int_equal(headroom_judge(levels, 2), 0);
    assert_int_equal(levels[0].headroom_bytes, 21 * MIB);
    levels[0].swap_limit_bytes = 25 * MIB;
    headroom_judge(levels, 2);
    assert_int_equal(levels[0].headroom_bytes, 6 * MIB);
    assert_int_equal(headroom_pressing(&levels[0]), 119 * MIB);
    levels[1].swap_limit_bytes = 0; /* swap is off */
    headroom_judge(levels, 2);
    assert_int_equal(levels[0].headroom_bytes, MIB);
    levels[0].kind = LW_LEVEL_USER; /* a limit on resident memory knows no swap */
    assert_int_equal(headroom_swap_room(&levels[0], GIB), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swap_is_room),
        cmocka_unit_test(of_one_level),
        cmocka_unit_test(the_tightest_level_that_kills_binds),
        cmocka_unit_test(without_a_limit_nothing_binds),
        cmocka_unit_test(growth_of_a_steady_climb),
        cmocka_unit_test(one_reading_per_part_of_the_window),
        cmocka_unit_test(growth_by_table),
        cmocka_unit_test(growth_forgets_what_lies_before_the_window),
        cmocka_unit_test(time_left),
        cmocka_unit_test(hot_page_cache),
    };
    return cmocka_run_group_tests_name("shim_headroom", tests, NULL, NULL);
}
