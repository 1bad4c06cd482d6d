/* SPDX-License-Identifier: MIT */
/* filter: a "no" is always right, 255 sticks, pins outlast everything. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ground/filter.h"

static const void *at(uint64_t address)
{
    return (const void *)(uintptr_t)address;
}

static int empty(void **unused)
{
    memset(filter_counts, 0, sizeof filter_counts);
    memset(filter_words, 0, sizeof filter_words);
    return 0;
}

/* Another address of the same bucket. */
static const void *twin_of(const void *pointer)
{
    uint64_t address = (uintptr_t)pointer;
    do
        address += 16;
    while (filter_bucket(at(address)) != filter_bucket(pointer));
    return at(address);
}

static void counts_up_and_down(void **unused)
{
    const void *one = at(0x5000), *two = twin_of(one);
    assert_false(filter_maybe(one));
    filter_add(one);
    filter_add(two);
    assert_int_equal(filter_counts[filter_bucket(one)], 2);
    filter_remove(one);
    assert_true(filter_maybe(two));
    filter_remove(two);
    assert_false(filter_maybe(two));
}

static void never_falls_below_zero(void **unused)
{
    filter_remove(at(0x6000));
    assert_int_equal(filter_counts[filter_bucket(at(0x6000))], 0);
    filter_add(at(0x6000));
    assert_true(filter_maybe(at(0x6000)));
}

static void sticks_at_255(void **unused)
{
    const void *pointer = at(0x7000);
    for (int i = 0; i < 254; i++)
        filter_add(pointer);
    assert_int_equal(filter_counts[filter_bucket(pointer)], 254);
    for (int i = 0; i < 10; i++)
        filter_add(pointer);
    assert_int_equal(filter_counts[filter_bucket(pointer)], 255);
    for (int i = 0; i < 300; i++)
        filter_remove(pointer);
    assert_int_equal(filter_counts[filter_bucket(pointer)], 255);
}

static void a_pin_stays(void **unused)
{
    filter_pin(at(0x8000));
    assert_true(filter_maybe(at(0x8000)));
    filter_add(at(0x8000));
    for (int i = 0; i < 3; i++)
        filter_remove(at(0x8000));
    assert_int_equal(filter_counts[filter_bucket(at(0x8000))], 255);
}

static void clear_empties_all_but_the_bootstrap_pins(void **unused)
{
    static uint8_t pins[sizeof filter_counts];
    filter_clear();
    memcpy(pins, filter_counts, sizeof pins);
    for (uint64_t address = 0x10000; address < 0x90000; address += 16)
        filter_add(at(address));
    filter_clear();
    assert_memory_equal(filter_counts, pins, sizeof pins);
    assert_false(filter_maybe(at(0x10000)));
    for (size_t i = 0; i < sizeof pins; i++)
        assert_true(pins[i] == 0 || pins[i] == 255);
}

/* Blocks of one malloc arena lie in regular steps; recorded ones, pages apart, must not share few buckets. */
static void spreads_regular_addresses(void **unused)
{
    static const uint64_t steps[] = {256,  272,  384,  512,  528,   1024,          1040,  2048,    2064,   4096,
                                     4112, 5120, 8192, 8240, 16400, 7 * 4096 + 16, 65536, 1 << 20, 1 << 21};
    for (size_t s = 0; s < sizeof steps / sizeof steps[0]; s++) {
        uint32_t used = 0;
        empty(NULL);
        for (uint64_t i = 0; i < 20000; i++) {
            const void *pointer = at(UINT64_C(0x7F5500000010) + i * steps[s]);
            used += !filter_maybe(pointer);
            filter_add(pointer);
        }
        assert_in_range(used, 18000, 20000); /* random placement gives 18,600 */
    }
}

/* A bucket for 256 bytes, 16 of them for a page: bits of one word. */
static void keeps_neighbours_together(void **unused)
{
    uint64_t page = UINT64_C(0x7F5500003000);
    uint32_t first = filter_bucket(at(page)) / 16;
    for (uint64_t i = 0; i < 256; i++) {
        uint64_t place = i * 16 % 256;
        assert_int_equal(filter_bucket(at(page + i * 16)) / 16, first);
        assert_int_equal(filter_maybe(at(page + i * 16)), place != 0);
        filter_add(at(page + i * 16));
    }
}

/* Threads with pointers of their own in the same buckets: none is told "no" while it is in. */
static uint32_t stress_errors;

static void *stress(void *argument)
{
    uint64_t base = UINT64_C(0x7F5500000000) + (uint64_t)(uintptr_t)argument * 16;
    uint32_t errors = 0;
    for (uint64_t i = 0; i < 400000; i++) {
        const void *pointer = at(base + i % 64 * 256);
        filter_add(pointer);
        errors += !filter_maybe(pointer);
        filter_remove(pointer);
    }
    __atomic_fetch_add(&stress_errors, errors, __ATOMIC_RELAXED);
    return NULL;
}

static void threads_in_one_bucket_leave_it_empty(void **unused)
{
    pthread_t threads[4];
    stress_errors = 0;
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stress, (void *)i), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(stress_errors, 0);
    for (size_t i = 0; i < sizeof filter_words / sizeof filter_words[0]; i++)
        assert_int_equal(filter_words[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(counts_up_and_down, empty),
        cmocka_unit_test_setup(never_falls_below_zero, empty),
        cmocka_unit_test_setup(sticks_at_255, empty),
        cmocka_unit_test_setup(a_pin_stays, empty),
        cmocka_unit_test_setup(clear_empties_all_but_the_bootstrap_pins, empty),
        cmocka_unit_test_setup(spreads_regular_addresses, empty),
        cmocka_unit_test_setup(keeps_neighbours_together, empty),
        cmocka_unit_test_setup(threads_in_one_bucket_leave_it_empty, empty),
    };
    return cmocka_run_group_tests_name("shim_filter", tests, NULL, NULL);
}
