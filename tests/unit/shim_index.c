/* SPDX-License-Identifier: MIT */
/* index: every record is found again, collisions and a full table included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "store/index.h"

static bool same_word(const void *records, uint32_t record, const void *key)
{
    return ((const uint64_t *)records)[record] == *(const uint64_t *)key;
}

static uint32_t find(const struct index *index, const uint64_t *records, uint64_t hash, uint64_t key)
{
    return index_find(index, hash, same_word, records, &key);
}

static void an_empty_table_knows_nothing(void **unused)
{
    uint32_t slots[8] = {0};
    uint64_t records[2] = {0, 5};
    struct index index = {slots, 7};
    assert_int_equal(find(&index, records, 5, 5), 0);
}

static void colliding_records_are_told_apart(void **unused)
{
    uint32_t slots[8] = {0};
    uint64_t records[6] = {0, 10, 20, 30, 40, 50};
    struct index index = {slots, 7};
    for (uint32_t i = 1; i <= 5; i++)
        index_put(&index, 6, i); /* one home for all; the probing wraps round */
    for (uint32_t i = 1; i <= 5; i++)
        assert_int_equal(find(&index, records, 6, records[i]), i);
    assert_int_equal(find(&index, records, 6, 60), 0);
    const uint32_t expected[8] = {3, 4, 5, 0, 0, 0, 1, 2};
    assert_memory_equal(slots, expected, sizeof slots);
}

static void the_whole_hash_may_exceed_the_table(void **unused)
{
    uint32_t slots[4] = {0};
    uint64_t records[2] = {0, 7};
    struct index index = {slots, 3};
    index_put(&index, UINT64_MAX, 1);
    assert_int_equal(slots[3], 1);
    assert_int_equal(find(&index, records, UINT64_MAX, 7), 1);
}

static void a_full_table_ends_every_search(void **unused)
{
    uint32_t slots[4] = {0};
    uint64_t records[6] = {0, 1, 2, 3, 4, 5};
    struct index index = {slots, 3};
    for (uint32_t i = 1; i <= 4; i++)
        index_put(&index, i, i);
    uint32_t before[4];
    memcpy(before, slots, sizeof before);
    index_put(&index, 5, 5);
    assert_memory_equal(slots, before, sizeof before);
    assert_int_equal(find(&index, records, 5, 5), 0);
    assert_int_equal(find(&index, records, 0, 3), 3);
}

static void thousands_are_found_again(void **unused)
{
    static uint32_t slots[8192];
    static uint64_t records[4097];
    struct index index = {slots, 8191};
    for (uint32_t i = 1; i <= 4096; i++) {
        records[i] = UINT64_C(0x555500000000) + i * 4096;
        index_put(&index, index_mix(records[i], 0), i);
    }
    for (uint32_t i = 1; i <= 4096; i++)
        assert_int_equal(find(&index, records, index_mix(records[i], 0), records[i]), i);
}

/* Nearby keys must spread: with 65,536 keys in as many buckets a fair hash leaves 1/e of them empty. */
static void the_mix_spreads_neighbours(void **unused)
{
    static uint8_t seen[65536];
    uint32_t used = 0;
    for (uint32_t i = 0; i < 65536; i++) {
        uint8_t *bucket = &seen[index_mix(UINT64_C(0x7F0000000000) + i / 256 * 16, i % 256) & 65535];
        used += !*bucket;
        *bucket = 1;
    }
    assert_in_range(used, 65536 * 62 / 100, 65536 * 65 / 100);
    assert_int_not_equal(index_mix(1, 2), index_mix(2, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_knows_nothing),        cmocka_unit_test(colliding_records_are_told_apart),
        cmocka_unit_test(the_whole_hash_may_exceed_the_table), cmocka_unit_test(a_full_table_ends_every_search),
        cmocka_unit_test(thousands_are_found_again),           cmocka_unit_test(the_mix_spreads_neighbours),
    };
    return cmocka_run_group_tests_name("shim_index", tests, NULL, NULL);
}
