/* SPDX-License-Identifier: MIT */
/* Frames, responsible lines and the roll-up of sites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "load_profile.h"
#include "profile/frame_names.h"
#include "profile/labels.h"
#include "sources/symbolizer.h"

static void tells_libraries_from_user_code(void **unused)
{
    static const struct {
        const char *file;
        bool library;
    } rows[] = {
        {"/srv/job/transform.py", false},
        {"transform.py", false},
        {"<string>", false},
        {"<stdin>", false},
        {"<frozen importlib._bootstrap>", true},
        {"<__array_function__ internals>", true},
        {"/usr/lib/python3/dist-packages/pandas/io/common.py", true},
        {"/opt/venv/lib/python3.12/site-packages/numpy/core.py", true},
        {"/usr/lib/python3.11/json/decoder.py", true},
        {"/usr/lib64/python3.9/csv.py", true},
        {"/usr/lib/python311.zip/csv.py", true},
        {"/home/lib/python/mine.py", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (frames_python_library(rows[i].file) != rows[i].library)
            fail_msg("%s", rows[i].file);
}

static void shortens_files_and_functions(void **unused)
{
    static const char *const functions[][2] = {
        {"grow(unsigned long)", "grow"},
        {"std::vector<int, std::allocator<int> >::push_back(int&&)", "std::vector::push_back"},
        {"void fill<char>(char*, int)", "fill"},
        {"(anonymous namespace)::grow(int)", "grow"},
        {"core::ptr::drop_in_place::h0123456789abcdef", "core::ptr::drop_in_place"},
        {"operator new(unsigned long)", "operator new"},
        {"Big::operator<<(int)", "Big::operator<<"},
    };
    struct arena arena = {0};

    assert_true(frames_runtime_function("_int_malloc") && frames_runtime_function("strdup"));
    assert_false(frames_runtime_function("strdup_all") || frames_runtime_function("main"));
    assert_string_equal(frames_short_file("/srv/job/a/b.py", "/srv/job"), "a/b.py");
    assert_string_equal(frames_short_file("/srv/jobs/b.py", "/srv/job"), "/srv/jobs/b.py");
    assert_string_equal(frames_short_file("./b.py", "/srv/job"), "b.py");
    assert_string_equal(frames_short_file("/usr/lib/python3.11/json/decoder.py", "/"), "json/decoder.py");
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        assert_string_equal(frames_short_function(functions[i][0], &arena), functions[i][1]);
    assert_string_equal(frames_short_function("<module>", &arena), "<module>");
    arena_free(&arena);
}

static void demangles_but_not_everything(void **unused)
{
    char out[256] = "untouched", hostile[400] = "_Z1f";

    assert_true(symbolizer_demangle("_Z4growm", out, sizeof(out)));
    assert_string_equal(out, "grow(unsigned long)");
    assert_false(symbolizer_demangle("main", out, sizeof(out)));
    for (int i = 0; i < 60; i++)
        strcat(hostile, "S0_");
    assert_false(symbolizer_demangle(hostile, out, sizeof(out)));
    assert_string_equal(out, "grow(unsigned long)");
}

static void finds_the_responsible_frame(void **unused)
{
    struct frame malloc_ = {.kind = FRAME_NATIVE, .function = "malloc", .library = true};
    struct frame lib = {.kind = FRAME_NATIVE, .function = "sqlite3_step"};
    struct frame own = {.kind = FRAME_NATIVE, .function = "main", .main_program = true};
    struct frame nameless = {.kind = FRAME_NATIVE, .function = "", .main_program = true};
    struct frame pandas = {.kind = FRAME_PYTHON, .function = "read_csv", .library = true};
    struct frame user = {.kind = FRAME_PYTHON, .function = "load"};
    struct frame marker = {.kind = FRAME_MARKER, .function = "(the stack is deeper)"};
    const struct {
        const struct frame *frames[6];
        size_t count;
        const struct frame *expected;
    } rows[] = {
        {{&malloc_, &lib, &pandas, &user, &own}, 5, &user},
        {{&malloc_, &lib, &pandas, &own}, 4, &pandas},
        {{&malloc_, &lib, &own}, 3, &own},
        {{&malloc_, &lib, &nameless}, 3, &lib},
        {{&malloc_, &marker}, 2, &malloc_},
        {{&marker}, 1, &marker}, /* says why there is nothing else */
        {{NULL}, 0, NULL},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_ptr_equal(frames_responsible(rows[i].frames, rows[i].count), rows[i].expected);
}

static void rolls_sites_up_by_line(void **unused)
{
    struct profile *profile = load_made(make_etl(), "etl.lw");

    assert_int_equal(profile->site_count, 3);
    assert_int_equal(profile->line_count, 2);
    assert_string_equal(profile->lines[0].frame->function, "load");
    assert_int_equal(profile->lines[0].site_count, 2);
    assert_int_equal(profile->lines[0].committed_bytes, 410 * MAKE_MIB);
    assert_int_equal(profile->lines[0].growth_bytes_per_s, 31 * MAKE_MIB);
    assert_int_equal(profile->lines[0].sites[0]->id, 1);
    assert_int_equal(profile->sites[0].touch_count, 1);
    assert_string_equal(profile->sites[0].touches[0].stack.user->function, "enrich");
    assert_string_equal(profile->command, "python3 transform.py orders.csv");
    assert_int_equal(profile->end, PROFILE_CONTROLLED);
    assert_string_equal(profile->inputs[0].short_path, "orders.csv");
    assert_string_equal(profile->threads[0].stack.frames[0]->build_id, "deadbeef");
    profile_free(profile);
}

static void an_abort_of_the_library_is_a_signal(void **unused)
{
    struct make_journal *made = make_etl();

    make_header(made)->exit_code = -1;
    struct profile *profile = load_made(made, "etl.lw");
    assert_false(profile->exit_code_known);
    assert_int_equal(profile->signal, 6);
    profile_free(profile);
}

static void sums_lines_without_overflow(void **unused)
{
    struct make_journal *made = make_journal_new();
    uint64_t frame = make_python(made, "f", "/srv/job/x.py", 1);
    uint32_t node = make_stack(made, &frame, 1);

    make_site(made, node, UINT64_MAX - 5, UINT64_MAX, INT64_MAX);
    make_site(made, node, UINT64_MAX - 5, UINT64_MAX, INT64_MAX);
    struct profile *profile = load_made(made, "big.lw");
    assert_int_equal(profile->line_count, 1);
    assert_true(profile->lines[0].resident_bytes == UINT64_MAX);
    profile_free(profile);
}

static void makes_names_harmless(void **unused)
{
    struct make_journal *made = make_journal_new();
    uint64_t frame = make_python(made, "f\033[31m", "/srv/job/\xff\n.py", 1);

    make_site(made, make_stack(made, &frame, 1), MAKE_MIB, MAKE_MIB, 0);
    make_command(made, (const char *const[]){"a\033]0;x\007", "b"}, 2);
    struct profile *profile = load_made(made, "evil.lw");
    assert_string_equal(profile->command, "a\\x1b]0;x\\x07 b");
    assert_string_equal(profile->lines[0].frame->function, "f\\x1b[31m");
    assert_string_equal(profile->lines[0].frame->short_file, "\\xff\\x0a.py");
    profile_free(profile);
}

static void chains_fit_their_column(void **unused)
{
    struct profile *profile = load_made(make_etl(), "etl.lw");
    const struct stack *stack = &profile->sites[0].stack;

    assert_string_equal(label_chain(stack, 200).text,
                        "transform.py:6 load → pandas/io/parsers/readers.py:912 read_csv → "
                        "PyArray_NewFromDescr (_multiarray.so)");
    assert_string_equal(label_chain(stack, 40).text, "transform.py:6 load → …");
    assert_true(label_columns(label_chain(stack, 10).text) <= 10);
    assert_string_equal(label_callee(stack).text, " → pandas read_csv");
    profile_free(profile);
}

/* In a child: it ends the command. */
static void a_journal_that_claims_too_much_is_refused(void **unused)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        struct arena arena = {NULL};
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        for (size_t bytes = 0; bytes <= ARENA_MOST_BYTES; bytes += 1 << 20)
            arena_new(&arena, 1, 1 << 20); /* address space, never touched */
        _exit(3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_libraries_from_user_code), cmocka_unit_test(shortens_files_and_functions),
        cmocka_unit_test(demangles_but_not_everything),   cmocka_unit_test(finds_the_responsible_frame),
        cmocka_unit_test(rolls_sites_up_by_line),         cmocka_unit_test(an_abort_of_the_library_is_a_signal),
        cmocka_unit_test(sums_lines_without_overflow),    cmocka_unit_test(makes_names_harmless),
        cmocka_unit_test(chains_fit_their_column),        cmocka_unit_test(a_journal_that_claims_too_much_is_refused),
    };

    return cmocka_run_group_tests_name("report_profile", tests, NULL, NULL);
}
