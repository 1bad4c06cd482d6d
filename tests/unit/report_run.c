/* SPDX-License-Identifier: MIT */
/* The command line of run, the environment it becomes, and where a process stands among the cgroups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "commands/run_options.h"
#include "sources/cgroup_tree.h"

#define MAX_WORDS 8

static const struct {
    const char *words[MAX_WORDS];
    const char *problem; /* a part of it; NULL: good */
    const char *environment;
    uint64_t limit_bytes;
    const char *command;
} rows[] = {
    {{"run", "--", "x"}, NULL, "", 0, "x"},
    {{"run", "x", "--limit", "3"}, NULL, "", 0, "x"},
    {{"run", "--limit", "300M", "--", "x"}, NULL, "", 300 << 20, "x"},
    {{"run", "--limit=1k", "--action=abort", "x"}, NULL, "action=abort", 1024, "x"},
    {{"run", "--action", "abort", "--margin", "5%", "--", "x"}, NULL, "action=abort:margin=5%", 0, "x"},
    {{"run", "--dir=/a:b", "x"}, NULL, "dir=\"/a:b\"", 0, "x"},
    {{"run", "--termination_log=off", "x"}, NULL, "termination_log=off", 0, "x"},
    {{"run", "--dir=a\"b", "x"}, "double quote", NULL, 0, NULL},
    {{"run", "--marjin=3", "x"}, "--margin", NULL, 0, NULL},
    {{"run", "--limt", "3", "x"}, "--limit", NULL, 0, NULL},
    {{"run", "-x", "y"}, "no such option", NULL, 0, NULL},
    {{"run", "--limit", "lots", "x"}, "not a size", NULL, 0, NULL},
    {{"run", "--limit"}, "wants a value", NULL, 0, NULL},
    {{"run", "--action", "--", "x"}, "wants a value", NULL, 0, NULL},
    {{"run"}, "no command", NULL, 0, NULL},
    {{"run", "--"}, "no command", NULL, 0, NULL},
};

static void reads_the_command_line(void **unused)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *argv[MAX_WORDS + 1] = {NULL}, environment[256];
        int argc = 0;
        struct run_options options;
        struct problem problem = {""};
        for (; argc < MAX_WORDS && rows[i].words[argc]; argc++)
            argv[argc] = (char *)rows[i].words[argc];
        bool good = run_options_parse(argc, argv, &options, &problem);
        if (good != (rows[i].problem == NULL) || (!good && !strstr(problem.text, rows[i].problem)))
            fail_msg("row %zu: %s", i, problem.text);
        if (!good)
            continue;
        assert_true(run_options_environment(&options, NULL, false, environment, sizeof(environment)));
        assert_string_equal(environment, rows[i].environment);
        assert_int_equal(options.limit_bytes, rows[i].limit_bytes);
        assert_string_equal(options.command[0], rows[i].command);
    }
}

static void options_win_over_what_is_inherited(void **unused)
{
    char *argv[] = {"run", "--limit", "2G", "--action=abort", "--dir=/b:c", "x", NULL}, text[256], value[64];
    struct run_options options;
    struct problem problem;

    assert_true(run_options_parse(6, argv, &options, &problem));
    assert_true(run_options_environment(&options, "action=report:dir=/a", true, text, sizeof(text)));
    assert_string_equal(text, "action=report:dir=/a:action=abort:dir=\"/b:c\":limit=2G");
    assert_false(run_options_environment(&options, "action=report:dir=/a", true, text, 30));
    run_options_effective(&options, "dir=/a:keep=always", "dir", value, sizeof(value));
    assert_string_equal(value, "/b:c");
    run_options_effective(&options, "dir=\"/a:keep=no\":keep=auto:keep=always", "keep", value, sizeof(value));
    assert_string_equal(value, "always");
    run_options_effective(&options, "x:=:keep", "warn", value, sizeof(value));
    assert_string_equal(value, "");
}

static const char v1_mounts[] = "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
                                "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
                                "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
                                "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

static void finds_its_place_on_a_hybrid_host(void **unused)
{
    static struct cgroup_place place;

    assert_true(cgroup_place_parse(v1_mounts, "4:memory:/a/b\n1:cpu:/\n0::/u\n", &place));
    assert_int_equal(place.version, CGROUP_V1);
    assert_string_equal(place.directory, "/sys/fs/cgroup/memory/a/b");
    assert_string_equal(place.path, "/a/b");
    assert_true(place.has_unified);
    assert_string_equal(place.unified_directory, "/sys/fs/cgroup/unified/u");
}

static void finds_its_place_in_a_container(void **unused)
{
    static struct cgroup_place place;

    assert_true(cgroup_place_parse("1 2 0:3 /docker/abc /sys/fs/cgroup\\040x ro - cgroup2 cgroup rw,nsdelegate\n",
                                   "0::/docker/abc/child\n", &place));
    assert_int_equal(place.version, CGROUP_V2);
    assert_string_equal(place.directory, "/sys/fs/cgroup x/child");
    assert_false(place.has_unified);
    assert_true(cgroup_place_parse("1 2 0:3 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n", "0::/../other\n", &place));
    assert_string_equal(place.directory, "/sys/fs/cgroup");
}

static void finds_nothing_in_nonsense(void **unused)
{
    static struct cgroup_place place;

    assert_false(cgroup_place_parse("", "", &place));
    assert_false(cgroup_place_parse("- - - -\nx\n\n1 2 3 4 5 6 - cgroup", ":::\n::\n", &place));
    assert_false(cgroup_place_parse(v1_mounts, "", &place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_command_line),           cmocka_unit_test(options_win_over_what_is_inherited),
        cmocka_unit_test(finds_its_place_on_a_hybrid_host), cmocka_unit_test(finds_its_place_in_a_container),
        cmocka_unit_test(finds_nothing_in_nonsense),
    };

    return cmocka_run_group_tests_name("report_run", tests, NULL, NULL);
}
