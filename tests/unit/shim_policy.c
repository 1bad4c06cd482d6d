/* SPDX-License-Identifier: MIT */
/* policy: the ladder through whole incidents, margins and sleeps by table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "judge/policy.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KIB          (UINT64_C(1) << 10)
#define MIB          (UINT64_C(1) << 20)
#define GIB          (UINT64_C(1) << 30)
#define MS           UINT64_C(1000000)

struct moment {
    uint64_t headroom_mib;
    bool relief;
    enum policy_step step;
    enum lw_stage stage;
};

/* warn at 100 MiB, margin at 20 MiB: relief from 60 MiB down, the incident ends above 125 MiB. */
static void live_through(const struct moment *moments, size_t count)
{
    struct policy policy = {0};
    for (size_t i = 0; i < count; i++) {
        const struct moment *moment = &moments[i];
        struct policy_input input = {.headroom_bytes = moment->headroom_mib * MIB,
                                     .warn_bytes = 100 * MIB,
                                     .margin_bytes = 20 * MIB,
                                     .relief = moment->relief};
        enum policy_step step = policy_next(&policy, &input);
        if (step != moment->step || policy.stage != moment->stage)
            fail_msg("moment %zu: step %d, stage %d", i, step, policy.stage);
    }
}

static void a_whole_incident(void **unused)
{
    static const struct moment moments[] = {
        {500, true, POLICY_STAY, LW_STAGE_CALM},     {126, true, POLICY_STAY, LW_STAGE_CALM},
        {101, true, POLICY_STAY, LW_STAGE_CALM},     {100, true, POLICY_WARN, LW_STAGE_WARN},
        {99, true, POLICY_STAY, LW_STAGE_WARN},      {61, true, POLICY_STAY, LW_STAGE_WARN},
        {60, true, POLICY_RELIEVE, LW_STAGE_RELIEF}, {40, true, POLICY_STAY, LW_STAGE_RELIEF}, /* once in an incident */
        {21, true, POLICY_STAY, LW_STAGE_RELIEF},    {20, true, POLICY_REPORT, LW_STAGE_MARGIN},
        {20, true, POLICY_STAY, LW_STAGE_MARGIN}, /* one report */
        {0, true, POLICY_STAY, LW_STAGE_MARGIN},     {50, true, POLICY_STAY, LW_STAGE_MARGIN},
        {10, true, POLICY_STAY, LW_STAGE_MARGIN},    {100, true, POLICY_STAY, LW_STAGE_MARGIN},
        {125, true, POLICY_STAY, LW_STAGE_MARGIN}, /* hysteresis: above warn is not enough */
        {15, true, POLICY_STAY, LW_STAGE_MARGIN},    {126, true, POLICY_RECOVERED, LW_STAGE_CALM},
        {126, true, POLICY_STAY, LW_STAGE_CALM},     {110, true, POLICY_STAY, LW_STAGE_CALM},
        {90, true, POLICY_WARN, LW_STAGE_WARN}, /* the next incident has its own relief and report */
        {30, true, POLICY_RELIEVE, LW_STAGE_RELIEF}, {5, true, POLICY_REPORT, LW_STAGE_MARGIN},
    };
    live_through(moments, COUNT(moments));
}

static void without_anything_to_give_back(void **unused)
{
    static const struct moment moments[] = {
        {90, false, POLICY_WARN, LW_STAGE_WARN},     {30, false, POLICY_STAY, LW_STAGE_WARN},
        {25, true, POLICY_RELIEVE, LW_STAGE_RELIEF}, {90, true, POLICY_STAY, LW_STAGE_RELIEF},
        {30, true, POLICY_STAY, LW_STAGE_RELIEF},    {20, false, POLICY_REPORT, LW_STAGE_MARGIN},
    };
    live_through(moments, COUNT(moments));
}

static void a_fall_through_all_rungs_at_once(void **unused)
{
    static const struct moment moments[] = {
        {500, true, POLICY_STAY, LW_STAGE_CALM},
        {0, true, POLICY_WARN, LW_STAGE_WARN},
        {0, true, POLICY_REPORT, LW_STAGE_MARGIN},
        {0, true, POLICY_STAY, LW_STAGE_MARGIN},
    };
    live_through(moments, COUNT(moments));
}

static void a_warning_that_passes(void **unused)
{
    static const struct moment moments[] = {
        {100, true, POLICY_WARN, LW_STAGE_WARN},      {110, true, POLICY_STAY, LW_STAGE_WARN},
        {90, true, POLICY_STAY, LW_STAGE_WARN},       {125, true, POLICY_STAY, LW_STAGE_WARN},
        {126, true, POLICY_RECOVERED, LW_STAGE_CALM}, {100, true, POLICY_WARN, LW_STAGE_WARN},
    };
    live_through(moments, COUNT(moments));
}

static void without_a_limit_nothing_happens(void **unused)
{
    struct policy policy = {0};
    struct policy_input input = {.headroom_bytes = LW_UNLIMITED, .relief = true};
    assert_int_equal(policy_next(&policy, &input), POLICY_STAY);
    policy = (struct policy){.stage = LW_STAGE_MARGIN, .relieved = true};
    assert_int_equal(policy_next(&policy, &input), POLICY_RECOVERED); /* the limit was lifted */
    assert_int_equal(policy.stage, LW_STAGE_CALM);
    assert_false(policy.relieved);
}

static void a_margin_of_nothing_waits_for_the_very_end(void **unused)
{
    struct policy policy = {0};
    struct policy_input input = {.headroom_bytes = 1, .warn_bytes = 0, .margin_bytes = 0};
    assert_int_equal(policy_next(&policy, &input), POLICY_STAY);
    input.headroom_bytes = 0;
    assert_int_equal(policy_next(&policy, &input), POLICY_WARN);
    assert_int_equal(policy_next(&policy, &input), POLICY_REPORT);
}

/* 1 % of the limit, 2 to 128 MiB. */
static void automatic_margins(void **unused)
{
    static const struct {
        uint64_t limit, hot, margin;
    } rows[] = {
        {LW_UNLIMITED, MIB, 0},
        {64 * MIB, 0, 2 * MIB},
        {200 * MIB, 0, 2 * MIB},
        {256 * MIB, 0, 256 * MIB / 100},
        {512 * MIB, 0, 512 * MIB / 100},
        {GIB, 0, GIB / 100},
        {4 * GIB, 0, 4 * GIB / 100},
        {12 * GIB, 0, 12 * GIB / 100},
        {13 * GIB, 0, 128 * MIB},
        {64 * GIB, 0, 128 * MIB},
        {256 * GIB, 0, 128 * MIB},
        {512 * MIB, 5 * MIB, 512 * MIB / 100 + 5 * MIB},
        {256 * GIB, GIB, 128 * MIB + GIB},
    };
    const struct amount automatic = {.automatic = true};
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(policy_margin(&automatic, rows[i].limit, rows[i].hot, NULL), rows[i].margin);
}

/*
 * Without the counter also what is touched at 2 bytes a nanosecond until somebody looks: a watcher that goes ahead is
 * late, of which 20 ms count, and stops everybody in 0.3 ms and 20 us a thread, of which 4 ms count; any other takes
 * those 4 ms always. Threads that look for themselves do so at each tick. At most a tenth of the limit.
 */
static void margins_without_the_counter(void **unused)
{
    static const struct {
        uint64_t limit, hot, late_us, tick_us;
        uint32_t threads;
        bool ahead;
        uint64_t margin;
    } rows[] = {
        {LW_UNLIMITED, MIB, 15000, 0, 1, false, 0},
        {64 * MIB, 0, 0, 0, 0, true, 2 * MIB + 600000},
        {128 * MIB, 0, 100, 0, 2, true, 2 * MIB + 880000}, /* some 2.3 % */
        {64 * MIB, 0, 15000, 0, 2, true, 64 * MIB / 10},
        {64 * MIB, 0, 0, 0, 1, false, 64 * MIB / 10},
        {512 * MIB, 0, 3000, 0, 10, true, 512 * MIB / 100 + 7000000},
        {512 * MIB, 0, 3000, 0, 10, false, 512 * MIB / 100 + 14000000},
        {512 * MIB, 0, 15000, 0, 185, true, 512 * MIB / 100 + 38000000},
        {512 * MIB, 0, 15000, 0, 100000, true, 512 * MIB / 100 + 38000000},
        {4 * GIB, 0, 15000, 0, 10, true, 4 * GIB / 100 + 31000000},
        {256 * GIB, 0, 1000000, 0, 185, true, 128 * MIB + 48000000},
        {256 * GIB, 0, 60000000, 0, 1, false, 128 * MIB + 48000000},
        {512 * MIB, 8 * MIB, 15000, 0, 185, true, 512 * MIB / 100 + 38000000 + 8 * MIB},
        /* a look of their own: as often as that, or as late as the watcher, whichever is sooner */
        {512 * MIB, 0, 15000, 4000, 10, false, 512 * MIB / 100 + 8000000},
        {512 * MIB, 0, 15000, 10000, 10, false, 512 * MIB / 100 + 20000000},
        {512 * MIB, 0, 1000, 4000, 10, true, 512 * MIB / 100 + 3000000},
    };
    const struct amount automatic = {.automatic = true};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct policy_blind blind = {.late_ns = rows[i].late_us * 1000,
                                     .tick_ns = rows[i].tick_us * 1000,
                                     .rate_bytes_per_s = 2000000000,
                                     .threads = rows[i].threads,
                                     .ahead = rows[i].ahead};
        uint64_t margin = policy_margin(&automatic, rows[i].limit, rows[i].hot, &blind);
        if (margin > rows[i].margin + 1 || margin + 1 < rows[i].margin) /* nanoseconds to bytes: by one byte */
            fail_msg("row %zu: %llu instead of %llu", i, (unsigned long long)margin,
                     (unsigned long long)rows[i].margin);
    }
}

static void margins_at_a_tick(void **unused)
{
    static const struct {
        uint64_t limit, growth, margin;
    } rows[] = {
        {64 * MIB, 0, 2 * MIB},       {64 * MIB, 3 * MIB, 5 * MIB},        {64 * MIB, 30 * MIB, 64 * MIB / 10},
        {8 * MIB, 30 * MIB, 2 * MIB}, {GIB, 8 * MIB, GIB / 100 + 8 * MIB},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(policy_margin_ticked(rows[i].limit, rows[i].growth), rows[i].margin);
}

static void margins_that_were_asked_for(void **unused)
{
    static const struct {
        struct amount amount;
        uint64_t limit, margin;
    } rows[] = {
        {{.bytes = 16 * MIB}, GIB, 16 * MIB}, {{.bytes = 0}, GIB, 0},          {{.permyriad = 200}, GIB, GIB / 50},
        {{.permyriad = 5000}, GIB, GIB / 2},  {{.bytes = 1}, LW_UNLIMITED, 0},
    };
    const struct policy_blind blind = {.late_ns = 100 * MS, .rate_bytes_per_s = 2000000000, .threads = 8};
    for (size_t i = 0; i < COUNT(rows); i++) /* neither hot pages nor lateness change them */
        assert_int_equal(policy_margin(&rows[i].amount, rows[i].limit, 64 * MIB, &blind), rows[i].margin);
}

static void margins_for_many_threads(void **unused)
{
    static const struct {
        uint64_t margin;
        bool automatic;
        uint64_t limit;
        uint32_t touchers;
        uint64_t wanted;
    } rows[] = {
        {2 * MIB, true, 64 * MIB, 0, 2 * MIB},
        {2 * MIB, true, 64 * MIB, 128, 2 * MIB + 128 * 12288},
        {2 * MIB, true, 64 * MIB, 1000, 4 * MIB},            /* never more than 4 MiB */
        {20 * MIB, true, 2 * GIB, 10000, 2 * GIB / 200 * 3}, /* or 1.5 % */
        {100 * MIB, true, 2 * GIB, 10000, 100 * MIB},        /* wide enough already */
        {2 * MIB, false, 64 * MIB, 128, 2 * MIB},            /* what was asked for stays */
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(policy_margin_for(rows[i].margin, rows[i].automatic, rows[i].limit, rows[i].touchers),
                         rows[i].wanted);
}

static void margin_under_the_brake(void **unused)
{
    static const struct {
        uint64_t margin;
        bool automatic;
        uint64_t limit;
        uint32_t threads;
        uint64_t wanted;
    } rows[] = {
        {2 * MIB, true, 96 * MIB, 1, 2 * MIB + MIB / 2}, {2 * MIB, true, 96 * MIB, 8, 6 * MIB},
        {2 * MIB, true, 96 * MIB, 128, 96 * MIB / 10}, /* no more than a tenth of the limit */
        {20 * MIB, true, 96 * MIB, 8, 20 * MIB},       /* which is there already */
        {2 * MIB, false, 96 * MIB, 8, 2 * MIB},        /* what was asked for stays */
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(policy_margin_braked(rows[i].margin, rows[i].automatic, rows[i].limit, rows[i].threads),
                         rows[i].wanted);
}

static void periods_and_hurry(void **unused)
{
    assert_int_equal(policy_period(64 * MIB, 4096), 8);
    assert_int_equal(policy_period(256 * MIB, 0), 16);
    assert_int_equal(policy_period(512 * MIB, 4096), 32);
    assert_int_equal(policy_period(GIB, 4096), 64);
    assert_int_equal(policy_period(64 * GIB, 4096), 64);
    assert_int_equal(policy_period(64 * GIB, 5000), 32);
    assert_int_equal(policy_period(64 * GIB, 64 * 1024), 4);
    assert_int_equal(policy_period(64 * GIB, 2 * MIB), 1);
    assert_int_equal(policy_period(256 * MIB, 2 * MIB), 1);
    assert_true(policy_hurry(99 * MIB, 1000 * MIB));
    assert_false(policy_hurry(101 * MIB, 1000 * MIB));
    assert_false(policy_hurry(0, 0));
    assert_true(policy_rush(499 * MIB, 1000 * MIB));
    assert_false(policy_rush(501 * MIB, 1000 * MIB));
    assert_false(policy_rush(0, 0));
    assert_true(policy_watchful(100 * MIB, 256 * MIB, false));
    assert_false(policy_watchful(LW_UNLIMITED, LW_UNLIMITED, false));
    assert_false(policy_watchful(20 * GIB, 24 * GIB, false));
    assert_false(policy_watchful(20 * GIB, 24 * GIB, true));
    assert_true(policy_watchful(2 * GIB - MIB, 2 * GIB, true)); /* in huge pages that is a tenth of a second */
    assert_false(policy_watchful(2 * GIB - MIB, 2 * GIB, false));
}

static void the_machine_kills_earlier(void **unused)
{
    assert_int_equal(policy_margin_host(5 * MIB, true, 512 * MIB), 16 * MIB);
    assert_int_equal(policy_margin_host(40 * MIB, true, 4 * GIB), 4 * GIB / 50);
    assert_int_equal(policy_margin_host(128 * MIB, true, 64 * GIB), 128 * MIB);
    assert_int_equal(policy_margin_host(5 * MIB, false, 512 * MIB), 5 * MIB); /* as told */
}

static void the_cleanup_has_a_margin_of_its_own(void **unused)
{
    assert_int_equal(policy_margin_early(2 * MIB, true, 128 * MIB), 4 * MIB);
    assert_int_equal(policy_margin_early(10 * MIB, true, 100 * MIB), 20 * MIB); /* as wide as a margin gets */
    assert_int_equal(policy_margin_early(15 * MIB, true, 100 * MIB), 20 * MIB);
    assert_int_equal(policy_margin_early(2 * MIB, false, 128 * MIB), 2 * MIB); /* as told */
}

static void warnings(void **unused)
{
    static const struct {
        struct amount amount;
        uint64_t limit, margin, warn;
    } rows[] = {
        {{.permyriad = 1500}, GIB, 10 * MIB, GIB / 10000 * 1500 + GIB % 10000 * 1500 / 10000},
        {{.automatic = true}, GIB, 10 * MIB, GIB / 100 * 15},
        {{.bytes = 64 * MIB}, GIB, 10 * MIB, 64 * MIB},
        {{.bytes = 5 * MIB}, GIB, 10 * MIB, 10 * MIB}, /* never below the margin */
        {{.permyriad = 1500}, LW_UNLIMITED, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lw_level level = {.kind = LW_LEVEL_CGROUP_V2, .limit_bytes = rows[i].limit, .high_bytes = LW_UNLIMITED};
        assert_int_equal(policy_warn(&rows[i].amount, &level, rows[i].margin), rows[i].warn);
    }
}

/* From memory.high on the kernel brakes the job: that is the time to speak. */
static void the_brake_warns(void **unused)
{
    struct amount percent = {.permyriad = 1500}, fixed = {.bytes = 20 * MIB};
    struct lw_level level = {.kind = LW_LEVEL_CGROUP_V2, .limit_bytes = 256 * MIB, .high_bytes = 200 * MIB};

    assert_int_equal(policy_warn(&percent, &level, 3 * MIB), 56 * MIB);
    assert_int_equal(policy_warn(&fixed, &level, 3 * MIB), 20 * MIB);
    level.high_bytes = 250 * MIB;
    assert_true(policy_warn(&percent, &level, 3 * MIB) > 38 * MIB);
    level.kind = LW_LEVEL_CGROUP_V1; /* a soft limit brakes nobody */
    level.high_bytes = 100 * MIB;
    assert_true(policy_warn(&percent, &level, 3 * MIB) < 39 * MIB);
}

static void sleeps(void **unused)
{
    static const struct {
        uint64_t headroom, margin;
        uint32_t cpus;
        uint64_t ns;
    } rows[] = {
        {LW_UNLIMITED, 0, 4, 250 * MS},
        {0, 0, 1, 50000},
        {10 * MIB, 10 * MIB, 1, 50000},
        {5 * MIB, 10 * MIB, 1, 50000},
        {10 * MIB + 300000, 10 * MIB, 1, 50000},     /* exactly the least */
        {10 * MIB + 600000, 10 * MIB, 1, 100000},    /* 300 us of touching */
        {10 * MIB + 60000000, 10 * MIB, 1, 10 * MS}, /* 30 ms */
        {10 * MIB + 60000000, 10 * MIB, 2, 5 * MS},
        {10 * MIB + 60000000, 10 * MIB, 0, 10 * MS}, /* unknown: one */
        {10 * MIB + 600000000, 10 * MIB, 1, 100 * MS},
        {10 * MIB + 6000000000, 10 * MIB, 1, 250 * MS},
        {10 * MIB + 600000000, 10 * MIB, 64, 1562500},
        {256 * GIB, 128 * MIB, 1, 250 * MS},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t ns = policy_sleep_ns(rows[i].headroom, rows[i].margin, rows[i].cpus, false);
        assert_true(policy_sleep_ns(rows[i].headroom, rows[i].margin, rows[i].cpus, true) <= ns);
        if (ns > rows[i].ns + 1 || ns + 1 < rows[i].ns)
            fail_msg("row %zu: %llu ns", i, (unsigned long long)ns);
    }
}

static void sleeps_grow_with_headroom_and_stay_in_bounds(void **unused)
{
    for (uint32_t cpus = 1; cpus <= 256; cpus *= 4) {
        uint64_t last = 0;
        for (uint64_t headroom = 0; headroom < 64 * GIB; headroom += headroom / 3 + 64 * KIB) {
            uint64_t ns = policy_sleep_ns(headroom, 16 * MIB, cpus, false);
            assert_in_range(ns, 50000, 250 * MS);
            assert_true(ns >= last);
            last = ns;
        }
        assert_true(last > 50000);
    }
}

static void near_the_end(void **unused)
{
    static const struct {
        uint64_t headroom, limit, margin;
        bool near;
    } rows[] = {
        {LW_UNLIMITED, LW_UNLIMITED, 0, false},
        {20 * MIB - 1, 64 * MIB, 2 * MIB, true}, /* at least 16 MiB and twice the margin */
        {20 * MIB, 64 * MIB, 2 * MIB, false},
        {GIB / 20 + 20 * MIB - 1, GIB, 10 * MIB, true},
        {GIB / 20 + 20 * MIB, GIB, 10 * MIB, false},
        {512 * MIB - 1, 256 * GIB, 128 * MIB, true}, /* at most 256 MiB and twice the margin */
        {512 * MIB, 256 * GIB, 128 * MIB, false},
        {0, GIB, 0, true},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(policy_near(rows[i].headroom, rows[i].limit, rows[i].margin, 0), rows[i].near);
    /* 128 threads, huge pages: one fault of each */
    assert_true(policy_near(200u << 20, 256u << 20, 2u << 20, UINT64_C(128) * (2u << 20)));
    assert_false(policy_near(UINT64_C(400) << 20, 512u << 20, 2u << 20, UINT64_C(128) * (2u << 20)));
    /* 32 threads, huge pages: 64 MiB of one fault each, and 128 more */
    assert_true(policy_small_pages(191u << 20, 64u << 20));
    assert_false(policy_small_pages(192u << 20, 64u << 20));
    assert_false(policy_small_pages(LW_UNLIMITED, 64u << 20));
    assert_false(policy_small_pages(1, 0));
}

static void watchful(void **unused)
{
    static const struct {
        uint64_t headroom, limit;
        bool watchful;
    } rows[] = {
        {LW_UNLIMITED, LW_UNLIMITED, false},
        {512 * MIB - 1, 64 * MIB, true},
        {512 * MIB, 64 * MIB, false},
        {GIB - 1, 3 * GIB, true},
        {GIB, 3 * GIB, false},
        {8 * GIB - 1, 256 * GIB, true},
        {8 * GIB, 256 * GIB, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(policy_watchful(rows[i].headroom, rows[i].limit, false), rows[i].watchful);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_incident),
        cmocka_unit_test(without_anything_to_give_back),
        cmocka_unit_test(a_fall_through_all_rungs_at_once),
        cmocka_unit_test(a_warning_that_passes),
        cmocka_unit_test(without_a_limit_nothing_happens),
        cmocka_unit_test(a_margin_of_nothing_waits_for_the_very_end),
        cmocka_unit_test(automatic_margins),
        cmocka_unit_test(margins_without_the_counter),
        cmocka_unit_test(margins_at_a_tick),
        cmocka_unit_test(margins_that_were_asked_for),
        cmocka_unit_test(margins_for_many_threads),
        cmocka_unit_test(margin_under_the_brake),
        cmocka_unit_test(periods_and_hurry),
        cmocka_unit_test(warnings),
        cmocka_unit_test(the_machine_kills_earlier),
        cmocka_unit_test(the_cleanup_has_a_margin_of_its_own),
        cmocka_unit_test(the_brake_warns),
        cmocka_unit_test(sleeps),
        cmocka_unit_test(sleeps_grow_with_headroom_and_stay_in_bounds),
        cmocka_unit_test(near_the_end),
        cmocka_unit_test(watchful),
    };
    return cmocka_run_group_tests_name("shim_policy", tests, NULL, NULL);
}
