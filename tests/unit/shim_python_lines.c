/* SPDX-License-Identifier: MIT */
/* python_lines: tables that real interpreters made, at every position; cut and garbled ones stay in bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "observe/python_lines.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

struct python_table {
    const char *name;
    enum python_line_table format;
    int32_t first;
    const unsigned char *table;
    size_t bytes;
    const int32_t (*lines)[2]; /* position, line from there on; the last one is the end of the code */
    size_t line_count;
};

#include "tests/data/python_lines_310.h"
#include "tests/data/python_lines_311.h"
#include "tests/data/python_lines_312.h"
#include "tests/data/python_lines_313.h"
#include "tests/data/python_lines_314.h"
#include "tests/data/python_lines_38.h"
#include "tests/data/python_lines_39.h"

static const struct {
    const struct python_table *tables;
    size_t count;
} versions[] = {
    {python_38_tables, COUNT(python_38_tables)},   {python_39_tables, COUNT(python_39_tables)},
    {python_310_tables, COUNT(python_310_tables)}, {python_311_tables, COUNT(python_311_tables)},
    {python_312_tables, COUNT(python_312_tables)}, {python_313_tables, COUNT(python_313_tables)},
    {python_314_tables, COUNT(python_314_tables)},
};

static void for_each_table(void (*look)(const struct python_table *table))
{
    for (size_t v = 0; v < COUNT(versions); v++)
        for (size_t i = 0; i < versions[v].count; i++)
            look(&versions[v].tables[i]);
}

static void check_every_position(const struct python_table *table)
{
    for (size_t run = 0; run + 1 < table->line_count; run++)
        for (int32_t position = table->lines[run][0]; position < table->lines[run + 1][0]; position++) {
            int32_t line = python_line(table->format, table->table, table->bytes, table->first, position);
            if (line != table->lines[run][1])
                fail_msg("%s, position %d: line %d instead of %d", table->name, position, line, table->lines[run][1]);
        }
}

static void agrees_with_the_interpreters(void **unused)
{
    for_each_table(check_every_position);
}

static uint32_t positions, without_line, backwards, far_forward;

static void count_kinds(const struct python_table *table)
{
    for (size_t run = 0; run + 1 < table->line_count; run++) {
        int32_t line = table->lines[run][1], next = table->lines[run + 1][1];
        positions++;
        without_line += line == -1;
        backwards += line != -1 && next != -1 && next < line;
        far_forward += line != -1 && next > line + 255;
    }
}

/* The samples would be worth little if they held nothing but small steps forward. */
static void the_samples_hold_the_hard_cases(void **unused)
{
    for_each_table(count_kinds);
    assert_true(positions > 500);
    assert_true(without_line >= 10);
    assert_true(backwards >= 60);
    assert_true(far_forward >= 12);
}

static void by_hand(void **unused)
{
    static const struct {
        enum python_line_table format;
        unsigned char table[12];
        size_t bytes;
        int32_t first, position, line;
    } rows[] = {
        {PYTHON_LNOTAB, {0}, 0, 7, 0, 7},
        {PYTHON_LNOTAB, {0}, 0, 7, 500, 7},
        {PYTHON_LNOTAB, {4, 1, 6, 2}, 4, 10, 3, 10},
        {PYTHON_LNOTAB, {4, 1, 6, 2}, 4, 10, 4, 11},
        {PYTHON_LNOTAB, {4, 1, 6, 2}, 4, 10, 9, 11},
        {PYTHON_LNOTAB, {4, 1, 6, 2}, 4, 10, 10, 13},
        {PYTHON_LNOTAB, {4, 1, 6, 0xFE}, 4, 10, 10, 9},          /* backwards */
        {PYTHON_LNOTAB, {4, 127, 0, 127, 0, 46}, 6, 10, 4, 310}, /* a step of 300 lines */
        {PYTHON_LNOTAB, {255, 0, 45, 1}, 4, 10, 299, 10},        /* a step of 300 bytes */
        {PYTHON_LNOTAB, {255, 0, 45, 1}, 4, 10, 300, 11},
        {PYTHON_LNOTAB, {4, 1, 6}, 3, 10, 100, 11}, /* half a pair is none */
        {PYTHON_LINETABLE_310, {0}, 0, 7, 0, -1},
        {PYTHON_LINETABLE_310, {4, 0, 6, 2}, 4, 10, 3, 10},
        {PYTHON_LINETABLE_310, {4, 0, 6, 2}, 4, 10, 4, 12},
        {PYTHON_LINETABLE_310, {4, 0, 6, 2}, 4, 10, 10, -1},   /* behind the end */
        {PYTHON_LINETABLE_310, {4, 0x80, 6, 2}, 4, 10, 0, -1}, /* no line */
        {PYTHON_LINETABLE_310, {4, 0x80, 6, 2}, 4, 10, 4, 12}, /* and no step either */
        {PYTHON_LINETABLE_310, {0, 127, 0, 127, 4, 46}, 6, 10, 0, 310},
        {PYTHON_LINETABLE_310, {4, 0x81, 6, 2}, 4, 200, 0, 73}, /* -127 is a step */
        {PYTHON_LOCATIONS_311, {0}, 0, 7, 0, -1},
        {PYTHON_LOCATIONS_311, {0x80, 0x12}, 2, 10, 1, 10}, /* short form 0, one unit */
        {PYTHON_LOCATIONS_311, {0x80, 0x12}, 2, 10, 2, -1},
        {PYTHON_LOCATIONS_311, {0x80 | 11 << 3 | 7, 1, 2}, 3, 10, 15, 11},
        {PYTHON_LOCATIONS_311, {0x80 | 12 << 3, 1, 2}, 3, 10, 0, 12},
        {PYTHON_LOCATIONS_311, {0x80 | 13 << 3, 5}, 2, 10, 0, 8}, /* zigzag: -2 */
        {PYTHON_LOCATIONS_311, {0x80 | 13 << 3, 0x40 | 8, 10}, 3, 10, 0, 10 + (8 + 640) / 2},
        {PYTHON_LOCATIONS_311, {0x80 | 14 << 3, 4, 0, 1, 1, 0x80, 0}, 7, 10, 2, 12},
        {PYTHON_LOCATIONS_311, {0x80 | 14 << 3, 4, 0, 0x41, 3, 1, 0x80, 0}, 8, 10, 2, 12},
        {PYTHON_LOCATIONS_311, {0x80 | 15 << 3, 0x80, 0}, 3, 10, 0, -1}, /* no line, and no step */
        {PYTHON_LOCATIONS_311, {0x80 | 15 << 3, 0x80, 0}, 3, 10, 2, 10},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int32_t line = python_line(rows[i].format, rows[i].table, rows[i].bytes, rows[i].first, rows[i].position);
        if (line != rows[i].line)
            fail_msg("row %zu: line %d instead of %d", i, line, rows[i].line);
    }
}

static void ask_everywhere(enum python_line_table format, const unsigned char *table, size_t bytes)
{
    unsigned char *exact = malloc(bytes ? bytes : 1); /* an address sanitizer sees each byte beyond */
    assert_non_null(exact);
    memcpy(exact, table, bytes);
    for (int32_t position = -2; position < 300; position += 2)
        python_line(format, exact, bytes, 10, position);
    python_line(format, exact, bytes, 10, INT32_MAX);
    free(exact);
}

/* What a cut table still says is what the whole one says, or nothing. */
static void cut_everywhere(const struct python_table *table)
{
    for (size_t bytes = 0; bytes < table->bytes; bytes++) {
        ask_everywhere(table->format, table->table, bytes);
        if (table->format == PYTHON_LNOTAB)
            continue; /* its last line goes on for ever */
        int32_t position = table->lines[0][0];
        int32_t line = python_line(table->format, table->table, bytes, table->first, position);
        assert_true(line == -1 || line == table->lines[0][1]);
    }
}

static void cut_tables_stay_in_bounds(void **unused)
{
    for_each_table(cut_everywhere);
}

static void garbled_tables_stay_in_bounds(void **unused)
{
    uint64_t state = 7;
    for (int i = 0; i < 20000; i++) {
        unsigned char table[24];
        for (size_t k = 0; k < sizeof table; k++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
            table[k] = (unsigned char)(state >> 40);
        }
        for (int format = PYTHON_LNOTAB; format <= PYTHON_LOCATIONS_311; format++)
            ask_everywhere((enum python_line_table)format, table, sizeof table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_interpreters),
        cmocka_unit_test(the_samples_hold_the_hard_cases),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(cut_tables_stay_in_bounds),
        cmocka_unit_test(garbled_tables_stay_in_bounds),
    };
    return cmocka_run_group_tests_name("shim_python_lines", tests, NULL, NULL);
}
