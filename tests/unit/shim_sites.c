/* SPDX-License-Identifier: MIT */
/* sites: stacks kept once in a tree that cannot loop, totals that return to zero, overflow that is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fresh_journal.h"
#include "store/sites.h"
#include "threads.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct sites sites;
static void *sites_memory;

static int fresh_sites(void **unused)
{
    fresh(unused);
    sites_memory = calloc(1, sites_private_bytes());
    assert_non_null(sites_memory);
    sites_open(&sites, &journal, sites_memory);
    return 0;
}

static int done_sites(void **unused)
{
    free(sites_memory);
    return done(unused);
}

static struct lw_section *nodes(void)
{
    return journal_section(&journal, LW_SECTION_NODES);
}

static struct lw_section *records(void)
{
    return journal_section(&journal, LW_SECTION_SITES);
}

/* The path from this node to the root is this stack, innermost first. */
static void must_spell(uint32_t node, const uint64_t *frames, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_in_range(node, 1, nodes()->used - 1);
        assert_int_equal(journal.nodes[node].frame, frames[i]);
        assert_int_equal(journal.nodes[node].depth, count - i);
        assert_true(journal.nodes[node].parent < node);
        node = journal.nodes[node].parent;
    }
    assert_int_equal(node, 0);
}

static void a_stack_is_kept_once(void **unused)
{
    static const uint64_t stack[] = {0x500, 0x400, LW_FRAME_PYTHON | 7, 0x300};
    uint32_t node = sites_node(&sites, stack, COUNT(stack));
    must_spell(node, stack, COUNT(stack));
    assert_int_equal(nodes()->used, 5);
    assert_int_equal(sites_node(&sites, stack, COUNT(stack)), node);
    assert_int_equal(nodes()->used, 5);
}

static void stacks_share_their_outer_frames(void **unused)
{
    static const uint64_t one[] = {0x10, 0x20, 0x30}, two[] = {0x11, 0x20, 0x30}, outer[] = {0x20, 0x30};
    static const uint64_t turned[] = {0x30, 0x20, 0x10}, twice[] = {0x30, 0x30};
    uint32_t a = sites_node(&sites, one, 3), b = sites_node(&sites, two, 3), c = sites_node(&sites, outer, 2);
    assert_int_equal(nodes()->used, 5);
    assert_int_equal(journal.nodes[a].parent, c);
    assert_int_equal(journal.nodes[b].parent, c);
    must_spell(sites_node(&sites, turned, 3), turned, 3);
    must_spell(sites_node(&sites, twice, 2), twice, 2); /* recursion: the same frame under itself */
    assert_int_equal(nodes()->used, 9);
}

static void no_frames_no_node(void **unused)
{
    assert_int_equal(sites_node(&sites, NULL, 0), 0);
    assert_int_equal(nodes()->dropped, 0);
    assert_int_equal(sites_site(&sites, 0, LW_SITE_HEAP, 5), 0);
    assert_int_equal(records()->used, 1);
    assert_int_equal(records()->dropped, 0);
}

static void a_site_is_a_stack_and_a_kind(void **unused)
{
    static const uint64_t stack[] = {0x500, 0x400}, other[] = {0x501, 0x400};
    uint32_t node = sites_node(&sites, stack, 2);
    uint32_t heap = sites_site(&sites, node, LW_SITE_HEAP, 77), mapping = sites_site(&sites, node, LW_SITE_MAPPING, 78);
    assert_int_equal(heap, 1);
    assert_int_equal(mapping, 2);
    assert_int_equal(sites_site(&sites, node, LW_SITE_HEAP, 99), heap);
    assert_int_equal(sites_site(&sites, node, LW_SITE_MAPPING, 99), mapping);
    assert_int_equal(sites_site(&sites, sites_node(&sites, other, 2), LW_SITE_HEAP, 99), 3);
    assert_int_equal(journal.sites[heap].node, node);
    assert_int_equal(journal.sites[heap].kind, LW_SITE_HEAP);
    assert_int_equal(journal.sites[heap].first_ns, 77);
    assert_int_equal(journal.sites[mapping].kind, LW_SITE_MAPPING);
    assert_int_equal(journal.sites[mapping].first_ns, 78);
    assert_int_equal(records()->used, 4);
}

/* One frame under 30,000 callers, one stack of every kind: look-ups that meet their likes are not misled. */
static void likes_are_told_apart(void **unused)
{
    uint64_t stack[2] = {0x777, 0};
    for (uint32_t i = 0; i < 30000; i++) {
        stack[1] = 0x1000 + i * 16;
        assert_int_equal(sites_node(&sites, stack, 2), 2 * i + 2);
    }
    for (uint32_t i = 0; i < 30000; i += 7) {
        stack[1] = 0x1000 + i * 16;
        must_spell(sites_node(&sites, stack, 2), stack, 2);
    }
    for (uint32_t i = 0; i < 1600; i++)
        for (uint32_t kind = LW_SITE_HEAP; kind <= LW_SITE_BRK; kind++) {
            uint32_t site = sites_site(&sites, 2 * i + 2, (enum lw_site_kind)kind, 1);
            assert_int_equal(site, i * 5 + kind);
            assert_int_equal(journal.sites[site].kind, kind);
        }
}

static uint32_t some_site(uint64_t frame)
{
    return sites_site(&sites, sites_node(&sites, &frame, 1), LW_SITE_HEAP, 1);
}

static void exact_blocks_add_up(void **unused)
{
    uint32_t site = some_site(0x100);
    const struct lw_site *record = &journal.sites[site];
    sites_grow(&sites, site, 1000, 1, 10);
    sites_grow(&sites, site, UINT64_C(5) << 32, 1, 20);
    assert_int_equal(record->committed_bytes, 1000 + (UINT64_C(5) << 32));
    assert_int_equal(record->exact_bytes, 1000 + (UINT64_C(5) << 32));
    assert_int_equal(record->live_count, 2);
    assert_int_equal(record->live_samples, 2);
    assert_int_equal(record->last_ns, 20);
    sites_shrink(&sites, site, 1000, 1);
    assert_int_equal(record->committed_bytes, UINT64_C(5) << 32);
    assert_int_equal(record->exact_bytes, UINT64_C(5) << 32);
    assert_int_equal(record->live_count, 1);
    assert_int_equal(record->live_samples, 1);
    assert_int_equal(record->allocated_bytes, 1000 + (UINT64_C(5) << 32)); /* what was, was */
    assert_int_equal(record->allocated_count, 2);
}

static void a_sampled_block_stands_for_many(void **unused)
{
    uint32_t site = some_site(0x100);
    const struct lw_site *record = &journal.sites[site];
    sites_grow(&sites, site, 1000, 32.25, 10);
    assert_int_equal(record->committed_bytes, 32250);
    assert_int_equal(record->live_count, 32);
    assert_int_equal(record->live_samples, 1);
    assert_int_equal(record->exact_bytes, 0);
    assert_int_equal(record->allocated_bytes, 32250);
    sites_grow(&sites, site, 10, 1, 11);
    assert_int_equal(record->exact_bytes, 10);
    assert_int_equal(record->committed_bytes, 32260);
}

/* Weights live as floats in the records of blocks; whatever their fractions, the totals come back to zero. */
static void totals_return_to_zero(void **unused)
{
    enum { BLOCKS = 20000 };
    uint32_t site = some_site(0x100);
    const struct lw_site *record = &journal.sites[site];
    uint64_t state = 3;
    static struct {
        uint64_t size;
        float weight;
    } blocks[BLOCKS];
    for (uint32_t i = 0; i < BLOCKS; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
        blocks[i].size = 1 + (state >> 40);
        blocks[i].weight = i % 3 ? 1 + (float)(state >> 20 & 0xFFFFF) / 1000.0f : 1;
        sites_grow(&sites, site, blocks[i].size, (double)blocks[i].weight, i);
    }
    assert_int_equal(record->live_samples, BLOCKS);
    assert_true(record->committed_bytes > record->exact_bytes);
    for (uint32_t i = 0; i < BLOCKS; i++) { /* in another order */
        uint32_t k = (i * 7919u + 11) % BLOCKS;
        sites_shrink(&sites, site, blocks[k].size, (double)blocks[k].weight);
    }
    assert_int_equal(record->committed_bytes, 0);
    assert_int_equal(record->live_count, 0);
    assert_int_equal(record->live_samples, 0);
    assert_int_equal(record->exact_bytes, 0);
    assert_true(record->allocated_count >= BLOCKS);
}

static void totals_never_fall_below_zero(void **unused)
{
    uint32_t site = some_site(0x100);
    const struct lw_site *record = &journal.sites[site];
    sites_grow(&sites, site, 100, 1, 1);
    sites_shrink(&sites, site, 100, 1);
    sites_shrink(&sites, site, 100, 1);
    sites_shrink_range(&sites, site, 100, 1);
    assert_int_equal(record->committed_bytes, 0);
    assert_int_equal(record->live_count, 0);
    assert_int_equal(record->live_samples, 0);
    assert_int_equal(record->exact_bytes, 0);
}

static void ranges_lose_parts(void **unused)
{
    static const struct {
        uint64_t bytes;
        int count;
        uint64_t left, live;
    } steps[] = {{100, 0, 900, 1}, {200, -1, 700, 2}, {300, 1, 400, 1}, {50, 0, 350, 1}, {350, 1, 0, 0}};
    uint32_t site = some_site(0x100);
    const struct lw_site *record = &journal.sites[site];
    sites_grow(&sites, site, 1000, 1, 1);
    for (size_t i = 0; i < COUNT(steps); i++) {
        sites_shrink_range(&sites, site, steps[i].bytes, steps[i].count);
        assert_int_equal(record->committed_bytes, steps[i].left);
        assert_int_equal(record->exact_bytes, steps[i].left);
        assert_int_equal(record->live_count, steps[i].live);
        assert_int_equal(record->live_samples, steps[i].live);
    }
    assert_int_equal(record->allocated_bytes, 1000);
    assert_int_equal(record->allocated_count, 1);
}

static void committed_bytes_are_summed(void **unused)
{
    assert_int_equal(sites_committed_bytes(&sites), 0);
    for (uint32_t i = 1; i <= 10; i++)
        sites_grow(&sites, some_site(0x100 + i), 100, i, 1);
    sites_grow(&sites, 0, 5, 1, 1);
    assert_int_equal(sites_committed_bytes(&sites), 5505);
}

static void sites_beyond_the_capacity_are_charged_to_site_0(void **unused)
{
    uint32_t capacity = records()->capacity, beyond = 20;
    for (uint32_t i = 1; i < capacity + beyond; i++) {
        uint32_t site = some_site(i);
        assert_int_equal(site, i < capacity ? i : 0);
        sites_grow(&sites, site, 8, 1, 1);
    }
    assert_int_equal(records()->used, capacity);
    assert_int_equal(records()->dropped, beyond);
    assert_int_equal(journal.sites[0].committed_bytes, 8 * beyond);
    assert_int_equal(journal.sites[0].kind, LW_SITE_HEAP);
    assert_int_equal(sites_committed_bytes(&sites), 8 * (capacity - 1 + beyond));
    assert_int_equal(some_site(5), 5); /* known ones are still found */
    assert_int_equal(records()->dropped, beyond);
}

static void nodes_beyond_the_capacity_are_counted(void **unused)
{
    uint32_t capacity = nodes()->capacity;
    uint64_t stack[2] = {0, 0xABC};
    for (uint32_t i = 0; i < capacity - 2; i++) {
        stack[0] = 0x1000 + i;
        assert_int_equal(sites_node(&sites, stack, 2), i + 2);
    }
    assert_int_equal(nodes()->used, capacity);
    assert_int_equal(nodes()->dropped, 0);
    stack[0] = 1;
    assert_int_equal(sites_node(&sites, stack, 2), 0);
    assert_int_equal(nodes()->dropped, 1);
    stack[0] = 0x1000;
    assert_int_equal(sites_node(&sites, stack, 2), 2);
    for (uint32_t i = 1; i < capacity; i++)
        assert_true(journal.nodes[i].parent < i);
}

static void what_waits_in_vain_for_the_lock_is_counted(void **unused)
{
    static const uint64_t known[] = {0x500, 0x400}, fresh_stack[] = {0x600, 0x400};
    uint32_t node = sites_node(&sites, known, 2), site = sites_site(&sites, node, LW_SITE_HEAP, 1);
    assert_true(lock_try(&sites.lock));
    assert_int_equal(sites_node(&sites, known, 2), node); /* known stacks need no lock */
    assert_int_equal(sites_site(&sites, node, LW_SITE_HEAP, 1), site);
    assert_int_equal(nodes()->dropped + records()->dropped, 0);
    assert_int_equal(sites_node(&sites, fresh_stack, 2), 0);
    assert_int_equal(nodes()->dropped, 1);
    assert_int_equal(sites_site(&sites, node, LW_SITE_MAPPING, 1), 0);
    assert_int_equal(records()->dropped, 1);
    lock_drop(&sites.lock);
    assert_int_not_equal(sites_node(&sites, fresh_stack, 2), 0);
}

enum { STACKS = 700, DEPTH = 12, ROUNDS = 6 };

/* Stack k: its outer frames are shared with others, its innermost is its own. */
static void make_stack(uint32_t k, uint64_t frames[DEPTH])
{
    frames[0] = 0x100000 + k;
    for (uint32_t i = 1; i < DEPTH; i++)
        frames[i] = 0x1000 * i + k % (1 + 40 / i);
}

static void *work(void *argument)
{
    uint32_t thread = (uint32_t)(uintptr_t)argument;
    for (uint32_t round = 0; round < ROUNDS; round++)
        for (uint32_t i = 0; i < STACKS; i++) {
            uint64_t frames[DEPTH];
            uint32_t k = (i + thread * 97) % STACKS, node, site;
            make_stack(k, frames);
            while (!(node = sites_node(&sites, frames, DEPTH)))
                continue; /* the lock was not to be had in time: counted, and asked again */
            while (!(site = sites_site(&sites, node, LW_SITE_HEAP, 1)))
                continue;
            sites_grow(&sites, site, 100, 1, 1);
            sites_grow(&sites, site, 1000, 2.5, 1);
            if (round % 2)
                sites_shrink(&sites, site, 1000, 2.5);
        }
    return NULL;
}

static void eight_threads_agree_on_stacks(void **unused)
{
    run_threads(work);
    uint64_t used = nodes()->used;
    assert_int_equal(records()->used, STACKS + 1);
    for (uint32_t k = 0; k < STACKS; k++) {
        uint64_t frames[DEPTH];
        make_stack(k, frames);
        uint32_t node = sites_node(&sites, frames, DEPTH);
        must_spell(node, frames, DEPTH);
        const struct lw_site *record = &journal.sites[sites_site(&sites, node, LW_SITE_HEAP, 1)];
        assert_int_equal(record->exact_bytes, THREADS * ROUNDS * 100);
        assert_int_equal(record->committed_bytes, THREADS * ROUNDS * (100 + 2500 / 2));
        assert_int_equal(record->live_samples, THREADS * ROUNDS * 3 / 2);
        assert_int_equal(record->live_count, THREADS * ROUNDS * (1 + 3) - THREADS * ROUNDS / 2 * 3);
        assert_int_equal(record->allocated_bytes, THREADS * ROUNDS * 2600);
    }
    assert_int_equal(nodes()->used, used); /* every stack was there, each frame of it once */
    for (uint32_t i = 1; i < used; i++)
        for (uint32_t j = i + 1; j < used; j++)
            assert_false(journal.nodes[i].frame == journal.nodes[j].frame &&
                         journal.nodes[i].parent == journal.nodes[j].parent);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh_sites, done_sites)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stack_is_kept_once),
        TEST(stacks_share_their_outer_frames),
        TEST(no_frames_no_node),
        TEST(a_site_is_a_stack_and_a_kind),
        TEST(likes_are_told_apart),
        TEST(exact_blocks_add_up),
        TEST(a_sampled_block_stands_for_many),
        TEST(totals_return_to_zero),
        TEST(totals_never_fall_below_zero),
        TEST(ranges_lose_parts),
        TEST(committed_bytes_are_summed),
        TEST(sites_beyond_the_capacity_are_charged_to_site_0),
        TEST(nodes_beyond_the_capacity_are_counted),
        TEST(what_waits_in_vain_for_the_lock_is_counted),
        TEST(eight_threads_agree_on_stacks),
    };
    return cmocka_run_group_tests_name("shim_sites", tests, NULL, NULL);
}
