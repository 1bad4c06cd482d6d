/* SPDX-License-Identifier: MIT */
/* live: blocks by address, marks of those who passed, the probe limit, the filter that follows, eight threads at once.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "ground/filter.h"
#include "store/live.h"
#include "threads.h"

static struct live live;
static void *memory;

static const void *at(uint64_t address)
{
    return (const void *)(uintptr_t)address;
}

static void open_both(uint32_t first, uint32_t more)
{
    free(memory);
    memory = aligned_alloc(64, live_bytes(first + more));
    assert_non_null(memory);
    memset(memory, 0, live_bytes(first + more));
    memset(filter_counts, 0, sizeof filter_counts);
    memset(filter_words, 0, sizeof filter_words);
    live_open(&live, memory, first, more);
}

static void open_with(uint32_t slots)
{
    open_both(slots, 0);
}

static int empty(void **unused)
{
    open_with(1024);
    return 0;
}

static int clean(void **unused)
{
    free(memory);
    memory = NULL;
    return 0;
}

static uint64_t *key_of(uint32_t slot)
{
    return &live.tables[0].buckets[slot / LIVE_BUCKET].keys[slot % LIVE_BUCKET];
}

static bool insert(uint64_t address, uint64_t size)
{
    struct live_block block = {.size = size, .weight = 1.5f, .site = (uint16_t)(address >> 4)};
    return live_insert(&live, at(address), &block);
}

static uint64_t removed_size(uint64_t address)
{
    struct live_block block = {0};
    return live_remove(&live, at(address), &block) ? block.size : UINT64_MAX;
}

static void what_goes_in_comes_out(void **unused)
{
    const struct live_block in = {.size = UINT64_C(5) << 33, .weight = 2.25f, .site = 77};
    struct live_block out = {0};
    assert_false(live_remove(&live, at(0x5000), &out));
    assert_true(live_insert(&live, at(0x5000), &in));
    assert_int_equal(live_count(&live), 1);
    assert_false(live_remove(&live, at(0x5010), &out));
    assert_true(live_remove(&live, at(0x5000), &out));
    assert_int_equal(out.size, in.size);
    assert_true(out.weight == in.weight);
    assert_int_equal(out.site, 77);
    assert_int_equal(live_count(&live), 0);
    assert_false(live_remove(&live, at(0x5000), &out));
    assert_int_equal(live.dropped, 0);
}

static void failure_leaves_the_output_alone(void **unused)
{
    struct live_block out = {.size = 9, .weight = 8, .site = 7};
    insert(0x5000, 1);
    assert_false(live_remove(&live, at(0x6000), &out));
    assert_int_equal(out.size, 9);
    assert_true(out.weight == 8);
    assert_int_equal(out.site, 7);
}

static uint32_t walk(uint64_t *size_sum)
{
    uint32_t found = 0;
    *size_sum = 0;
    uint64_t address;
    struct live_block block;
    for (uint32_t i = 0; live_next(&live, &i, &address, &block); i++) {
        assert_int_equal(block.site, (uint16_t)(address >> 4));
        found++;
        *size_sum += block.size;
    }
    return found;
}

static void iteration_sees_each_block_once(void **unused)
{
    uint64_t sum;
    assert_int_equal(walk(&sum), 0);
    for (uint64_t i = 1; i <= 100; i++)
        assert_true(insert(i * 4096, i));
    for (uint64_t i = 1; i <= 100; i += 2)
        assert_int_equal(removed_size(i * 4096), i);
    assert_int_equal(walk(&sum), 50);
    assert_int_equal(sum, 50 * 51);
    assert_int_equal(live_count(&live), 50);
}

static uint32_t marks(void)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < live_slots(&live) / LIVE_BUCKET; i++)
        sum += live.tables[0].buckets[i].passed;
    return sum;
}

static void every_field_is_kept(void **unused)
{
    const struct live_block in = {
        .size = (UINT64_C(1) << 48) - 1, .overhead = 0x7FFF, .weight = 123456.7f, .site = LIVE_MAX_SITE, .object = 1};
    struct live_block out;
    uint64_t address;
    assert_true(live_insert(&live, at(0x7FFFFFFFFFF0), &in));
    uint32_t slot = 0;
    assert_true(live_next(&live, &slot, &address, &out));
    assert_int_equal(address, 0x7FFFFFFFFFF0);
    assert_memory_equal(&out, &in, sizeof in);
    assert_true(live_still(&live, slot, address, &out));
    assert_false(live_still(&live, slot, address + 16, &out));
    assert_true(live_remove(&live, at(address), &out));
    assert_memory_equal(&out, &in, sizeof in);
    assert_false(live_still(&live, slot, address, &out));
}

static void a_site_beyond_the_field_is_site_0(void **unused)
{
    struct live_block in = {.size = 1, .weight = 1, .site = LIVE_MAX_SITE + 1}, out;
    assert_true(live_insert(&live, at(0x5000), &in));
    assert_true(live_remove(&live, at(0x5000), &out));
    assert_int_equal(out.site, 0);
}

/* Addresses whose first bucket is the same. */
static uint32_t same_bucket(uint64_t *addresses, uint32_t count)
{
    uint32_t found = 0, first = 0;
    for (uint64_t address = 0x10000; found < count; address += 16) {
        assert_true(insert(address, 1));
        uint32_t slot = 0;
        while (*key_of(slot) != address)
            slot++;
        assert_int_equal(removed_size(address), 1);
        if (!found)
            first = slot / LIVE_BUCKET;
        if (slot / LIVE_BUCKET == first)
            addresses[found++] = address;
    }
    return first;
}

static void marks_lead_on_and_are_taken_back(void **unused)
{
    enum { N = 20 };
    uint64_t addresses[N];
    uint32_t first = same_bucket(addresses, N);
    for (uint32_t i = 0; i < N; i++)
        assert_true(insert(addresses[i], i));
    assert_int_equal(live.tables[0].buckets[first].passed, N - LIVE_BUCKET);
    assert_int_equal(live.tables[0].buckets[(first + 1) % (1024 / LIVE_BUCKET)].passed, N - 2 * LIVE_BUCKET);
    for (uint32_t i = 0; i < LIVE_BUCKET; i++)
        assert_int_equal(removed_size(addresses[i]), i);
    for (uint32_t i = LIVE_BUCKET; i < N; i++)
        assert_int_equal(removed_size(addresses[i]), i); /* behind a bucket that is empty again */
    assert_int_equal(marks(), 0);
}

/* What came and went leaves nothing behind: neither keys nor marks. */
static void a_table_does_not_age(void **unused)
{
    for (uint64_t round = 0; round < 2000; round++) {
        for (uint64_t i = 0; i < 700; i++)
            assert_true(insert((round * 700 + i) * 16 + 16, i));
        for (uint64_t i = 0; i < 700; i++)
            assert_int_equal(removed_size((round * 700 + i) * 16 + 16), i);
    }
    for (uint32_t i = 0; i < live_slots(&live); i++)
        assert_int_equal(*key_of(i), LIVE_EMPTY);
    assert_int_equal(marks(), 0);
    assert_int_equal(live_count(&live), 0);
    assert_int_equal(live.dropped, 0);
}

static void a_full_table_drops_and_counts(void **unused)
{
    open_with(64);
    for (uint64_t i = 1; i <= 64; i++)
        assert_true(insert(i * 16, i));
    assert_false(insert(65 * 16, 65));
    assert_false(insert(66 * 16, 66));
    assert_int_equal(live.dropped, 2);
    assert_int_equal(live_count(&live), 64);
    assert_int_equal(removed_size(65 * 16), UINT64_MAX);
    assert_int_equal(removed_size(7 * 16), 7);
    assert_true(insert(65 * 16, 65));
    assert_int_equal(removed_size(65 * 16), 65);
}

/* Far from full, but LIVE_PROBES slots from the home are taken. */
static void the_probe_limit_drops_and_counts(void **unused)
{
    assert_true(insert(0x5000, 1));
    uint32_t home = 0;
    while (*key_of(home) != 0x5000)
        home++;
    assert_int_equal(removed_size(0x5000), 1);
    home -= home % LIVE_BUCKET;
    for (uint32_t i = 0; i < LIVE_PROBES; i++)
        *key_of((home + i) % 1024) = i % 2 ? LIVE_BUSY : 0x1000000 + i; /* taken by others */
    assert_false(insert(0x5000, 1));
    assert_int_equal(live.dropped, 1);
    assert_int_equal(marks(), 0);
    *key_of((home + LIVE_PROBES - 1) % 1024) = LIVE_EMPTY; /* the last that is looked at */
    assert_true(insert(0x5000, 1));
    assert_int_equal(*key_of((home + LIVE_PROBES - 1) % 1024), 0x5000);
    assert_int_equal(removed_size(0x5000), 1);
    assert_int_equal(marks(), 0);
}

static void blocks_being_filled_are_not_shown(void **unused)
{
    uint64_t address, sum;
    struct live_block block;
    assert_true(insert(0x5000, 1));
    uint32_t slot = 0;
    assert_true(live_next(&live, &slot, &address, &block));
    assert_int_equal(walk(&sum), 1);
    *key_of(slot) = LIVE_BUSY;
    assert_int_equal(walk(&sum), 0);
}

static void the_filter_follows(void **unused)
{
    assert_false(filter_maybe(at(0x5000)));
    insert(0x5000, 1);
    assert_int_equal(filter_counts[filter_bucket(at(0x5000))], 1);
    removed_size(0x5000);
    removed_size(0x5000);
    assert_int_equal(filter_counts[filter_bucket(at(0x5000))], 0);

    open_with(64);
    for (uint64_t i = 1; i <= 80; i++)
        insert(i * 16, i);
    uint32_t sum = 0;
    for (size_t i = 0; i < sizeof filter_counts; i++)
        sum += filter_counts[i];
    assert_int_equal(sum, 64); /* what was dropped is of no interest */
}

enum { HELD = 1000, ROUNDS = 60 };
static uint32_t stress_errors;

/* Each thread has addresses of its own, as threads of a program have; all share the table. */
static void *stress(void *argument)
{
    uint64_t base = ((uint64_t)(uintptr_t)argument + 1) << 32;
    uint32_t errors = 0;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        for (uint64_t i = 0; i < HELD; i++)
            errors += !insert(base + i * 16, round * HELD + i);
        for (uint64_t i = 0; i < HELD; i++) {
            errors += !filter_maybe(at(base + i * 16));
            if (round == ROUNDS - 1 && i % 2)
                continue;
            errors += removed_size(base + i * 16) != round * HELD + i;
        }
    }
    __atomic_fetch_add(&stress_errors, errors, __ATOMIC_RELAXED);
    return NULL;
}

static void stress_threads(void)
{
    pthread_t threads[THREADS];
    stress_errors = 0;
    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stress, (void *)i), 0);
    for (int k = 0; k < 20; k++) { /* iteration while they work: whatever is shown is whole */
        uint64_t sum;
        walk(&sum);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    uint64_t sum, expected = 0;
    for (uint64_t i = 1; i < HELD; i += 2)
        expected += THREADS * ((ROUNDS - 1) * HELD + i);
    assert_int_equal(stress_errors, 0);
    assert_int_equal(live.dropped, 0);
    assert_int_equal(live_count(&live), THREADS * HELD / 2);
    assert_int_equal(walk(&sum), THREADS * HELD / 2);
    assert_int_equal(sum, expected);
    for (uint64_t thread = 1; thread <= THREADS; thread++)
        for (uint64_t i = 1; i < HELD; i += 2)
            assert_int_equal(removed_size((thread << 32) + i * 16), (ROUNDS - 1) * HELD + i);
    assert_int_equal(live_count(&live), 0);
    for (size_t i = 0; i < sizeof filter_counts; i++)
        assert_int_equal(filter_counts[i], 0);
}

/* Pages of the memory that are there; a read of one that was never written brings a page (of zeros), too. */
static uint32_t pages_there(const void *bytes, size_t size)
{
    FILE *pagemap = fopen("/proc/self/pagemap", "re");
    uint32_t there = 0;
    assert_non_null(pagemap);
    for (uintptr_t page = (uintptr_t)bytes / LIVE_PAGE; page < ((uintptr_t)bytes + size) / LIVE_PAGE; page++) {
        uint64_t entry;
        assert_int_equal(fseek(pagemap, (long)(page * sizeof entry), SEEK_SET), 0);
        assert_int_equal(fread(&entry, sizeof entry, 1, pagemap), 1);
        there += entry >> 63;
    }
    fclose(pagemap);
    return there;
}

static void what_no_block_was_in_is_not_read(void **unused)
{
    enum { FIRST = 64, MORE = 131072 };
    size_t bytes = live_bytes(FIRST + MORE);
    void *fresh = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(fresh, MAP_FAILED);
    assert_int_equal(madvise(fresh, bytes, MADV_NOHUGEPAGE), 0);
    empty(NULL);
    live_open(&live, fresh, FIRST, MORE);
    for (uint64_t i = 1; i <= 50; i++) /* two of them in the second table */
        assert_true(insert(i << 20, i));
    uint64_t sum;
    assert_int_equal(live_slots(&live), FIRST + MORE);
    assert_int_equal(walk(&sum), 50);
    for (uint64_t i = 51; i <= 2000; i++)
        assert_int_equal(removed_size(i << 20), UINT64_MAX);
    assert_true(pages_there(fresh, bytes) <= 3 + 2 * 2);
    for (uint64_t i = 1; i <= 50; i++)
        assert_int_equal(removed_size(i << 20), i);
    assert_int_equal(munmap(fresh, bytes), 0);
}

static void eight_threads_lose_nothing(void **unused)
{
    open_with(32768);
    stress_threads();
}

/* The first table is full half of the time. */
static void eight_threads_in_both_tables_lose_nothing(void **unused)
{
    open_both(4096, 32768);
    stress_threads();
    assert_int_equal(live_slots(&live), 4096 + 32768);
}

/* Nobody looks into the second table before the first is three quarters full; what is in either is found. */
static void the_second_table_takes_what_the_first_has_no_room_for(void **unused)
{
    struct live_block out;
    uint64_t sum, address;
    open_both(64, 1024);
    for (uint64_t i = 1; i <= 48; i++)
        assert_true(insert(i * 16, i));
    assert_int_equal(live_slots(&live), 64);
    for (uint64_t i = 49; i <= 500; i++)
        assert_true(insert(i * 16, i));
    assert_int_equal(live.tables[0].count, 48);
    assert_int_equal(live_count(&live), 500);
    assert_int_equal(live_slots(&live), 64 + 1024);
    assert_int_equal(walk(&sum), 500);
    assert_int_equal(sum, 500 * 501 / 2);
    uint32_t held = live_hold(&live, at(400 * 16));
    assert_true(held >= 64 && held < 64 + 1024);
    uint32_t slot = held;
    assert_true(live_next(&live, &slot, &address, &out));
    assert_int_equal(slot, held);
    assert_int_equal(out.size, 400);
    live_back(&live, held);
    assert_int_equal(live_hold(&live, at(400 * 16)), held);
    assert_true(live_gone(&live, held, &out));
    for (uint64_t i = 1; i <= 500; i++)
        assert_int_equal(removed_size(i * 16), i == 400 ? UINT64_MAX : i);
    assert_int_equal(live_count(&live), 0);
    assert_true(insert(16, 1)); /* the first one again */
    assert_int_equal(live.tables[0].count, 1);
}

/* The same in a table that is nearly full all the time, where threads meet at every slot. */
static void *crowd(void *argument)
{
    enum { MINE = 14 };
    uint64_t base = ((uint64_t)(uintptr_t)argument + 1) << 32;
    uint32_t errors = 0;
    for (uint64_t round = 0; round < 8000; round++) {
        for (uint64_t i = 0; i < MINE; i++)
            while (!insert(base + i * 16, round * MINE + i))
                continue; /* a slot became free behind the search: counted, and tried again */
        for (uint64_t i = 0; i < MINE; i++)
            errors += removed_size(base + i * 16) != round * MINE + i;
    }
    __atomic_fetch_add(&stress_errors, errors, __ATOMIC_RELAXED);
    return NULL;
}

static void a_crowded_table_loses_nothing(void **unused)
{
    open_with(LIVE_PROBES); /* 128 slots for at most 112 blocks */
    stress_errors = 0;
    run_threads(crowd);
    uint64_t sum;
    assert_int_equal(stress_errors, 0);
    assert_int_equal(live_count(&live), 0);
    assert_int_equal(walk(&sum), 0);
}

/* While a block is being moved it is counted where it was, and its address may have a new owner already. */
static void what_is_held_is_counted_and_not_found(void **unused)
{
    struct live_block old = {.size = 5000, .weight = 3, .site = 7}, fresh = {.size = 40, .weight = 1, .site = 9}, out;
    const void *here = (void *)0x7000;
    uint64_t address;
    uint32_t seen = 0;
    assert_true(live_insert(&live, here, &old));
    uint32_t held = live_hold(&live, here), held_too;
    assert_int_not_equal(held, LIVE_NOWHERE);
    assert_int_equal(live_hold(&live, here), LIVE_NOWHERE);
    assert_false(live_remove(&live, here, &out));
    assert_true(filter_maybe(here));
    assert_true(live_insert(&live, here, &fresh));
    for (uint32_t slot = 0; live_next(&live, &slot, &address, &out); slot++) {
        assert_int_equal(address, 0x7000);
        assert_true(live_still(&live, slot, address, &out));
        seen += out.site;
    }
    assert_int_equal(seen, 7 + 9);
    held_too = live_hold(&live, here); /* its next owner moves it as well: each has its own */
    assert_int_not_equal(held_too, LIVE_NOWHERE);
    assert_int_not_equal(held_too, held);
    live_back(&live, held_too);
    assert_true(live_gone(&live, held, &out));
    assert_int_equal(out.size, 5000);
    assert_false(live_gone(&live, held, &out));
    assert_true(live_remove(&live, here, &out));
    assert_int_equal(out.site, 9);
    assert_int_equal(live_count(&live), 0);
    assert_false(filter_maybe(here));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_goes_in_comes_out, empty),
        cmocka_unit_test_setup(failure_leaves_the_output_alone, empty),
        cmocka_unit_test_setup(iteration_sees_each_block_once, empty),
        cmocka_unit_test_setup(every_field_is_kept, empty),
        cmocka_unit_test_setup(a_site_beyond_the_field_is_site_0, empty),
        cmocka_unit_test_setup(marks_lead_on_and_are_taken_back, empty),
        cmocka_unit_test_setup(a_table_does_not_age, empty),
        cmocka_unit_test_setup(a_full_table_drops_and_counts, empty),
        cmocka_unit_test_setup(the_probe_limit_drops_and_counts, empty),
        cmocka_unit_test_setup(blocks_being_filled_are_not_shown, empty),
        cmocka_unit_test_setup(the_filter_follows, empty),
        cmocka_unit_test_setup(what_is_held_is_counted_and_not_found, empty),
        cmocka_unit_test_setup(the_second_table_takes_what_the_first_has_no_room_for, empty),
        cmocka_unit_test_setup(what_no_block_was_in_is_not_read, empty),
        cmocka_unit_test_setup(eight_threads_lose_nothing, empty),
        cmocka_unit_test_setup(eight_threads_in_both_tables_lose_nothing, empty),
        cmocka_unit_test_setup(a_crowded_table_loses_nothing, empty),
    };
    return cmocka_run_group_tests_name("shim_live", tests, NULL, clean);
}
