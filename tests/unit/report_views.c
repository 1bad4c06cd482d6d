/* SPDX-License-Identifier: MIT */
/* What voices share: the number to order by, the frames that are shown, numbered texts, stacks with their sizes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "load_profile.h"
#include "profile/labels.h"
#include "profile/metric.h"
#include "profile/stacks.h"
#include "sources/intern.h"
#include "voices/flow.h"
#include "voices/top_view.h"

static void orders_by_every_metric(void **unused)
{
    /* Three sites, of which each is the first in some order. */
    struct make_journal *made = make_journal_new();
    uint64_t a = make_python(made, "a", "/srv/job/a.py", 1), b = make_python(made, "b", "/srv/job/a.py", 2);
    uint64_t c = make_python(made, "c", "/srv/job/a.py", 3);

    make_site(made, make_stack(made, &a, 1), 90, 90, -5);
    struct lw_site *site = make_site(made, make_stack(made, &b, 1), 50, 500, 7);
    site->peak_resident_bytes = 60;
    site = make_site(made, make_stack(made, &c, 1), 50, 80, 2);
    site->peak_resident_bytes = 900;
    site->touched_bytes = 12;
    struct profile *profile = load_made(made, "a.lw");
    static const char *const first[METRIC_COUNT] = {"a", "b", "b", "c", "c"};
    static const uint64_t weight[METRIC_COUNT] = {90, 500, 7, 900, 12};
    for (int metric = 0; metric < METRIC_COUNT; metric++) {
        const struct line **lines = metric_lines(profile, (enum metric)metric);
        const struct site **sites = metric_sites(profile, (enum metric)metric);
        assert_string_equal(lines[0]->frame->function, first[metric]);
        assert_string_equal(sites[0]->stack.user->function, first[metric]);
        assert_int_equal(metric_of_line(lines[0], (enum metric)metric), weight[metric]);
        assert_int_equal(metric_of_site(sites[0], (enum metric)metric), weight[metric]);
        free(lines);
        free(sites);
    }
    /* What shrinks does not grow. */
    assert_int_equal(metric_of_site(&profile->sites[0], METRIC_GROWTH), 0);
    profile_free(profile);
}

static void knows_the_names_of_metrics(void **unused)
{
    enum metric metric = METRIC_PEAK;

    assert_false(metric_parse("size", &metric));
    assert_false(metric_parse("", &metric));
    assert_int_equal(metric, METRIC_PEAK);
    for (int i = 0; i < METRIC_COUNT; i++) {
        assert_true(metric_parse(metric_name((enum metric)i), &metric));
        assert_int_equal(metric, i);
        assert_non_null(strstr(metric_names(), metric_name((enum metric)i)));
    }
}

static void folds_the_interpreter_only_where_python_speaks(void **unused)
{
    struct make_journal *made = make_journal_new();
    uint32_t interpreter = make_module(made, "/usr/bin/python3.11", 0x400000, 0x500000);
    uint32_t numpy = make_module(made, "/usr/lib/numpy/core.so", 0x600000, 0x700000);
    uint64_t eval = make_native(made, "_PyEval_EvalFrameDefault", interpreter, 0x401000);
    uint64_t alloc = make_native(made, "array_new", numpy, 0x601000);
    uint64_t load = make_python(made, "load", "/srv/job/a.py", 6);

    make_site(made, make_stack(made, (uint64_t[]){eval, load, eval, alloc}, 4), 20, 20, 0);
    make_site(made, make_stack(made, (uint64_t[]){eval, alloc}, 2), 10, 10, 0);
    struct profile *profile = load_made(made, "a.lw");
    struct shown mixed = stacks_shown(&profile->sites[0].stack, false);
    struct shown native = stacks_shown(&profile->sites[0].stack, true);
    struct shown bare = stacks_shown(&profile->sites[1].stack, false);
    assert_int_equal(mixed.count, 2);
    assert_int_equal(mixed.folded, 2);
    assert_string_equal(mixed.frames[0]->function, "array_new");
    assert_string_equal(mixed.frames[1]->function, "load");
    assert_int_equal(native.count, 4);
    assert_int_equal(bare.count, 2); /* nothing else would be left to say where */
    free(mixed.frames);
    free(native.frames);
    free(bare.frames);
    profile_free(profile);
}

static void numbers_texts_as_they_come(void **unused)
{
    struct intern intern = {.count = 0};
    char text[32];

    assert_int_equal(intern_text(&intern, ""), 0);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(intern_format(&intern, "text %zu", i), i + 1);
    for (size_t i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "text %zu", i);
        assert_int_equal(intern_text(&intern, text), i + 1);
        assert_string_equal(intern.texts[i + 1], text);
    }
    char *wide = malloc(3001);
    memset(wide, 'w', 3000);
    wide[3000] = '\0';
    size_t number = intern_format(&intern, "%s!", wide);
    assert_int_equal(strlen(intern.texts[number]), 3001);
    free(wide);
    intern_free(&intern);
}

static void flows_hold_all_memory_and_keep_processes_apart(void **unused)
{
    struct profile *profiles[] = {load_made(make_etl(), "a.lw"), load_made(make_leak(), "b.lw")};
    struct view view = {.by = METRIC_RESIDENT};
    uint64_t sum = 0, wanted = 0;
    struct story story;
    struct flow flow;

    story_tell(profiles, 1, &story);
    flow_make(&flow, &story, &view);
    assert_int_equal(flow.count, profiles[0]->site_count + profiles[0]->other_count);
    for (size_t i = 0; i < flow.count; i++)
        sum += flow_weight(&flow.items[i], METRIC_RESIDENT);
    for (size_t i = 0; i < profiles[0]->site_count; i++)
        wanted += profiles[0]->sites[i].record.resident_bytes;
    for (size_t i = 0; i < profiles[0]->other_count; i++)
        wanted += profiles[0]->others[i].resident_bytes;
    assert_int_equal(sum, wanted);
    flow_free(&flow);

    view.sites = 1;
    story_tell(profiles, 2, &story);
    flow_make(&flow, &story, &view);
    for (size_t i = 0; i < flow.count; i++) {
        const struct flow_item *item = &flow.items[i];
        assert_string_equal(item->frames[item->frame_count - 1]->function,
                            item->process == 0 ? "python3 (pid 4711)" : "leak (pid 4711)");
        assert_ptr_equal(item->profile, profiles[item->process]);
    }
    flow_free(&flow);
    profile_free(profiles[0]);
    profile_free(profiles[1]);
}

/* Of a stack of unknown order the Python part is shown; a run of frames without a name is its module, once. */
static void flows_fold_what_says_nothing(void **unused)
{
    struct make_journal *made = make_journal_new();
    uint32_t parser = make_module(made, "/usr/lib/pandas/parsers.so", 0x600000, 0x700000);
    uint64_t one = make_native(made, NULL, parser, 0x601000), two = make_native(made, NULL, parser, 0x602000);
    uint64_t unmerged = LW_FRAME_MARKER | LW_MARKER_UNMERGED, load = make_python(made, "load", "/srv/job/a.py", 6);
    struct view view = {.by = METRIC_RESIDENT};
    struct story story;
    struct flow flow;
    struct flow_text text;

    make_site(made, make_stack(made, (uint64_t[]){one, unmerged, load}, 3), 20, 20, 0);
    make_site(made, make_stack(made, (uint64_t[]){load, one, two}, 3), 10, 10, 0);
    struct profile *profile = load_made(made, "a.lw");
    story_tell(&profile, 1, &story);
    flow_make(&flow, &story, &view);
    assert_int_equal(flow.items[0].frame_count, 1);
    assert_string_equal(flow_frame_name(flow.items[0].frames[0], &text), "load");
    assert_int_equal(flow.items[1].frame_count, 2);
    assert_string_equal(flow_frame_name(flow.items[1].frames[0], &text), "[parsers.so]");
    flow_free(&flow);
    view.native = true;
    flow_make(&flow, &story, &view);
    assert_int_equal(flow.items[0].frame_count, 3);
    assert_int_equal(flow.items[1].frame_count, 3);
    flow_free(&flow);
    profile_free(profile);
}

/* Whatever the terminal: no line beyond its width, no page beyond its height, and the keys on the last line. */
static void top_fits_every_terminal(void **unused)
{
    struct profile *profiles[] = {load_made(make_etl(), "a.lw"), load_made(make_calm(), "b.lw"),
                                  load_made(make_journal_new(), "c.lw")};
    static struct top_page page;

    for (size_t columns = 40; columns <= 250; columns += 7)
        for (size_t rows = 10; rows <= 60; rows += 5)
            for (size_t i = 0; i < 6; i++) {
                struct top_view view = {.columns = columns, .rows = rows, .ascii = i >= 3, .keys = true};
                top_compose(profiles[i % 3], &view, &page);
                assert_int_equal(page.count, rows);
                assert_int_equal(strncmp(page.lines[rows - 1].text, "q quit", 6), 0);
                for (size_t l = 0; l < page.count; l++) {
                    assert_true(label_columns(page.lines[l].text) <= columns);
                    for (const char *c = page.lines[l].text; view.ascii && *c; c++)
                        assert_in_range(*c, ' ', '~');
                }
            }
    for (int i = 0; i < 3; i++)
        profile_free(profiles[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_by_every_metric),
        cmocka_unit_test(knows_the_names_of_metrics),
        cmocka_unit_test(folds_the_interpreter_only_where_python_speaks),
        cmocka_unit_test(numbers_texts_as_they_come),
        cmocka_unit_test(flows_hold_all_memory_and_keep_processes_apart),
        cmocka_unit_test(flows_fold_what_says_nothing),
        cmocka_unit_test(top_fits_every_terminal),
    };

    return cmocka_run_group_tests_name("report_views", tests, NULL, NULL);
}
