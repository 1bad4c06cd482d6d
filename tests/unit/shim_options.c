/* SPDX-License-Identifier: MIT */
/* options: every key with good and bad values, the complaints to the letter, quoting, overlong input, the defaults. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ground/options.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MIB          (UINT64_C(1) << 20)
#define TAIL         "; the job runs on with the default\n"

struct complaints {
    unsigned count;
    char last[600];
};

static void note(void *context, const char *line)
{
    struct complaints *complaints = context;
    complaints->count++;
    snprintf(complaints->last, sizeof complaints->last, "%s", line);
}

static struct complaints parse(struct options *options, const char *string)
{
    struct complaints complaints = {0};
    options_preset(options);
    options_parse(options, string, note, &complaints);
    return complaints;
}

static void defaults(void **unused)
{
    struct options options;
    memset(&options, 0xAA, sizeof options);
    options_preset(&options);
    assert_int_equal(options.action, 0);
    assert_int_equal(options.signal, SIGTERM);
    assert_true(options.margin.automatic);
    assert_false(options.warn.automatic);
    assert_int_equal(options.warn.permyriad, 1500);
    assert_int_equal(options.limit_bytes, 0);
    assert_int_equal(options.grace_s, 10);
    assert_int_equal(options.exit_code, OPTIONS_EXIT_ABRT);
    assert_int_equal(options.core, 0);
    assert_string_equal(options.dir, "");
    assert_int_equal(options.keep_always, 0);
    assert_true(options.sample.automatic);
    assert_int_equal(options.touch, 1);
    assert_int_equal(options.python, 1);
    assert_int_equal(options.jemalloc, 0);
    assert_int_equal(options.relief, 1);
    assert_int_equal(options.activate_bytes, 32 * MIB);
    assert_string_equal(options.only, "");
    assert_string_equal(options.skip, "");
    assert_int_equal(options.score, OPTIONS_UNSET);
    assert_string_equal(options.termination_log, "auto");
    assert_int_equal(options.verbose, 1);
    assert_int_equal(options.off, 0);
}

static void every_default_is_a_valid_value(void **unused)
{
    assert_int_equal(options_count, 22);
    for (size_t i = 0; i < options_count; i++) {
        char setting[128];
        struct options options, preset;
        if (!options_table[i].preset)
            continue;
        snprintf(setting, sizeof setting, "%s=%s", options_table[i].name, options_table[i].preset);
        options_preset(&preset);
        assert_int_equal(parse(&options, setting).count, 0);
        assert_memory_equal(&options, &preset, sizeof options);
    }
}

#define AT(field) offsetof(struct options, field)

static void numbers_and_words(void **unused)
{
    static const struct {
        const char *setting;
        size_t field;
        int64_t value;
    } rows[] = {
        {"action=report", AT(action), 0},
        {"action=abort", AT(action), 1},
        {"action=refuse", AT(action), 2},
        {"action=park", AT(action), 3},
        {"action=signal", AT(action), 4},
        {"signal=USR1", AT(signal), SIGUSR1},
        {"signal=SIGUSR2", AT(signal), SIGUSR2},
        {"signal=INT", AT(signal), SIGINT},
        {"signal=HUP", AT(signal), SIGHUP},
        {"signal=QUIT", AT(signal), SIGQUIT},
        {"signal=ABRT", AT(signal), SIGABRT},
        {"signal=ALRM", AT(signal), SIGALRM},
        {"signal=XCPU", AT(signal), SIGXCPU},
        {"signal=URG", AT(signal), SIGURG},
        {"signal=1", AT(signal), 1},
        {"signal=64", AT(signal), 64},
        {"grace=0", AT(grace_s), 0},
        {"grace=86400", AT(grace_s), 86400},
        {"exit=abrt", AT(exit_code), OPTIONS_EXIT_ABRT},
        {"exit=0", AT(exit_code), 0},
        {"exit=255", AT(exit_code), 255},
        {"core=1", AT(core), 1},
        {"keep=always", AT(keep_always), 1},
        {"keep=auto", AT(keep_always), 0},
        {"touch=off", AT(touch), 0},
        {"python=off", AT(python), 0},
        {"python=objects", AT(python), 2},
        {"allocator=jemalloc", AT(jemalloc), 1},
        {"allocator=keep", AT(jemalloc), 0},
        {"relief=off", AT(relief), 0},
        {"score=-1000", AT(score), -1000},
        {"score=1000", AT(score), 1000},
        {"score=-0", AT(score), 0},
        {"verbose=0", AT(verbose), 0},
        {"verbose=2", AT(verbose), 2},
        {"off=1", AT(off), 1},
        {"limit=2G", AT(limit_bytes), INT64_C(2) << 30},
        {"activate=0", AT(activate_bytes), 0},
        {"activate=1.5M", AT(activate_bytes), 3 << 19},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct options options, expected;
        options_preset(&expected);
        memcpy((char *)&expected + rows[i].field, &rows[i].value, sizeof rows[i].value);
        struct complaints complaints = parse(&options, rows[i].setting);
        if (complaints.count)
            fail_msg("%s: %s", rows[i].setting, complaints.last);
        if (memcmp(&options, &expected, sizeof options) != 0)
            fail_msg("%s has another effect", rows[i].setting);
    }
}

static void amounts(void **unused)
{
    static const struct {
        const char *value;
        struct amount amount;
    } rows[] = {
        {"auto", {.automatic = true}},  {"0", {.bytes = 0}},          {"16M", {.bytes = 16 * MIB}},
        {"100", {.bytes = 100}},        {"1.5K", {.bytes = 1536}},    {"1%", {.permyriad = 100}},
        {"100%", {.permyriad = 10000}}, {"2.5%", {.permyriad = 250}}, {"2.25%", {.permyriad = 225}},
        {"0.01%", {.permyriad = 1}},    {"0.1%", {.permyriad = 10}},
    };
    static const struct {
        const char *name;
        size_t field;
    } keys[] = {{"margin", AT(margin)}, {"warn", AT(warn)}, {"sample", AT(sample)}};
    for (size_t k = 0; k < COUNT(keys); k++)
        for (size_t i = 0; i < COUNT(rows); i++) {
            char setting[64];
            struct options options;
            snprintf(setting, sizeof setting, "%s=%s", keys[k].name, rows[i].value);
            assert_int_equal(parse(&options, setting).count, 0);
            const struct amount *amount = (const void *)((const char *)&options + keys[k].field);
            assert_int_equal(amount->automatic, rows[i].amount.automatic);
            assert_int_equal(amount->permyriad, rows[i].amount.permyriad);
            assert_int_equal(amount->bytes, rows[i].amount.bytes);
        }
}

static void shares_of_a_limit(void **unused)
{
    static const struct {
        struct amount amount;
        uint64_t limit, bytes;
    } rows[] = {
        {{.bytes = 5}, 1000, 5},
        {{.permyriad = 100}, 1000, 10},
        {{.permyriad = 1500}, 10001, 1500},
        {{.permyriad = 1}, 9999, 0},
        {{.permyriad = 1}, 10000, 1},
        {{.permyriad = 10000}, UINT64_MAX, UINT64_MAX},
        {{.permyriad = 5000}, UINT64_MAX, UINT64_MAX / 2},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(amount_of(&rows[i].amount, rows[i].limit), rows[i].bytes);
}

static void texts(void **unused)
{
    struct options options;
    assert_int_equal(parse(&options, "dir=/a b/c=d:only=python*,java:skip=sh:termination_log=/dev/x").count, 0);
    assert_string_equal(options.dir, "/a b/c=d");
    assert_string_equal(options.only, "python*,java");
    assert_string_equal(options.skip, "sh");
    assert_string_equal(options.termination_log, "/dev/x");
    assert_int_equal(parse(&options, "termination_log=").count, 0);
    assert_string_equal(options.termination_log, "");
}

static void a_quoted_value_may_hold_a_colon(void **unused)
{
    struct options options;
    assert_int_equal(parse(&options, "dir=\"/a:b\":verbose=2").count, 0);
    assert_string_equal(options.dir, "/a:b");
    assert_int_equal(options.verbose, 2);
    assert_int_equal(parse(&options, "\"dir=/x:y\"").count, 0);
    assert_string_equal(options.dir, "/x:y");
    assert_int_equal(parse(&options, "dir=/a\":\"b:core=1").count, 0);
    assert_string_equal(options.dir, "/a:b");
    assert_int_equal(options.core, 1);
    assert_int_equal(parse(&options, "dir=\"/open:core=1").count, 0);
    assert_string_equal(options.dir, "/open:core=1");
    assert_int_equal(options.core, 0);
}

static void empty_settings_are_nothing(void **unused)
{
    struct options options, preset;
    options_preset(&preset);
    static const char *const rows[] = {"", ":", "::::", "\"\"", ":\"\":"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(parse(&options, rows[i]).count, 0);
        assert_memory_equal(&options, &preset, sizeof options);
    }
    assert_int_equal(parse(&options, NULL).count, 0);
    assert_int_equal(parse(&options, ":core=1:").count, 0);
    assert_int_equal(options.core, 1);
}

static void the_last_valid_setting_wins(void **unused)
{
    struct options options;
    assert_int_equal(parse(&options, "core=1:core=0:grace=5:grace=x").count, 1);
    assert_int_equal(options.core, 0);
    assert_int_equal(options.grace_s, 5);
}

static void complaints_to_the_letter(void **unused)
{
#define AMOUNT ", valid are: bytes such as 16M, a share such as 2%, or auto" TAIL
#define SIZE   ", valid are: bytes such as 512M" TAIL
    static const struct {
        const char *setting, *line;
    } rows[] = {
        {"action=explode", "action=explode, valid are: report,abort,refuse,park,signal" TAIL},
        {"action=repor", "action=repor, valid are: report,abort,refuse,park,signal" TAIL},
        {"action=report,abort", "action=report,abort, valid are: report,abort,refuse,park,signal" TAIL},
        {"action=Report", "action=Report, valid are: report,abort,refuse,park,signal" TAIL},
        {"action=", "action=, valid are: report,abort,refuse,park,signal" TAIL},
        {"action", "action without a value, valid are: report,abort,refuse,park,signal" TAIL},
        {"signal=0", "signal=0, valid are: 1..64" TAIL},
        {"signal=65", "signal=65, valid are: 1..64" TAIL},
        {"signal=FOO", "signal=FOO, valid are: 1..64" TAIL},
        {"signal=SIG", "signal=SIG, valid are: 1..64" TAIL},
        {"margin=x", "margin=x" AMOUNT},
        {"margin=0%", "margin=0%" AMOUNT},
        {"margin=101%", "margin=101%" AMOUNT},
        {"margin=100.01%", "margin=100.01%" AMOUNT},
        {"margin=1.234%", "margin=1.234%" AMOUNT},
        {"margin=1.%", "margin=1.%" AMOUNT},
        {"margin=5%x", "margin=5%x" AMOUNT},
        {"margin=-5%", "margin=-5%" AMOUNT},
        {"margin=", "margin=" AMOUNT},
        {"warn=automatic", "warn=automatic" AMOUNT},
        {"sample=1Q", "sample=1Q" AMOUNT},
        {"limit=lots", "limit=lots" SIZE},
        {"limit=50%", "limit=50%" SIZE},
        {"limit=99999999999G", "limit=99999999999G" SIZE},
        {"activate=auto", "activate=auto" SIZE},
        {"grace=-1", "grace=-1, valid are: 0..86400" TAIL},
        {"grace=86401", "grace=86401, valid are: 0..86400" TAIL},
        {"grace=1s", "grace=1s, valid are: 0..86400" TAIL},
        {"exit=256", "exit=256, valid are: 0..255" TAIL},
        {"exit=-1", "exit=-1, valid are: 0..255" TAIL},
        {"exit=ABRT", "exit=ABRT, valid are: 0..255" TAIL},
        {"core=2", "core=2, valid are: 0..1" TAIL},
        {"core=+1", "core=+1, valid are: 0..1" TAIL},
        {"core=99999999999999999999", "core=99999999999999999999, valid are: 0..1" TAIL},
        {"keep=never", "keep=never, valid are: auto,always" TAIL},
        {"touch=on", "touch=on, valid are: off,auto" TAIL},
        {"python=yes", "python=yes, valid are: off,auto,objects" TAIL},
        {"allocator=tcmalloc", "allocator=tcmalloc, valid are: keep,jemalloc" TAIL},
        {"relief=1", "relief=1, valid are: off,on" TAIL},
        {"score=-1001", "score=-1001, valid are: -1000..1000" TAIL},
        {"score=--1", "score=--1, valid are: -1000..1000" TAIL},
        {"verbose=3", "verbose=3, valid are: 0..2" TAIL},
        {"off", "off without a value, valid are: 0..1" TAIL},
        {"dir", "dir without a value, valid are: at most 255 bytes" TAIL},
        {"marign=1%", "the unknown key 'marign' (did you mean 'margin'?)" TAIL},
        {"Core=1", "the unknown key 'Core' (did you mean 'core'?)" TAIL},
        {"activ=1M", "the unknown key 'activ' (did you mean 'action'?)" TAIL},
        {"terminationlog=x", "the unknown key 'terminationlog' (did you mean 'termination_log'?)" TAIL},
        {"pyton=off", "the unknown key 'pyton' (did you mean 'python'?)" TAIL},
        {"sampel", "the unknown key 'sampel' (did you mean 'sample'?)" TAIL},
        {"=5", "the unknown key '' (did you mean 'dir'?)" TAIL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char expected[300];
        struct options options, preset;
        options_preset(&preset);
        snprintf(expected, sizeof expected, "lastwords: LASTWORDS has %s", rows[i].line);
        struct complaints complaints = parse(&options, rows[i].setting);
        assert_int_equal(complaints.count, 1);
        assert_string_equal(complaints.last, expected);
        assert_memory_equal(&options, &preset, sizeof options);
    }
}

static void one_bad_setting_spoils_no_other(void **unused)
{
    struct options options;
    struct complaints complaints = parse(&options, "core=1:marign=1:grace=x:verbose=2");
    assert_int_equal(complaints.count, 2);
    assert_int_equal(options.core, 1);
    assert_int_equal(options.verbose, 2);
    assert_int_equal(options.grace_s, 10);
}

static void a_text_of_255_bytes_is_the_longest(void **unused)
{
    char setting[400] = "dir=";
    struct options options;
    memset(setting + 4, 'd', 255);
    assert_int_equal(parse(&options, setting).count, 0);
    assert_string_equal(options.dir, setting + 4);

    char expected[500];
    setting[4 + 255] = 'd';
    struct complaints complaints = parse(&options, setting);
    snprintf(expected, sizeof expected, "lastwords: LASTWORDS has %s, valid are: at most 255 bytes" TAIL, setting);
    assert_int_equal(complaints.count, 1);
    assert_string_equal(complaints.last, expected);
    assert_string_equal(options.dir, "");
}

static void an_overlong_setting_is_refused_and_the_next_one_read(void **unused)
{
    static const char *const keys[] = {"dir=", "termination_log=", "only=\":\"", ""};
    for (size_t i = 0; i < COUNT(keys); i++) {
        char setting[5000];
        struct options options;
        memset(setting, 'x', sizeof setting);
        memcpy(setting, keys[i], strlen(keys[i]));
        strcpy(setting + 4000, ":core=1");
        struct complaints complaints = parse(&options, setting);
        assert_int_equal(complaints.count, 1);
        assert_int_equal(options.core, 1);
        assert_string_equal(options.dir, "");
        assert_string_equal(options.only, "");
        assert_string_equal(options.termination_log, "auto");
        /* However long the setting was: a whole line, with its end. */
        assert_in_range(strlen(complaints.last), sizeof TAIL, 500);
        assert_string_equal(complaints.last + strlen(complaints.last) - strlen(TAIL), TAIL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(every_default_is_a_valid_value),
        cmocka_unit_test(numbers_and_words),
        cmocka_unit_test(amounts),
        cmocka_unit_test(shares_of_a_limit),
        cmocka_unit_test(texts),
        cmocka_unit_test(a_quoted_value_may_hold_a_colon),
        cmocka_unit_test(empty_settings_are_nothing),
        cmocka_unit_test(the_last_valid_setting_wins),
        cmocka_unit_test(complaints_to_the_letter),
        cmocka_unit_test(one_bad_setting_spoils_no_other),
        cmocka_unit_test(a_text_of_255_bytes_is_the_longest),
        cmocka_unit_test(an_overlong_setting_is_refused_and_the_next_one_read),
    };
    return cmocka_run_group_tests_name("shim_options", tests, NULL, NULL);
}
