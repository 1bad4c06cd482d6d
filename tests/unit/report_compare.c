/* SPDX-License-Identifier: MIT */
/* Two runs beside each other: which line is which, and what changed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "judgement/compare.h"
#include "load_profile.h"

struct held {
    const char *function;
    const char *file;
    int line;
    uint64_t resident_mib;
};

static struct profile *run(const char *directory, const struct held *held, size_t count)
{
    struct make_journal *made = make_journal_new();
    uint64_t all = 0;

    snprintf(make_identity(made)->directory, 512, "%s", directory);
    for (size_t i = 0; i < count; i++) {
        char file[256];
        snprintf(file, sizeof(file), "%s/%s", directory, held[i].file);
        uint64_t frame = make_python(made, held[i].function, file, held[i].line);
        struct lw_site *site =
            make_site(made, make_stack(made, &frame, 1), held[i].resident_mib * MAKE_MIB, 1000 * MAKE_MIB, 0);
        site->peak_resident_bytes = 2 * site->resident_bytes;
        all += held[i].resident_mib;
    }
    make_state(made)->rss_bytes = all * MAKE_MIB;
    make_state(made)->peak_rss_bytes = 2 * all * MAKE_MIB;
    return load_made(made, directory);
}

struct pair {
    struct profile *profiles[2];
    struct story stories[2];
    struct comparison comparison;
};

static void compare(struct pair *pair, const struct held *old, size_t old_count, const struct held *new,
                    size_t new_count, enum metric metric, bool sites)
{
    pair->profiles[0] = run("/srv/old", old, old_count);
    pair->profiles[1] = run("/srv/new", new, new_count);
    for (int i = 0; i < 2; i++)
        story_tell(&pair->profiles[i], 1, &pair->stories[i]);
    compare_make(&pair->comparison, &pair->stories[0], &pair->stories[1], metric, sites);
}

static void done(struct pair *pair)
{
    compare_free(&pair->comparison);
    profile_free(pair->profiles[0]);
    profile_free(pair->profiles[1]);
}

static const struct compare_entry *find(const struct comparison *comparison, const char *function, int line)
{
    for (size_t i = 0; i < comparison->count; i++)
        for (int side = 0; side < 2; side++) {
            const struct stack *stack = comparison->entries[i].stacks[side];
            if (stack && stack->user->line == line && strcmp(stack->user->function, function) == 0)
                return &comparison->entries[i];
        }
    fail_msg("%s:%d is not there", function, line);
    return NULL;
}

static const struct held before[] = {{"load", "a.py", 6, 100}, {"keep", "a.py", 20, 50}, {"drop", "b.py", 3, 10}};
static const struct held after[] = {{"load", "a.py", 9, 160}, {"keep", "a.py", 20, 50}, {"make", "c.py", 1, 5}};

static void follows_lines_that_moved(void **unused)
{
    struct pair pair;

    compare(&pair, before, 3, after, 3, METRIC_RESIDENT, false);
    assert_int_equal(pair.comparison.count, 4);
    assert_int_equal(pair.comparison.totals[0], 160 * MAKE_MIB);
    assert_int_equal(pair.comparison.totals[1], 215 * MAKE_MIB);
    const struct compare_entry *load = find(&pair.comparison, "load", 6);
    assert_ptr_equal(load, &pair.comparison.entries[0]); /* the largest change */
    assert_ptr_equal(load, find(&pair.comparison, "load", 9));
    assert_int_equal(load->bytes[0], 100 * MAKE_MIB);
    assert_int_equal(load->bytes[1], 160 * MAKE_MIB);
    const struct compare_entry *gone = find(&pair.comparison, "drop", 3), *new = find(&pair.comparison, "make", 1);
    assert_null(gone->stacks[1]);
    assert_null(new->stacks[0]);
    assert_int_equal(new->bytes[1], 5 * MAKE_MIB);
    assert_int_equal(find(&pair.comparison, "keep", 20)->bytes[1], 50 * MAKE_MIB);
    done(&pair);
}

/* Two lines of a function moved: which became which is not known, so nothing is claimed. */
static void does_not_guess(void **unused)
{
    static const struct held two[] = {{"load", "a.py", 6, 100}, {"load", "a.py", 7, 50}};
    static const struct held others[] = {{"load", "a.py", 9, 100}, {"load", "a.py", 10, 50}};
    struct pair pair;

    compare(&pair, two, 2, others, 2, METRIC_RESIDENT, false);
    assert_int_equal(pair.comparison.count, 4);
    done(&pair);
}

static void compares_sites_by_their_stacks(void **unused)
{
    struct pair pair;

    compare(&pair, before, 3, after, 3, METRIC_PEAK, true);
    assert_int_equal(pair.comparison.count, 4);
    assert_int_equal(pair.comparison.totals[1], 430 * MAKE_MIB);
    assert_int_equal(find(&pair.comparison, "load", 9)->bytes[0], 200 * MAKE_MIB);
    assert_int_equal(find(&pair.comparison, "load", 9)->bytes[1], 320 * MAKE_MIB);
    done(&pair);
}

static void counts_changes(void **unused)
{
    assert_int_equal(compare_change(5, 8), 3);
    assert_int_equal(compare_change(8, 5), -3);
    assert_int_equal(compare_change(0, UINT64_MAX), INT64_MAX);
    assert_int_equal(compare_change(UINT64_MAX, 0), -INT64_MAX);
    assert_true(compare_percent(100, 110) > 9.99 && compare_percent(100, 110) < 10.01);
    assert_true(compare_percent(0, 0) == 0);
    assert_true(isinf(compare_percent(0, 1)));
}

static void survives_emptiness(void **unused)
{
    struct pair pair;

    compare(&pair, NULL, 0, after, 1, METRIC_COMMITTED, false);
    assert_int_equal(pair.comparison.count, 1);
    done(&pair);
    compare(&pair, NULL, 0, NULL, 0, METRIC_RESIDENT, true);
    assert_int_equal(pair.comparison.count, 0);
    done(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_lines_that_moved),
        cmocka_unit_test(does_not_guess),
        cmocka_unit_test(compares_sites_by_their_stacks),
        cmocka_unit_test(counts_changes),
        cmocka_unit_test(survives_emptiness),
    };

    return cmocka_run_group_tests_name("report_compare", tests, NULL, NULL);
}
