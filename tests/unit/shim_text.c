/* SPDX-License-Identifier: MIT */
/* text: every formatter and parser by table, the edges of 64 bits included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ground/text.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KIB          UINT64_C(1024)
#define MIB          (1024 * KIB)
#define GIB          (1024 * MIB)
#define TIB          (1024 * GIB)

static void numbers(void **unused)
{
    char buffer[256];
    struct text text = TEXT_ON(buffer);
    text_u64(&text, 0);
    text_char(&text, ' ');
    text_u64(&text, UINT64_MAX);
    text_char(&text, ' ');
    text_i64(&text, INT64_MIN);
    text_char(&text, ' ');
    text_i64(&text, INT64_MAX);
    text_char(&text, ' ');
    text_i64(&text, -7);
    text_char(&text, ' ');
    text_hex(&text, 0);
    text_char(&text, ' ');
    text_hex(&text, UINT64_C(0xFEDCBA9876543210));
    text_char(&text, ' ');
    text_fixed1(&text, 184);
    text_char(&text, ' ');
    text_fixed1(&text, 5);
    assert_string_equal(buffer, "0 18446744073709551615 -9223372036854775808 9223372036854775807 -7 0x0 "
                                "0xfedcba9876543210 18.4 0.5");
    assert_int_equal(text.length, strlen(buffer));
    assert_false(text.cut);
}

static void sizes(void **unused)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } rows[] = {
        {0, "0.0 KiB"},
        {1, "0.0 KiB"},
        {102, "0.0 KiB"},
        {103, "0.1 KiB"},
        {1023, "0.9 KiB"},
        {KIB, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {MIB - 1, "1023.9 KiB"},
        {MIB, "1.0 MiB"},
        {352 * MIB + 104858, "352.1 MiB"},
        {352 * MIB + 104857, "352.0 MiB"},
        {GIB - 1, "1023.9 MiB"},
        {2 * GIB, "2.0 GiB"},
        {TIB - 1, "1023.9 GiB"},
        {TIB, "1.0 TiB"},
        {5000 * TIB, "5000.0 TiB"},
        {UINT64_MAX, "16777215.9 TiB"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char buffer[32];
        struct text text = TEXT_ON(buffer);
        text_size(&text, rows[i].bytes);
        assert_string_equal(buffer, rows[i].text);
    }
}

static void rates(void **unused)
{
    static const struct {
        int64_t rate;
        const char *text;
    } rows[] = {
        {0, "+0"},
        {1023, "+0"},
        {-1023, "-0"},
        {1024, "+1.0 KiB/s"},
        {-1024, "-1.0 KiB/s"},
        {38 << 20, "+38.0 MiB/s"},
        {-(INT64_C(3) << 29), "-1.5 GiB/s"},
        {INT64_MIN, "-8388608.0 TiB/s"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char buffer[32];
        struct text text = TEXT_ON(buffer);
        text_rate(&text, rows[i].rate);
        assert_string_equal(buffer, rows[i].text);
    }
}

static void what_does_not_fit_is_cut(void **unused)
{
    char buffer[9] = "xxxxxxxx";
    struct text text = {.buffer = buffer, .capacity = 8};
    text_add(&text, "abcdefg");
    assert_false(text.cut);
    assert_int_equal(text.length, 7);
    text_add(&text, "");
    assert_false(text.cut);
    text_char(&text, 'h');
    assert_true(text.cut);
    text_u64(&text, 12345);
    text_size(&text, MIB);
    assert_string_equal(buffer, "abcdefg");
    assert_int_equal(text.length, 7);
    assert_int_equal(buffer[8], '\0');

    char small[4];
    struct text partial = TEXT_ON(small);
    text_u64(&partial, 12345);
    assert_string_equal(small, "123");
    assert_true(partial.cut);
}

static void pads_by_columns_of_the_last_line(void **unused)
{
    char buffer[64];
    struct text text = TEXT_ON(buffer);
    text_add(&text, "a long first line\nf\xc3\xbcr");
    text_pad(&text, 6);
    text_char(&text, '|');
    assert_string_equal(buffer, "a long first line\nf\xc3\xbcr   |");
    text_pad(&text, 3);
    text_char(&text, '|');
    assert_string_equal(buffer, "a long first line\nf\xc3\xbcr   ||");
    assert_int_equal(text_columns("\xe2\x82\xac 5", 5), 3);
    assert_int_equal(text_columns("", 0), 0);
}

static void copies_and_compares(void **unused)
{
    char buffer[5];
    assert_int_equal(text_copy(buffer, sizeof buffer, "abcd"), 4);
    assert_string_equal(buffer, "abcd");
    assert_int_equal(text_copy(buffer, sizeof buffer, "abcdefgh"), 4);
    assert_string_equal(buffer, "abcd");
    assert_int_equal(text_copy(buffer, sizeof buffer, ""), 0);
    assert_string_equal(buffer, "");
    assert_true(text_equal("a", "a"));
    assert_false(text_equal("a", "ab"));
    assert_true(text_starts("abc", "ab"));
    assert_true(text_starts("abc", ""));
    assert_false(text_starts("ab", "abc"));
    const char *hay = "one two";
    assert_ptr_equal(text_find(hay, "two"), hay + 4);
    assert_null(text_find(hay, "three"));
}

static void matches_patterns(void **unused)
{
    static const struct {
        const char *pattern, *string;
        bool match;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "anything", true},
        {"**", "x", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"python3", "python3", true},
        {"python3", "python3.11", false},
        {"python*", "python3.11", true},
        {"*.py", "train.py", true},
        {"*.py", "train.pyc", false},
        {"*a*b", "xaxxab", true},
        {"*a*b", "xaxxba", false},
        {"a*b*c", "abbbc", true},
        {"a*b*c", "acb", false},
        {"py??on", "python", true},
        {"py??on", "pyhon", false},
        {"*aab", "aaaaab", true},
        {"a*", "b", false},
        {"a?*", "a", false},
        {"a?*", "ab", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (text_match(rows[i].pattern, rows[i].string) != rows[i].match)
            fail_msg("'%s' on '%s'", rows[i].pattern, rows[i].string);
}

static void parses_digits(void **unused)
{
    static const struct {
        const char *string;
        bool good;
        uint64_t value;
        size_t used;
    } rows[] = {
        {"0", true, 0, 1},
        {"42 rest", true, 42, 2},
        {"007", true, 7, 3},
        {"18446744073709551615", true, UINT64_MAX, 20},
        {"18446744073709551616", true, UINT64_MAX, 20},
        {"99999999999999999999999x", true, UINT64_MAX, 23},
        {"", false, 9, 0},
        {"-1", false, 9, 0},
        {" 1", false, 9, 0},
        {"max", false, 9, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *cursor = rows[i].string;
        uint64_t value = 9;
        assert_int_equal(text_parse_u64(&cursor, &value), rows[i].good);
        assert_int_equal(value, rows[i].value);
        assert_int_equal(cursor - rows[i].string, rows[i].used);
    }
}

static void parses_sizes(void **unused)
{
    static const struct {
        const char *string;
        uint64_t bytes;
    } rows[] = {
        {"0", 0},
        {"512", 512},
        {"512b", 512},
        {"512B", 512},
        {"64K", 64 * KIB},
        {"64k", 64 * KIB},
        {"64KB", 64 * KIB},
        {"64KiB", 64 * KIB},
        {"64ki", 64 * KIB},
        {"10M", 10 * MIB},
        {"1.5G", 1536 * MIB},
        {"0.5K", 512},
        {"1.999999K", 2047},
        {"2T", 2 * TIB},
        {"1.0", 1},
        {"16777215T", UINT64_C(16777215) << 40},
        {"16777215.999999T", (UINT64_C(16777215) << 40) + (UINT64_C(999999) << 40) / 1000000},
        {"18446744073709551614", UINT64_MAX - 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t bytes = 9;
        if (!text_parse_size(rows[i].string, &bytes))
            fail_msg("'%s' is a size", rows[i].string);
        assert_int_equal(bytes, rows[i].bytes);
    }
}

static void refuses_what_is_no_size(void **unused)
{
    static const char *const rows[] = {
        "",
        "K",
        "-1",
        "+1",
        " 1",
        "1 ",
        "1 K",
        "1KK",
        "1X",
        "1E",
        "1.",
        "1.K",
        ".5K",
        "1.5",
        "1.1234567K",
        "1.5.5K",
        "0x10",
        "1Kx",
        "16777216T",
        "17179869184G",
        "18014398509481984K",
        "99999999999999999999T",
        "18446744073709551616",
        "99999999999999999999",
        "1ib",
        "max",
        "auto",
        "5%",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t bytes = 9;
        if (text_parse_size(rows[i], &bytes))
            fail_msg("'%s' was taken for %llu", rows[i], (unsigned long long)bytes);
        assert_int_equal(bytes, 9);
    }
}

static void finds_rows(void **unused)
{
    static const char table[] = "MemTotal:       16316412 kB\n"
                                "MemFree:\t 123 kB\n"
                                "anon_thp 1\n"
                                "anon 2048\n"
                                "empty\n"
                                "limit max\n"
                                "last 7";
    static const struct {
        const char *name;
        bool good;
        uint64_t value;
    } rows[] = {
        {"MemTotal", true, 16316412}, {"MemFree", true, 123}, {"anon", true, 2048},
        {"anon_thp", true, 1},        {"last", true, 7},      {"Mem", false, 9},
        {"otal", false, 9},           {"empty", false, 9},    {"limit", false, 9},
        {"none", false, 9},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t value = 9;
        assert_int_equal(text_row(table, rows[i].name, &value), rows[i].good);
        assert_int_equal(value, rows[i].value);
    }
    uint64_t value = 9;
    assert_false(text_row("", "anon", &value));
    assert_true(text_row("\n\nanon 5\n", "anon", &value));
    assert_int_equal(value, 5);
}

static void hashes_every_byte(void **unused)
{
    assert_int_equal(text_hash("abc", 3), text_hash("abcd", 3));
    assert_int_not_equal(text_hash("abc", 3), text_hash("abd", 3));
    assert_int_not_equal(text_hash("abc", 3), text_hash("abc", 2));
    assert_int_not_equal(text_hash("abc", 3), text_hash("acb", 3));
    assert_int_not_equal(text_hash("\0", 1), text_hash("\0\0", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(sizes),
        cmocka_unit_test(rates),
        cmocka_unit_test(what_does_not_fit_is_cut),
        cmocka_unit_test(pads_by_columns_of_the_last_line),
        cmocka_unit_test(copies_and_compares),
        cmocka_unit_test(matches_patterns),
        cmocka_unit_test(parses_digits),
        cmocka_unit_test(parses_sizes),
        cmocka_unit_test(refuses_what_is_no_size),
        cmocka_unit_test(finds_rows),
        cmocka_unit_test(hashes_every_byte),
    };
    return cmocka_run_group_tests_name("shim_text", tests, NULL, NULL);
}
