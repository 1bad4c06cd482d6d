/* SPDX-License-Identifier: MIT */
/* The first screen, to the letter, and what keeps every screen readable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "load_profile.h"
#include "profile/labels.h"
#include "sources/sizes.h"
#include "voices/write_text.h"

/* clang-format off */
static const char etl_screen[] =
    "lastwords: python3 transform.py orders.csv (pid 4711) was about to be OOM-killed\n"
    "  limit      512 MiB   cgroup /batch/etl (v2)     used 505 MiB, reclaimable 3 MiB, headroom 10 MiB (2 %)\n"
    "  growth     +38 MiB/s over the last 4.8 s, steady climb; at this rate the limit comes in 0.3 s\n"
    "  pressure   some 18.4 %  full 11.0 % (10 s)\n"
    "  cause      one line: 70 % of all resident memory grew at transform.py:6 load() → pandas read_csv\n"
    "  ended      by lastwords (action=abort) with 98.0 % of the limit used; this report was complete 12 ms after the\n"
    "             margin was reached\n"
    "\n"
    "      resident    committed       growth   where\n"
    "     352.1 MiB    410.0 MiB    +31 MiB/s   transform.py:6 load → pandas/io/parsers/readers.py:912 read_csv → …\n"
    "      61.0 MiB     61.0 MiB           +0   transform.py:8 enrich → pandas/core/reshape/merge.py:107 merge\n"
    "\n"
    "  explained  99.0 % of 489 MiB anonymous; interpreter and libraries 31 MiB; lastwords itself 5 MiB; allocator slack\n"
    "             4 MiB\n"
    "  touched    what transform.py:6 load() reserved was first used at transform.py:8 enrich() (100 % of what was seen)\n"
    "  input      orders.csv 143 MiB is open: resident is 3.5 times its size\n"
    "  quick fix  a limit of at least 640 MiB gets it further; how much it needs in all is not known, it was still\n"
    "             growing by +38 MiB/s\n"
    "  proper fix transform.py:6 load(): read_csv with usecols= for the columns that are needed, dtype= (category for\n"
    "             repeated text, int32/float32 for numbers), or chunksize= to work piece by piece\n"
    "  proper fix transform.py:8 enrich(): merge fewer columns (select before the merge), make the keys category or\n"
    "             integer, check for duplicate keys (validate=), merge piece by piece\n"
    "  full report: lastwords report etl.lw --html\n";

static const char leak_screen[] =
    "lastwords: ./leak --fast (pid 4711) was OOM-killed\n"
    "  limit      256 MiB   cgroup /lastwords-4700 (v1) used 255 MiB, reclaimable 0, headroom 1 MiB (0.4 %)\n"
    "  growth     +44 MiB/s over the last 4.8 s, steady climb\n"
    "  cause      one site: 76 % of all resident memory grew at remember() in leak\n"
    "\n"
    "      resident    committed       growth   where\n"
    "     190.0 MiB    190.0 MiB    +40 MiB/s   remember (leak)\n"
    "      12.0 MiB     12.0 MiB           +0   churn (leak)\n"
    "\n"
    "  explained  98.8 % of 248 MiB anonymous; lastwords itself 5 MiB\n"
    "  quick fix  a limit of at least 320 MiB gets it further; how much it needs in all is not known, it was still\n"
    "             growing by +44 MiB/s\n"
    "  proper fix remember() in leak: 100 allocations are alive; free them, or bound what keeps them\n"
    "  full report: lastwords report leak.lw --html\n";

static const char calm_screen[] =
    "lastwords: python3 transform.py orders.csv (pid 4711) was killed by SIGKILL, and not for memory\n"
    "  limit      4 GiB     cgroup /batch/etl (v2)     used 120 MiB, reclaimable 0, headroom 3976 MiB (97 %)\n"
    "  growth     +0 over the last 4.8 s\n"
    "  cause      not memory: somebody sent SIGKILL, the OOM killer's counter stood still; headroom was 3976 MiB\n"
    "\n"
    "      resident    committed       growth   where\n"
    "      70.0 MiB     70.0 MiB           +0   transform.py:3 <module>\n"
    "\n"
    "  explained  99.0 % of 100 MiB anonymous\n"
    "  proper fix ask who sends signals here: a scheduler's time limit, a supervisor, an operator\n"
    "  full report: lastwords report calm.lw --html\n";

static const char sibling_screen[] =
    "lastwords: python3 transform.py orders.csv (pid 4711) was OOM-killed\n"
    "  limit      1 GiB     cgroup /batch/etl (v2)     used 1020 MiB, reclaimable 2 MiB, headroom 6 MiB (0.6 %)\n"
    "  growth     +0 over the last 4.8 s\n"
    "  cause      not this process: 908 MiB of 1018 MiB at /batch/etl belong to other processes of the same cgroup; this\n"
    "             process holds 110 MiB and grew by 0\n"
    "\n"
    "      resident    committed       growth   where\n"
    "      70.0 MiB     70.0 MiB           +0   transform.py:3 <module>\n"
    "\n"
    "  explained  99.0 % of 100 MiB anonymous\n"
    "  proper fix look at the other processes of /batch/etl; preload lastwords into them too, or give this process a\n"
    "             cgroup of its own: lastwords run --limit SIZE -- COMMAND\n"
    "  full report: lastwords report sibling.lw --html\n";

/* clang-format on */

static char *written(struct make_journal *made, const char *name, bool full)
{
    struct profile *profile = load_made(made, name);
    struct text_options options = {.lines = TEXT_DEFAULT_LINES, .full = full};
    struct problem problem;
    struct story story;
    struct sink sink;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    story_tell(&profile, 1, &story);
    sink_over(&sink, stream, "memory");
    write_text(&sink, &story, &options);
    assert_int_equal(sink_close(&sink, &problem), 0);
    fclose(stream);
    profile_free(profile);
    return text;
}

static void expect(struct make_journal *made, const char *name, const char *screen)
{
    char *text = written(made, name, false);

    assert_string_equal(text, screen);
    free(text);
}

static void shows_the_etl(void **unused)
{
    expect(make_etl(), "etl.lw", etl_screen);
}

static void shows_the_leak(void **unused)
{
    expect(make_leak(), "leak.lw", leak_screen);
}

static void shows_that_it_was_not_memory(void **unused)
{
    expect(make_calm(), "calm.lw", calm_screen);
}

static void shows_the_innocent(void **unused)
{
    expect(make_sibling(), "sibling.lw", sibling_screen);
}

static void stays_within_the_width(void **unused)
{
    struct make_journal *(*const makes[])(void) = {make_etl, make_leak, make_calm, make_sibling};

    for (size_t i = 0; i < 4; i++) {
        char *text = written(makes[i](), "a.lw", true), *save = NULL;
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
            assert_true(label_columns(line) <= 120);
            assert_true(line[strlen(line) - 1] != ' ');
        }
        free(text);
    }
}

static void lets_no_control_character_through(void **unused)
{
    struct make_journal *made = make_etl();

    make_command(made,
                 (const char *const[]){"\033[2J", "\r\n\xc2\x9b"
                                                  "31m"},
                 2);
    make_event(made, 1, LW_EVENT_DEGRADED, 0, "\033]0;title\007");
    make_capability(made, "\033", true, "\b\b");
    snprintf(make_state(made)->levels[0].path, 256, "/\033c\xe2\x80\xae");
    char *text = written(made, "a.lw", true);
    for (const char *c = text; *c; c++)
        assert_true((unsigned char)*c >= 0x20 || *c == '\n');
    assert_null(strstr(text, "\xc2\x9b"));
    assert_null(strstr(text, "\xe2\x80\xae"));
    free(text);
}

static void says_sizes_as_people_do(void **unused)
{
    static const struct {
        uint64_t bytes;
        const char *table, *prose;
    } rows[] = {
        {0, "0.0 MiB", "0"},
        {1, "0.0 MiB", "1 byte"},
        {17, "0.0 MiB", "17 bytes"},
        {640 << 10, "0.6 MiB", "640 KiB"},
        {MAKE_MIB * 512, "512.0 MiB", "512 MiB"},
        {MAKE_MIB * 102 / 10, "10.2 MiB", "10.2 MiB"},
        {MAKE_MIB * 3987, "3987.0 MiB", "3987 MiB"},
        {MAKE_MIB * 4096, "4096.0 MiB", "4 GiB"},
        {MAKE_MIB * 12800, "12.5 GiB", "12.5 GiB"},
        {UINT64_MAX, "16777216.0 TiB", "16777216 TiB"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(size_table(rows[i].bytes).text, rows[i].table);
        assert_string_equal(size_prose(rows[i].bytes).text, rows[i].prose);
    }
    assert_string_equal(size_rate(31 * (int64_t)MAKE_MIB).text, "+31 MiB/s");
    assert_string_equal(size_rate(-(int64_t)MAKE_MIB * 5 / 2).text, "-2.5 MiB/s");
    assert_string_equal(size_rate(100).text, "+0");
    assert_string_equal(size_rate(INT64_MIN).text, "-8589934592 GiB/s");
    assert_string_equal(size_duration(300).text, "0.3 s");
    assert_string_equal(size_duration(UINT64_MAX).text, "213503982335 days");
}

static void reads_sizes_that_people_type(void **unused)
{
    static const struct {
        const char *text;
        uint64_t bytes; /* 0: refused */
    } rows[] = {
        {"512M", MAKE_MIB * 512},
        {"2G", MAKE_MIB * 2048},
        {"1.5g", MAKE_MIB * 1536},
        {"300MiB", MAKE_MIB * 300},
        {"64kb", 65536},
        {"4096", 4096},
        {"1T", MAKE_MIB << 20},
        {"", 0},
        {"M", 0},
        {"-1M", 0},
        {"0", 0},
        {"12X", 0},
        {"1e30", 0},
        {"12 M", 0},
        {"nan", 0},
        {"0x10", 0},
        {"99999999999T", 0},
        {"1iB", 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t bytes = 0;
        bool good = size_parse(rows[i].text, &bytes);
        if (good != (rows[i].bytes > 0) || bytes != rows[i].bytes)
            fail_msg("'%s' became %llu", rows[i].text, (unsigned long long)bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_etl),
        cmocka_unit_test(shows_the_leak),
        cmocka_unit_test(shows_that_it_was_not_memory),
        cmocka_unit_test(shows_the_innocent),
        cmocka_unit_test(stays_within_the_width),
        cmocka_unit_test(lets_no_control_character_through),
        cmocka_unit_test(says_sizes_as_people_do),
        cmocka_unit_test(reads_sizes_that_people_type),
    };

    return cmocka_run_group_tests_name("report_text", tests, NULL, NULL);
}
