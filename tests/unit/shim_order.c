/* SPDX-License-Identifier: MIT */
/* order: sorted, and nothing lost, for any numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "store/order.h"

static int by_value(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, two = *(const uint64_t *)b;
    return one < two ? -1 : one > two;
}

static uint64_t numbers[100000], expected[100000];

static void sorts_like_the_library(uint32_t count)
{
    memcpy(expected, numbers, count * sizeof *numbers);
    qsort(expected, count, sizeof *expected, by_value);
    order_sort(numbers, count);
    assert_memory_equal(numbers, expected, count * sizeof *numbers);
}

static uint64_t next_number(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void any_numbers(void **unused)
{
    static const uint32_t counts[] = {0, 1, 2, 3, 31, 32, 33, 34, 1000, 65537, 100000};
    static const unsigned shifts[] = {0, 3, 20, 40, 56, 63};
    uint64_t state = 88172645463325252u;
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
        for (size_t s = 0; s < sizeof shifts / sizeof shifts[0]; s++) {
            for (uint32_t i = 0; i < counts[c]; i++)
                numbers[i] = next_number(&state) >> shifts[s];
            sorts_like_the_library(counts[c]);
        }
}

/* A heap, a thread's arena far away, and what lies between. */
static void addresses(void **unused)
{
    uint64_t state = 1;
    for (uint32_t i = 0; i < 100000; i++) {
        uint64_t base = i % 3 ? UINT64_C(0x7F5512000000) : UINT64_C(0x555555560000);
        numbers[i] = (base + (next_number(&state) & 0xFFFFFF) * 16) << 13 | i;
    }
    sorts_like_the_library(100000);
}

static void already_in_order_or_all_alike(void **unused)
{
    for (uint32_t i = 0; i < 100000; i++)
        numbers[i] = i;
    sorts_like_the_library(100000);
    for (uint32_t i = 0; i < 100000; i++)
        numbers[i] = 100000 - i;
    sorts_like_the_library(100000);
    for (uint32_t i = 0; i < 100000; i++)
        numbers[i] = 7;
    sorts_like_the_library(100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_numbers),
        cmocka_unit_test(addresses),
        cmocka_unit_test(already_in_order_or_all_alike),
    };
    return cmocka_run_group_tests_name("shim_order", tests, NULL, NULL);
}
