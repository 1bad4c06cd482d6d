/* SPDX-License-Identifier: MIT */
/* warning: when each sign could be seen, in words and as events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "judgement/warning.h"

#define MS    UINT64_C(1000000)
#define TICKS 200u

static struct lw_tick ticks[TICKS];

/* A tick each 100 ms; from `begin` on `permille` of the time is stall. */
static struct profile stalled(uint64_t begin_ms, uint64_t permille)
{
    for (uint64_t i = 0; i < TICKS; i++) {
        uint64_t t_ms = 100 * i, since = t_ms > begin_ms ? t_ms - begin_ms : 0;
        ticks[i] = (struct lw_tick){
            .t_ns = t_ms * MS, .some_total_us = since * permille, .full_total_us = since * permille / 4};
    }
    return (struct profile){.ticks = ticks, .tick_count = TICKS, .last_ns = 100 * (TICKS - 1) * MS};
}

static void finds_the_first_stall(void **unused)
{
    struct warning warning;
    struct profile profile = stalled(5000, 300);

    warning_find(&profile, &warning);
    assert_int_equal(warning.some_ns, 5400 * MS); /* 120 ms of the last second */
    assert_int_equal(warning.full_ns, 0);         /* 75 ms of a second at most */
    assert_int_equal(warning.end_ns, 19900 * MS);

    profile = stalled(5000, 50); /* 5 % of the time, for ever: calm */
    warning_find(&profile, &warning);
    assert_int_equal(warning.some_ns, 0);

    profile = stalled(5000, 900);
    warning_find(&profile, &warning);
    assert_int_equal(warning.some_ns, 5200 * MS);
    assert_int_equal(warning.full_ns, 5500 * MS);
}

static void knows_what_was_not_measured(void **unused)
{
    struct warning warning;
    struct profile profile = stalled(0, 900);
    char text[400];

    for (uint64_t i = 0; i < TICKS; i++)
        ticks[i].some_total_us = ticks[i].full_total_us = LW_UNKNOWN;
    warning_find(&profile, &warning);
    assert_int_equal(warning.some_ns, 0);
    assert_int_equal(warning.full_ns, 0);
    warning_sentence(&warning, text, sizeof(text));
    assert_string_equal(text, "");

    profile = (struct profile){.tick_count = 0};
    warning_find(&profile, &warning);
    assert_int_equal(warning.some_ns, 0);
}

static void says_how_long_before_the_end(void **unused)
{
    struct warning warning = {.some_ns = 8800 * MS,
                              .warn_ns = 9000 * MS,
                              .margin_ns = 9958 * MS,
                              .complete_ns = 9960 * MS,
                              .end_ns = 10000 * MS};
    char text[400];

    warning_sentence(&warning, text, sizeof(text));
    assert_string_equal(text, "before the end: some above 10 % 1.2 s, full above 10 % never, warn 1 s, margin 42 ms, "
                              "the complete report 40 ms");
    warning_sentence(&warning, text, 20); /* cut, not overrun */
    assert_int_equal(strlen(text), 19);
}

static void signs_come_by_time(void **unused)
{
    struct warning warning = {.some_ns = 9 * MS, .full_ns = 7 * MS, .end_ns = 8 * MS};
    struct warning_sign signs[WARNING_SIGNS];

    assert_int_equal(warning_signs(&warning, signs), 3);
    assert_int_equal(signs[0].t_ns, 7 * MS);
    assert_string_equal(signs[1].kind, "end");
    assert_int_equal(signs[2].t_ns, 9 * MS);
    warning.full_ns = 0;
    assert_int_equal(warning_signs(&warning, signs), 2);
}

static void thrashing_is_not_growth(void **unused)
{
    struct profile profile = stalled(0, 0);
    char text[400];

    warning_thrash_sentence(&profile, text, sizeof(text));
    assert_string_equal(text, "");
    profile.state.peak_file_refaults_per_s = 8000; /* a stream that is larger than the cgroup does that and is well */
    warning_thrash_sentence(&profile, text, sizeof(text));
    assert_string_equal(text, "");
    profile.state.worst_stage = LW_STAGE_WARN;
    warning_thrash_sentence(&profile, text, sizeof(text));
    assert_non_null(strstr(text, "thrashing: at its worst 0 pages a second came back from swap and 8000 to the page"));
    profile.state = (struct lw_state){.peak_anon_refaults_per_s = 900};
    warning_thrash_sentence(&profile, text, sizeof(text));
    assert_non_null(strstr(text, "900 pages a second came back from swap"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_first_stall),        cmocka_unit_test(knows_what_was_not_measured),
        cmocka_unit_test(says_how_long_before_the_end), cmocka_unit_test(signs_come_by_time),
        cmocka_unit_test(thrashing_is_not_growth),
    };

    return cmocka_run_group_tests_name("report_warning", tests, NULL, NULL);
}
