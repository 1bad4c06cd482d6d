/* SPDX-License-Identifier: MIT */
/* touches: pairs of site and stack with their bytes; nothing lost with eight threads, overflow counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fresh_journal.h"
#include "store/touches.h"
#include "threads.h"

static struct lw_section *section(void)
{
    return journal_section(&journal, LW_SECTION_TOUCHES);
}

/* The one record of a pair; fails when there are two. */
static const struct lw_touch *record_of(uint32_t site, uint32_t node)
{
    const struct lw_touch *found = NULL;
    for (uint32_t i = 0; i < section()->capacity; i++) {
        const struct lw_touch *touch = &journal.touches[i];
        if (touch->site != site || touch->node != node)
            continue;
        assert_null(found);
        found = touch;
    }
    return found;
}

static void pairs_add_up(void **unused)
{
    assert_int_equal(section()->used, 0);
    assert_true(touches_add(&journal, 3, 7, 4096));
    assert_true(touches_add(&journal, 3, 7, 8192));
    assert_true(touches_add(&journal, 7, 3, 1));
    assert_true(touches_add(&journal, 0, 7, 5));            /* reserved by nobody we know */
    assert_int_equal(section()->used, section()->capacity); /* a table: a reader looks at all of it */
    assert_int_equal(record_of(3, 7)->bytes, 12288);
    assert_int_equal(record_of(3, 7)->count, 2);
    assert_int_equal(record_of(7, 3)->bytes, 1);
    assert_int_equal(record_of(0, 7)->bytes, 5);
    assert_int_equal(record_of(0, 7)->count, 1);
    assert_int_equal(section()->dropped, 0);
}

static void no_stack_no_record(void **unused)
{
    assert_false(touches_add(&journal, 3, 0, 4096));
    assert_false(touches_add(&journal, 0, 0, 4096));
    assert_int_equal(section()->used, 0);
    assert_int_equal(section()->dropped, 0);
}

static void overflow_is_counted(void **unused)
{
    uint64_t kept = 0, tried = 3 * (uint64_t)section()->capacity, bytes = 0, slots = 0;
    for (uint32_t i = 0; i < tried; i++)
        kept += touches_add(&journal, i % 100, 1 + i, 16);
    assert_int_equal(section()->dropped, tried - kept);
    for (uint32_t i = 0; i < section()->capacity; i++) {
        bytes += journal.touches[i].bytes;
        slots += journal.touches[i].node != 0;
    }
    assert_int_equal(slots, kept);
    assert_int_equal(bytes, kept * 16);
    assert_true(kept >= section()->capacity * UINT64_C(95) / 100);
    assert_int_equal(*(uint64_t *)(void *)journal.inputs, 0); /* the next section is untouched */
}

enum { PAIRS = 500, ROUNDS = 200 };

static void *touch(void *argument)
{
    uint32_t thread = (uint32_t)(uintptr_t)argument;
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (uint32_t i = 0; i < PAIRS; i++) {
            uint32_t k = (i + thread * 61) % PAIRS;
            touches_add(&journal, k % 20, 1 + k, 1 + thread);
        }
    return NULL;
}

static void eight_threads_lose_nothing(void **unused)
{
    run_threads(touch);
    for (uint32_t k = 0; k < PAIRS; k++) {
        const struct lw_touch *record = record_of(k % 20, 1 + k);
        assert_non_null(record);
        assert_int_equal(record->count, THREADS * ROUNDS);
        assert_int_equal(record->bytes, ROUNDS * THREADS * (THREADS + 1) / 2);
    }
    assert_int_equal(section()->dropped, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pairs_add_up),
        TEST(no_stack_no_record),
        TEST(overflow_is_counted),
        TEST(eight_threads_lose_nothing),
    };
    return cmocka_run_group_tests_name("shim_touches", tests, NULL, NULL);
}
