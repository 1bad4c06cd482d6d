/* SPDX-License-Identifier: MIT */
/* The keys of the machine-readable report, exactly and in every case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "load_profile.h"
#include "voices/write_json.h"
#include "voices/write_oom.h"

/* Path to an object, then its keys. "x.0" is the first element of an array. */
static const struct {
    const char *path;
    const char *keys;
} expected[] = {
    {"", "schema process verdict limit pressure memory sites lines other threads moment_ms timeline events neighbours "
         "advice capabilities"},
    {"process", "pid ppid command started_at ended_at exit"},
    {"process.exit", "code signal"},
    {"verdict", "cause confidence sentence oom_kill evidence"},
    {"limit", "binding kind bytes used_bytes reclaimable_bytes headroom_bytes levels"},
    {"pressure", "some_avg10 full_avg10 some_total_us full_total_us"},
    {"memory", "rss_bytes anon_bytes file_bytes shmem_bytes swap_bytes page_tables_bytes peak_rss_bytes "
               "committed_bytes explained_bytes self_bytes"},
    {"sites.0", "id committed_bytes resident_bytes swapped_bytes peak_resident_bytes live_allocations "
                "growth_bytes_per_s stack touched_by"},
    {"sites.0.stack.0", "kind function file line module address build_id"},
    {"sites.0.touched_by.0", "bytes stack"},
    {"lines.0", "function file line resident_bytes committed_bytes growth_bytes_per_s sites"},
    {"other.0", "kind resident_bytes"},
    {"threads.0", "tid name stack"},
    {"timeline.0", "t_ms headroom_bytes current_bytes reclaimable_bytes rss_bytes committed_bytes some_avg10 "
                   "full_avg10 stage"},
    {"events.0", "t_ms kind text"},
    {"advice.0", "kind text"},
    {"capabilities.psi", "available why"},
};

/* A sink into memory; closing it reads the first value in what was written. */
struct memory {
    struct sink sink;
    FILE *stream;
    char *text;
    size_t size;
};

static struct sink *memory_open(struct memory *memory)
{
    memory->stream = open_memstream(&memory->text, &memory->size);
    assert_non_null(memory->stream);
    sink_over(&memory->sink, memory->stream, "memory");
    return &memory->sink;
}

static json_t *memory_read(struct memory *memory, size_t flags)
{
    struct problem problem;
    json_error_t error;

    assert_int_equal(sink_close(&memory->sink, &problem), 0);
    fclose(memory->stream);
    json_t *root = json_loads(memory->text, flags, &error);
    if (!root)
        fail_msg("%s: %s", error.text, memory->text);
    free(memory->text);
    return root;
}

static json_t *written(struct make_journal *made)
{
    struct profile *profile = load_made(made, "a.lw");
    struct memory memory;
    struct story story;

    story_tell(&profile, 1, &story);
    write_json(memory_open(&memory), &story);
    json_t *root = memory_read(&memory, 0);
    profile_free(profile);
    return root;
}

static json_t *at(json_t *value, const char *path)
{
    char copy[200], *save = NULL;

    snprintf(copy, sizeof(copy), "%s", path);
    for (char *part = strtok_r(copy, ".", &save); part && value; part = strtok_r(NULL, ".", &save))
        value = json_is_array(value) ? json_array_get(value, strtoul(part, NULL, 10)) : json_object_get(value, part);
    return value;
}

static void has_exactly_these_keys(void **unused)
{
    json_t *root = written(make_etl());

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        json_t *object = at(root, expected[i].path);
        char keys[400], *save = NULL;
        size_t count = 0;
        snprintf(keys, sizeof(keys), "%s", expected[i].keys);
        for (char *key = strtok_r(keys, " ", &save); key; key = strtok_r(NULL, " ", &save), count++)
            if (!json_object_get(object, key))
                fail_msg("%s.%s is missing", expected[i].path, key);
        if (json_object_size(object) != count)
            fail_msg("%s has %zu keys instead of %zu", expected[i].path, json_object_size(object), count);
    }
    json_decref(root);
}

static void has_the_values(void **unused)
{
    json_t *root = written(make_etl());

    assert_string_equal(json_string_value(at(root, "schema")), "lastwords/1");
    assert_string_equal(json_string_value(at(root, "process.command.1")), "transform.py");
    assert_string_equal(json_string_value(at(root, "process.started_at")), "2025-11-21T02:00:00.000Z");
    assert_int_equal(json_integer_value(at(root, "process.exit.code")), 134);
    assert_true(json_is_null(at(root, "process.exit.signal")));
    assert_string_equal(json_string_value(at(root, "verdict.cause")), "site_growth");
    assert_true(json_is_real(at(root, "verdict.confidence")));
    assert_string_equal(json_string_value(at(root, "limit.binding")), "/batch/etl");
    assert_true(json_is_null(at(root, "limit.levels.1.bytes")));
    assert_int_equal(json_integer_value(at(root, "timeline.0.t_ms")), 200);
    assert_string_equal(json_string_value(at(root, "sites.0.stack.0.kind")), "native");
    assert_string_equal(json_string_value(at(root, "sites.0.stack.1.kind")), "python");
    assert_int_equal(json_integer_value(at(root, "lines.0.line")), 6);
    assert_int_equal(json_integer_value(at(root, "lines.0.sites.1")), 2);
    assert_string_equal(json_string_value(at(root, "advice.0.kind")), "quick");
    assert_true(json_is_false(at(root, "capabilities.fault_counter.available")));
    json_decref(root);
}

static void unknown_is_null(void **unused)
{
    struct make_journal *made = make_journal_new();

    make_no_state(made);
    json_t *root = written(made);
    static const char *const nulls[] = {"limit.binding",       "limit.bytes",         "memory.rss_bytes",
                                        "pressure.some_avg10", "process.exit.signal", "process.exit.code",
                                        "process.ended_at"};
    for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++)
        assert_true(json_is_null(at(root, nulls[i])));
    assert_int_equal(json_array_size(at(root, "limit.levels")), 0);
    json_decref(root);
}

static void survives_any_bytes(void **unused)
{
    struct make_journal *made = make_etl();

    make_command(made, (const char *const[]){"\xff\xfe\xc0\x80", "\xed\xa0\x80"}, 2);
    make_event(made, 1, LW_EVENT_DEGRADED, 0, "\xf4\x90\x80\x80\x01");
    json_t *root = written(made);
    assert_string_equal(json_string_value(at(root, "process.command.0")), "\\xff\\xfe\\xc0\\x80");
    json_decref(root);
}

/* The largest line is that of sites whose stacks found no room: it has no frame. */
static void a_line_without_a_place_is_null_for_explain(void **unused)
{
    struct make_journal *made = make_leak();
    make_site(made, 0, 220 * MAKE_MIB, 220 * MAKE_MIB, 0);
    struct profile *profile = load_made(made, "a.lw");
    static struct oom_record record;
    static struct oom_words words;
    struct oom_story told = {.record = &record, .words = &words, .join_count = 1};
    struct memory memory;
    struct story story;

    oom_record_begin(&record, &(struct kernel_stamp){.monotonic_us = LW_UNKNOWN});
    story_tell(&profile, 1, &story);
    assert_null(story.verdict.line->frame);
    told.joins[0] = (struct oom_joined){.pid = 4711, .victim = true, .match = OOM_MATCH_SURE, .story = &story};
    write_oom_json(memory_open(&memory), &told);
    write_oom_text(&memory.sink, &told);
    json_t *root = memory_read(&memory, JSON_DISABLE_EOF_CHECK);
    assert_true(json_is_null(at(root, "journals.0.function")));
    assert_true(json_is_null(at(root, "journals.0.file")));
    assert_int_equal(json_integer_value(at(root, "journals.0.resident_bytes")), 220 * MAKE_MIB);
    json_decref(root);
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_exactly_these_keys),
        cmocka_unit_test(has_the_values),
        cmocka_unit_test(unknown_is_null),
        cmocka_unit_test(survives_any_bytes),
        cmocka_unit_test(a_line_without_a_place_is_null_for_explain),
    };

    return cmocka_run_group_tests_name("report_json", tests, NULL, NULL);
}
