/* SPDX-License-Identifier: MIT */
/* The summary that fits into a termination log, and what a dashboard showed before the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "judgement/dashboard.h"
#include "load_profile.h"
#include "voices/write_summary.h"

#define SECOND_MS 1000u
#define NS_PER_S  UINT64_C(1000000000)

static void is_the_first_screen(void **unused)
{
    struct profile *profile = load_made(make_leak(), "leak.lw");
    char text[SUMMARY_BYTES + 1];
    struct story story;

    story_tell(&profile, 1, &story);
    size_t length = write_summary(&story, text);
    assert_int_equal(length, strlen(text));
    assert_int_equal(strncmp(text, "lastwords: ./leak --fast (pid 4711) was OOM-killed\n", 51), 0);
    assert_non_null(strstr(text, "remember (leak)"));
    assert_non_null(strstr(text, "full report: lastwords report leak.lw --html\n"));
    profile_free(profile);
}

static struct make_journal *wordy(void)
{
    struct make_journal *made = make_etl();
    char path[500];

    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    make_input(made, path, 200 * MAKE_MIB);
    path[0] = 'y';
    make_input(made, path, 300 * MAKE_MIB);
    return made;
}

/* Many processes and long paths make the screen long; what is cut is at the end, and no line is half. */
static void is_cut_at_a_line(void **unused)
{
    enum { COUNT = 14 };
    struct profile *profiles[COUNT];
    char text[SUMMARY_BYTES + 1];
    struct story story;

    for (int i = 0; i < COUNT; i++)
        profiles[i] = load_made(i == 0 ? wordy() : make_calm(), "a.lw");
    story_tell(profiles, COUNT, &story);
    size_t length = write_summary(&story, text);
    assert_true(length <= SUMMARY_BYTES && length > SUMMARY_BYTES - 600);
    assert_int_equal(text[length - 1], '\n');
    assert_non_null(strstr(text, "  cause      one line: 70 %"));
    assert_null(strstr(text, "full report:"));
    for (int i = 0; i < COUNT; i++)
        profile_free(profiles[i]);
}

static struct make_journal *climb(uint64_t seconds, uint64_t step_ms, uint64_t inactive_bytes)
{
    struct make_journal *made = make_journal_new();

    make_level(made, LW_LEVEL_CGROUP_V2, "/job", 512 * MAKE_MIB, 510 * MAKE_MIB, 0);
    for (uint64_t t = 0; t <= seconds * SECOND_MS; t += step_ms) {
        /* Calm at 100 MiB until two seconds before the end, then straight to 500 MiB. */
        uint64_t late = t + 2 * SECOND_MS > seconds * SECOND_MS ? t + 2 * SECOND_MS - seconds * SECOND_MS : 0;
        uint64_t bytes = (100 + 200 * late / SECOND_MS) * MAKE_MIB;
        struct lw_tick *tick = make_tick(made, t, bytes + inactive_bytes, bytes - 10 * MAKE_MIB);
        tick->inactive_file_bytes = inactive_bytes;
        tick->reclaimable_bytes = 1 * MAKE_MIB;
    }
    return made;
}

static void knows_what_was_not_seen(void **unused)
{
    struct profile *profile = load_made(climb(20, 800, 8 * MAKE_MIB), "a.lw");
    struct dashboard dashboard;

    assert_true(dashboard_judge(profile, 15 * NS_PER_S, &dashboard));
    assert_true(dashboard.inactive_file_known);
    assert_int_equal(dashboard.blind_percent, 0);
    assert_int_equal(dashboard.peak_bytes, 500 * MAKE_MIB);
    assert_int_equal(dashboard.peak_ns, 20 * NS_PER_S);
    assert_int_equal(dashboard.working_set.median_bytes, 100 * MAKE_MIB);
    assert_int_equal(dashboard.working_set.low_bytes, 100 * MAKE_MIB);
    assert_true(dashboard.working_set.high_bytes > 300 * MAKE_MIB);
    assert_int_equal(dashboard.resident.median_bytes, 90 * MAKE_MIB);
    /* It ran for 20 s: a look every 30 s misses it in a third of all cases. */
    assert_true(dashboard_judge(profile, 30 * NS_PER_S, &dashboard));
    assert_in_range(dashboard.blind_percent, 32, 34);
    profile_free(profile);
}

static void takes_reclaimable_where_inactive_is_not_known(void **unused)
{
    struct profile *profile = load_made(climb(20, 800, 0), "a.lw");
    struct dashboard dashboard;

    assert_true(dashboard_judge(profile, 15 * NS_PER_S, &dashboard));
    assert_false(dashboard.inactive_file_known);
    assert_int_equal(dashboard.working_set.median_bytes, 99 * MAKE_MIB);
    profile_free(profile);
}

static void says_nothing_without_evidence(void **unused)
{
    struct profile *coarse = load_made(climb(100, 10 * SECOND_MS, 0), "a.lw");
    struct profile *level = load_made(make_calm(), "b.lw");
    struct profile *none = load_made(make_journal_new(), "c.lw");
    struct dashboard dashboard;

    assert_false(dashboard_judge(coarse, 15 * NS_PER_S, &dashboard)); /* two ticks are no picture */
    assert_false(dashboard_judge(level, 15 * NS_PER_S, &dashboard));  /* the picture was right */
    assert_false(dashboard_judge(none, 15 * NS_PER_S, &dashboard));   /* no limit, no ticks */
    profile_free(coarse);
    profile_free(level);
    profile_free(none);
}

static void tells_it_in_the_full_report(void **unused)
{
    struct make_journal *made = climb(20, 800, 8 * MAKE_MIB);
    struct text_options options = {.lines = 5, .full = true};
    struct problem problem;
    struct story story;
    struct sink sink;
    char *text = NULL;
    size_t size = 0;

    make_outcome(made, -1, 9, 1);
    struct profile *profile = load_made(made, "a.lw");
    FILE *stream = open_memstream(&text, &size);
    story_tell(&profile, 1, &story);
    sink_over(&sink, stream, "memory");
    write_text(&sink, &story, &options);
    sink_close(&sink, &problem);
    fclose(stream);
    assert_non_null(strstr(text, "\nwhat a dashboard showed (its last look before the end, whenever that was)\n"
                                 "  true peak: 500 MiB, 97.7 % of the limit, at 20.000 s\n"
                                 "  looking every 15 s:\n"
                                 "    working set  100 MiB (20 % of the limit) in the median, 100 MiB to "));
    assert_non_null(strstr(text, "  looking every 30 s: nothing at all in 33 % of the cases, else\n"));
    assert_non_null(strstr(text, "  working set: used minus inactive file pages\n"));
    free(text);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_first_screen),
        cmocka_unit_test(is_cut_at_a_line),
        cmocka_unit_test(knows_what_was_not_seen),
        cmocka_unit_test(takes_reclaimable_where_inactive_is_not_known),
        cmocka_unit_test(says_nothing_without_evidence),
        cmocka_unit_test(tells_it_in_the_full_report),
    };

    return cmocka_run_group_tests_name("report_summary", tests, NULL, NULL);
}
