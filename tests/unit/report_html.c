/* SPDX-License-Identifier: MIT */
/* The page's tables and data; the page itself is tested in a browser (tests/html). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "load_profile.h"
#include "voices/web_tables.h"
#include "sources/journal_file.h"
#include "voices/write_html.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static json_t *tables_json(const struct web_tables *tables)
{
    json_t *root = json_object();

    web_tables_json(tables, root);
    return root;
}

static size_t length_of(const json_t *root, const char *key)
{
    return json_array_size(json_object_get(root, key));
}

static void test_texts_are_there_once_and_short(void **state)
{
    struct web_tables *tables = web_tables_new();
    char name[32], longest[5000];

    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(web_text(tables, ""), 0);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 1; i <= 5000; i++) {
            snprintf(name, sizeof(name), "name %u", i);
            assert_int_equal(web_text(tables, name), i);
        }
    }
    uint32_t cut = web_text(tables, longest);
    memcpy(longest + 398, "\xe2\x82\xac", 3); /* a character across the cut goes as a whole */
    uint32_t across = web_text(tables, longest);
    json_t *root = tables_json(tables);
    const char *text = json_string_value(json_array_get(json_object_get(root, "strings"), cut));
    assert_int_equal(strlen(text), 400 + strlen("…"));
    text = json_string_value(json_array_get(json_object_get(root, "strings"), across));
    assert_int_equal(strlen(text), 398 + strlen("…"));
    assert_int_equal(length_of(root, "strings"), 5003);
    json_decref(root);
    web_tables_free(tables);
}

static void test_stacks_share_their_way(void **state)
{
    static const struct frame frames[] = {
        {.kind = FRAME_PYTHON,
         .function = "a",
         .short_function = "a",
         .file = "a.py",
         .short_file = "a.py",
         .module = "",
         .line = 1},
        {.kind = FRAME_PYTHON,
         .function = "b",
         .short_function = "b",
         .file = "a.py",
         .short_file = "a.py",
         .module = "",
         .line = 2},
        {.kind = FRAME_NATIVE,
         .function = "c",
         .short_function = "c",
         .file = "",
         .short_file = "",
         .module = "/lib/c.so"},
    };
    const struct frame *one[] = {&frames[1], &frames[0]}, *two[] = {&frames[2], &frames[0]};
    const struct stack first = {.frames = one, .count = 2}, second = {.frames = two, .count = 2}, none = {.count = 0};
    struct web_tables *tables = web_tables_new();

    assert_int_equal(web_stack(tables, &none), 0);
    assert_int_equal(web_stack(tables, &first), 2);
    assert_int_equal(web_stack(tables, &second), 3);
    assert_int_equal(web_stack(tables, &first), 2);
    json_t *root = tables_json(tables);
    json_t *up = json_object_get(json_object_get(root, "nodes"), "up");
    assert_int_equal(json_array_size(up), 3);
    assert_int_equal(json_integer_value(json_array_get(up, 2)), 2); /* node 3, called by node 1 */
    assert_int_equal(length_of(root, "frames"), 3);
    assert_int_equal(json_integer_value(json_array_get(json_array_get(json_object_get(root, "frames"), 2), 0)), 1);
    json_decref(root);
    web_tables_free(tables);
}

static void test_too_many_nodes_are_said(void **state)
{
    enum { FRAMES = 400 };
    static struct frame frames[FRAMES];
    const struct frame *path[FRAMES];
    struct web_tables *tables = web_tables_new();
    uint32_t node = 0, made = 0;

    for (uint32_t i = 0; i < FRAMES; i++)
        frames[i] = (struct frame){.kind = FRAME_PYTHON,
                                   .function = "f",
                                   .short_function = "f",
                                   .file = "f.py",
                                   .short_file = "f.py",
                                   .module = "",
                                   .line = (int)i};
    for (; made < 1000 && node != WEB_NO_ROOM; made++) {
        for (uint32_t i = 0; i < FRAMES; i++)
            path[i] = &frames[(i * 7 + made * (i + 1)) % FRAMES];
        node = web_stack(tables, &(struct stack){.frames = path, .count = FRAMES});
    }
    assert_int_equal(node, WEB_NO_ROOM);
    json_t *root = tables_json(tables);
    assert_int_equal(json_array_size(json_object_get(json_object_get(root, "nodes"), "up")), WEB_MAX_NODES - 1);
    json_decref(root);
    web_tables_free(tables);
}

static void test_the_place_beside_the_journal(void **state)
{
    static const struct {
        const char *journal, *page;
    } cases[] = {{"a.lw", "a.html"},
                 {"/x/y.lw", "/x/y.html"},
                 {"journal", "journal.html"},
                 {".lw", ".lw.html"},
                 {"a.lw.old", "a.lw.old.html"}};
    char out[64], small[8];

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_true(journal_path_beside(cases[i].journal, ".html", out, sizeof(out)));
        assert_string_equal(out, cases[i].page);
    }
    assert_false(journal_path_beside("long-name.lw", ".html", small, sizeof(small)));
}

/* Sums the differences of a column up again; unknown values are -1. */
static json_int_t value_at(const json_t *data, const char *key, size_t place)
{
    const json_t *column = json_object_get(json_object_get(data, "ticks"), key);
    json_int_t sum = 0;

    for (size_t i = 0; i <= place; i++)
        sum += json_integer_value(json_array_get(column, i));
    return json_is_null(json_array_get(column, place)) ? -1 : sum;
}

static void test_ticks_survive_as_differences(void **state)
{
    struct make_journal *made = make_journal_new();

    make_level(made, LW_LEVEL_CGROUP_V2, "/a", 512 * MAKE_MIB, 100 * MAKE_MIB, 0);
    for (uint64_t i = 0; i < 4; i++)
        make_tick(made, 100 + 250 * i, (10 + 5 * i) * MAKE_MIB, (30 - 5 * i) * MAKE_MIB)->some_total_us =
            i == 1 ? LW_UNKNOWN : 1;
    make_tick(made, 2000, LW_UNKNOWN, 1 * MAKE_MIB)->headroom_bytes = LW_UNLIMITED;
    struct profile *profile = load_made(made, "a.lw");
    struct story story;
    story_tell(&profile, 1, &story);
    json_t *data = html_data(&story);
    assert_int_equal(value_at(data, "t", 3), 8500);
    assert_int_equal(value_at(data, "used", 3), 25 * 1024);
    assert_int_equal(value_at(data, "resident", 2), 20 * 1024);
    assert_int_equal(value_at(data, "resident", 4), 1024);
    assert_int_equal(value_at(data, "used", 4), -1);
    assert_int_equal(value_at(data, "headroom", 4), -1);
    assert_int_equal(value_at(data, "some", 1), -1);
    assert_int_equal(value_at(data, "some", 2), 0);
    json_decref(data);
    profile_free(profile);
}

static void test_many_ticks_are_thinned_and_keep_their_extremes(void **state)
{
    struct profile *profile = load_made(make_large(), "a.lw");
    struct story story;
    uint64_t most = 0;

    story_tell(&profile, 1, &story);
    json_t *data = html_data(&story);
    size_t count = json_array_size(json_object_get(json_object_get(data, "ticks"), "t"));
    json_int_t last = 0, largest = 0, resident = 0;
    for (size_t i = 0; i < profile->tick_count; i++)
        most = profile->ticks[i].rss_bytes > most ? profile->ticks[i].rss_bytes : most;
    for (size_t i = 0; i < count; i++) {
        last += json_integer_value(json_array_get(json_object_get(json_object_get(data, "ticks"), "t"), i));
        resident += json_integer_value(json_array_get(json_object_get(json_object_get(data, "ticks"), "resident"), i));
        largest = resident > largest ? resident : largest;
    }
    assert_int_equal(profile->tick_count, 100000);
    assert_in_range(count, 2000, 12000);
    assert_int_equal(last, profile->ticks[profile->tick_count - 1].t_ns / 100000);
    assert_int_equal(largest, most / 1024);
    assert_int_equal(json_array_size(json_object_get(json_object_get(data, "sites"), "id")), 10000);
    json_decref(data);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_are_there_once_and_short),
        cmocka_unit_test(test_stacks_share_their_way),
        cmocka_unit_test(test_too_many_nodes_are_said),
        cmocka_unit_test(test_the_place_beside_the_journal),
        cmocka_unit_test(test_ticks_survive_as_differences),
        cmocka_unit_test(test_many_ticks_are_thinned_and_keep_their_extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
