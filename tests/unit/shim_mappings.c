/* SPDX-License-Identifier: MIT */
/* mappings: cuts by table, capacity, and thousands of random operations against a model of single pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "store/mappings.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define CAPACITY     512u

static struct mapping memory[CAPACITY];
static struct mappings book;

struct loss {
    uint32_t calls;
    uint64_t bytes[16];
    int count[16]; /* ranges that are gone, by site */
    bool out_of_range;
};

static void lost(void *context, uint32_t site, uint64_t bytes, int count_gone)
{
    struct loss *loss = context;
    loss->calls++;
    if (site >= 16 || count_gone < -1 || count_gone > 1) {
        loss->out_of_range = true;
        return;
    }
    loss->bytes[site] += bytes;
    loss->count[site] += count_gone;
}

static int empty(void **unused)
{
    memset(memory, 0xEE, sizeof memory);
    mappings_open(&book, memory, CAPACITY);
    return 0;
}

static bool add(uint64_t start, uint64_t end, uint32_t site, struct loss *loss)
{
    const struct mapping range = {.start = start, .end = end, .site = site, .kind = 2};
    return mappings_add(&book, &range, lost, loss);
}

static void describe(char *text, size_t capacity)
{
    struct mapping copy[CAPACITY];
    uint32_t count = mappings_copy(&book, copy, CAPACITY);
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        size_t n = strlen(text);
        snprintf(text + n, capacity - n, "%s%u:%llu-%llu", i ? " " : "", copy[i].site,
                 (unsigned long long)copy[i].start, (unsigned long long)copy[i].end);
    }
}

struct operation {
    uint32_t site; /* 0: remove */
    uint64_t start, end;
};

struct cut {
    const char *name;
    struct operation first[4]; /* additions before */
    struct operation then;
    const char *after;
    uint64_t bytes[4]; /* lost by site */
    int count[4];
};

static void cuts_by_table(void **unused)
{
    static const struct cut rows[] = {
        {"nothing there", {{0}}, {0, 100, 200}, "", {0}, {0}},
        {"beside it", {{1, 100, 200}}, {0, 200, 300}, "1:100-200", {0}, {0}},
        {"before it", {{1, 100, 200}}, {0, 0, 100}, "1:100-200", {0}, {0}},
        {"all of it", {{1, 100, 200}}, {0, 100, 200}, "", {0, 100}, {0, 1}},
        {"more than all", {{1, 100, 200}}, {0, 50, 250}, "", {0, 100}, {0, 1}},
        {"the head", {{1, 100, 200}}, {0, 100, 130}, "1:130-200", {0, 30}, {0}},
        {"the head from before", {{1, 100, 200}}, {0, 50, 130}, "1:130-200", {0, 30}, {0}},
        {"the tail", {{1, 100, 200}}, {0, 170, 200}, "1:100-170", {0, 30}, {0}},
        {"the tail and beyond", {{1, 100, 200}}, {0, 170, 300}, "1:100-170", {0, 30}, {0}},
        {"the middle", {{1, 100, 200}}, {0, 140, 160}, "1:100-140 1:160-200", {0, 20}, {0, -1}},
        {"nothing in the middle", {{1, 100, 200}}, {0, 150, 150}, "1:100-200", {0}, {0}},
        {"a range turned round", {{1, 100, 200}}, {0, 180, 150}, "1:100-200", {0}, {0}},
        {"across two", {{1, 100, 200}, {2, 200, 300}}, {0, 150, 250}, "1:100-150 2:250-300", {0, 50, 50}, {0}},
        {"across three",
         {{1, 100, 200}, {2, 200, 300}, {3, 400, 500}},
         {0, 150, 450},
         "1:100-150 3:450-500",
         {0, 50, 100, 50},
         {0, 0, 1, 0}},
        {"two of three",
         {{1, 100, 200}, {2, 200, 300}, {3, 400, 500}},
         {0, 0, 350},
         "3:400-500",
         {0, 100, 100},
         {0, 1, 1}},
        {"added between", {{1, 100, 200}, {2, 300, 400}}, {3, 200, 300}, "1:100-200 3:200-300 2:300-400", {0}, {0}},
        {"MAP_FIXED over all of one", {{1, 100, 200}}, {2, 100, 200}, "2:100-200", {0, 100}, {0, 1}},
        {"MAP_FIXED over the head", {{1, 100, 200}}, {2, 50, 150}, "2:50-150 1:150-200", {0, 50}, {0}},
        {"MAP_FIXED over the tail", {{1, 100, 200}}, {2, 150, 250}, "1:100-150 2:150-250", {0, 50}, {0}},
        {"MAP_FIXED into the middle",
         {{1, 100, 200}},
         {2, 140, 160},
         "1:100-140 2:140-160 1:160-200",
         {0, 20},
         {0, -1}},
        {"MAP_FIXED over three",
         {{1, 100, 200}, {2, 250, 300}, {3, 400, 500}},
         {4, 150, 450},
         "1:100-150 4:150-450 3:450-500",
         {0, 50, 50, 50},
         {0, 0, 1, 0}},
        {"the same site again", {{1, 100, 200}}, {1, 150, 250}, "1:100-150 1:150-250", {0, 50}, {0}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct loss loss = {0};
        char text[400];
        empty(NULL);
        for (size_t k = 0; k < 4 && rows[i].first[k].site; k++)
            assert_true(add(rows[i].first[k].start, rows[i].first[k].end, rows[i].first[k].site, &loss));
        assert_int_equal(loss.calls, 0);
        const struct operation *then = &rows[i].then;
        if (then->site)
            assert_true(add(then->start, then->end, then->site, &loss));
        else
            assert_true(mappings_remove(&book, then->start, then->end, lost, &loss));
        describe(text, sizeof text);
        if (strcmp(text, rows[i].after) != 0)
            fail_msg("%s: '%s'", rows[i].name, text);
        for (size_t site = 0; site < 4; site++)
            if (loss.bytes[site] != rows[i].bytes[site] || loss.count[site] != rows[i].count[site])
                fail_msg("%s: site %zu lost %llu bytes, %d ranges", rows[i].name, site,
                         (unsigned long long)loss.bytes[site], loss.count[site]);
        assert_false(loss.out_of_range);
    }
}

static void finds_by_address(void **unused)
{
    struct loss loss = {0};
    struct mapping found = {.site = 9};
    add(100, 200, 1, &loss);
    add(300, 400, 2, &loss);
    static const struct {
        uint64_t address;
        uint32_t site; /* 0: none */
    } rows[] = {{99, 0}, {100, 1}, {199, 1}, {200, 0}, {299, 0}, {300, 2}, {399, 2}, {400, 0}, {UINT64_MAX, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        found.site = 9;
        assert_int_equal(mappings_find(&book, rows[i].address, &found), rows[i].site != 0);
        assert_int_equal(found.site, rows[i].site ? rows[i].site : 9);
    }
    assert_true(mappings_find(&book, 150, &found));
    assert_int_equal(found.start, 100);
    assert_int_equal(found.end, 200);
    assert_int_equal(found.kind, 2);
}

static void copies_what_fits_and_tells_how_many_there_are(void **unused)
{
    struct loss loss = {0};
    struct mapping copy[3] = {{0}};
    copy[2].site = 77;
    for (uint32_t i = 5; i > 0; i--)
        add(i * 100, i * 100 + 50, i, &loss);
    assert_int_equal(mappings_copy(&book, copy, 2), 5);
    assert_int_equal(copy[0].site, 1);
    assert_int_equal(copy[1].site, 2);
    assert_int_equal(copy[2].site, 77);
}

static void a_full_book_drops_and_counts(void **unused)
{
    struct loss loss = {0};
    mappings_open(&book, memory, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_true(add(i * 100, i * 100 + 90, i + 1, &loss));
    assert_false(add(1000, 1100, 5, &loss));
    assert_int_equal(book.dropped, 1);
    assert_int_equal(loss.calls, 0);
    /* What it displaces makes room for it. */
    assert_true(add(100, 190, 6, &loss));
    assert_int_equal(loss.bytes[2], 90);
    assert_int_equal(loss.count[2], 1);
    assert_int_equal(book.count, 4);
    assert_int_equal(book.dropped, 1);
}

/* The tail of a range cut in two finds no place: it leaves the books with its bytes; one range stays one range. */
static void a_cut_in_a_full_book_loses_the_tail(void **unused)
{
    struct loss loss = {0};
    char text[200];
    mappings_open(&book, memory, 2);
    add(100, 200, 1, &loss);
    add(300, 400, 2, &loss);
    assert_true(mappings_remove(&book, 140, 160, lost, &loss));
    describe(text, sizeof text);
    assert_string_equal(text, "1:100-140 2:300-400");
    assert_int_equal(loss.bytes[1], 60);
    assert_int_equal(loss.count[1], 0);
    assert_int_equal(book.dropped, 1);
}

static uint32_t last_site(uint64_t start, uint64_t end, uint32_t kind)
{
    const struct mapping range = {.start = start, .end = end, .kind = kind};
    return mappings_last_site(&book, &range);
}

static void what_comes_again_at_its_place_is_known(void **unused)
{
    struct loss loss = {0};
    const uint64_t there = 0x10000, end = 0x14000;
    assert_int_equal(last_site(there, end, 2), 0);
    add(there, end, 7, &loss);
    assert_int_equal(last_site(there, end, 2), 0); /* it has not gone */
    assert_true(mappings_remove(&book, there, end, lost, &loss));
    assert_int_equal(last_site(there, end, 2), 7);
    assert_int_equal(last_site(there, end, 3), 0); /* of another kind */
    assert_int_equal(last_site(there, end + 0x1000, 2), 0);
    assert_int_equal(last_site(there + 0x1000, end, 2), 0);
    add(there, end, 3, &loss);
    add(there, end, 4, &loss); /* displaced by MAP_FIXED, that is gone too */
    assert_int_equal(last_site(there, end, 2), 3);
    assert_true(mappings_remove(&book, there, there + 0x1000, lost, &loss)); /* a part only */
    assert_int_equal(last_site(there, end, 2), 3);
    add(there, end, MAPPING_ARENA, &(struct loss){0});
    assert_true(mappings_remove(&book, there, end, lost, &(struct loss){0}));
    assert_int_equal(last_site(there, end, 2), 0); /* nobody's */
}

static void a_lock_that_is_not_given_back_costs_no_more_than_the_entry(void **unused)
{
    struct loss loss = {0};
    struct mapping found;
    add(100, 200, 1, &loss);
    assert_true(lock_try(&book.lock));
    assert_false(add(300, 400, 2, &loss));
    assert_false(mappings_remove(&book, 100, 200, lost, &loss));
    assert_false(mappings_find(&book, 150, &found));
    assert_int_equal(last_site(100, 200, 2), 0);
    assert_int_equal(mappings_copy(&book, &found, 1), 0);
    assert_int_equal(book.dropped, 2);
    lock_drop(&book.lock);
    assert_true(mappings_find(&book, 150, &found));
    assert_int_equal(loss.calls, 0);
}

/* The model: who owns each page of a small address space, and as part of which range. */
enum { PAGES = 300, PAGE = 4096 };
struct model {
    uint32_t site[PAGES];
    uint64_t bytes[16]; /* added minus lost, by site: what the sites' totals would say */
    int64_t count[16];
};

static uint64_t random_state;

static uint32_t chance(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)((random_state >> 33) % below);
}

static void follow(struct model *model, const struct loss *loss)
{
    assert_false(loss->out_of_range);
    for (int site = 0; site < 16; site++) {
        assert_true(model->bytes[site] >= loss->bytes[site]);
        model->bytes[site] -= loss->bytes[site];
        model->count[site] -= loss->count[site];
    }
}

static void compare(const struct model *model)
{
    uint64_t bytes[16] = {0}, pages[16] = {0};
    int64_t ranges[16] = {0};
    uint64_t end = 0;
    for (uint32_t i = 0; i < book.count; i++) {
        const struct mapping *range = &book.ranges[i];
        assert_true(range->start >= end && range->start < range->end);
        end = range->end;
        bytes[range->site] += range->end - range->start;
        ranges[range->site]++;
        for (uint64_t page = range->start / PAGE; page < range->end / PAGE; page++)
            assert_int_equal(model->site[page], range->site);
    }
    for (uint32_t page = 0; page < PAGES; page++)
        pages[model->site[page]]++;
    for (int site = 1; site < 16; site++) {
        assert_int_equal(bytes[site], pages[site] * PAGE);
        assert_int_equal(bytes[site], model->bytes[site]);
        assert_int_equal(ranges[site], model->count[site]);
    }
}

static void agrees_with_a_model_of_pages(void **unused)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct model model = {0};
        empty(NULL);
        random_state = seed;
        for (int operation = 0; operation < 3000; operation++) {
            struct loss loss = {0};
            uint32_t from = chance(PAGES), length = 1 + chance(chance(4) ? 12 : PAGES);
            uint32_t to = from + length < PAGES ? from + length : PAGES, site = chance(3) ? 1 + chance(15) : 0;
            uint64_t start = (uint64_t)from * PAGE, end = (uint64_t)to * PAGE;
            if (site) {
                assert_true(add(start, end, site, &loss));
                follow(&model, &loss);
                model.bytes[site] += end - start;
                model.count[site]++;
            } else {
                assert_true(mappings_remove(&book, start, end, lost, &loss));
                follow(&model, &loss);
            }
            for (uint32_t page = from; page < to; page++)
                model.site[page] = site;
            compare(&model);
            struct mapping found;
            uint32_t probe = chance(PAGES);
            assert_int_equal(mappings_find(&book, (uint64_t)probe * PAGE + 5, &found), model.site[probe] != 0);
        }
        assert_int_equal(book.dropped, 0);
    }
}

/* The same with a book that is always nearly full: whatever it forgets, it tells. */
static void a_small_book_still_adds_up(void **unused)
{
    struct model model = {0};
    mappings_open(&book, memory, 12);
    random_state = 5;
    for (int operation = 0; operation < 20000; operation++) {
        struct loss loss = {0};
        uint64_t start = (uint64_t)chance(PAGES) * PAGE, end = start + (uint64_t)(1 + chance(20)) * PAGE;
        uint32_t site = chance(3) ? 1 + chance(15) : 0;
        bool kept = site ? add(start, end, site, &loss) : mappings_remove(&book, start, end, lost, &loss);
        follow(&model, &loss);
        if (site && kept) {
            model.bytes[site] += end - start;
            model.count[site]++;
        }
        uint64_t bytes[16] = {0};
        int64_t ranges[16] = {0};
        for (uint32_t i = 0; i < book.count; i++) {
            bytes[book.ranges[i].site] += book.ranges[i].end - book.ranges[i].start;
            ranges[book.ranges[i].site]++;
        }
        assert_memory_equal(bytes, model.bytes, sizeof bytes);
        assert_memory_equal(ranges, model.count, sizeof ranges);
    }
    assert_true(book.dropped > 100);
}

static void what_is_taken_can_be_put_back(void **unused)
{
    struct loss loss = {0};
    struct mapping pieces[8];
    char text[200];
    add(0x1000, 0x5000, 1, &loss);
    add(0x5000, 0x6000, 2, &loss);
    add(0x8000, 0x9000, 3, &loss);
    assert_int_equal(mappings_take(&book, 0x2000, 0x9000, pieces, 8, lost, &loss), 3);
    assert_int_equal(loss.bytes[1], 0x3000);
    assert_int_equal(loss.bytes[2], 0x1000);
    assert_int_equal(loss.bytes[3], 0x1000);
    describe(text, sizeof text);
    assert_string_equal(text, "1:4096-8192");
    for (int i = 0; i < 3; i++)
        assert_true(mappings_add(&book, &pieces[i], lost, &loss));
    describe(text, sizeof text);
    assert_string_equal(text, "1:4096-8192 1:8192-20480 2:20480-24576 3:32768-36864");
    assert_int_equal(mappings_take(&book, 0x6000, 0x8000, pieces, 8, lost, &loss), 0);
    assert_int_equal(mappings_take(&book, 0, UINT64_MAX, pieces, 2, lost, &loss), 2); /* no more fit, all are removed */
    assert_int_equal(book.count, 0);
}

static void a_range_grows_with_its_own_kind_only(void **unused)
{
    static const struct {
        struct mapping more;
        bool grows;
    } rows[] = {
        {{0x2000, 0x2100, 1, 2}, true},  {{0x2100, 0x2200, 2, 2}, false}, /* another site */
        {{0x2100, 0x2200, 1, 3}, false},                                  /* another kind */
        {{0x2101, 0x2200, 1, 2}, false},                                  /* a gap */
        {{0x2100, 0x4001, 1, 2}, false},                                  /* into the next one */
        {{0x2100, 0x4000, 1, 2}, true},  {{0x5000, 0x6000, 1, 2}, false}, {{0x0000, 0x1000, 1, 2}, false},
    };
    struct loss loss = {0};
    add(0x1000, 0x2000, 1, &loss);
    add(0x4000, 0x4800, 3, &loss);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(mappings_extend(&book, &rows[i].more), rows[i].grows);
    char text[200];
    describe(text, sizeof text);
    assert_string_equal(text, "1:4096-16384 3:16384-18432");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(cuts_by_table, empty),
        cmocka_unit_test_setup(finds_by_address, empty),
        cmocka_unit_test_setup(copies_what_fits_and_tells_how_many_there_are, empty),
        cmocka_unit_test_setup(a_full_book_drops_and_counts, empty),
        cmocka_unit_test_setup(a_cut_in_a_full_book_loses_the_tail, empty),
        cmocka_unit_test_setup(what_comes_again_at_its_place_is_known, empty),
        cmocka_unit_test_setup(a_lock_that_is_not_given_back_costs_no_more_than_the_entry, empty),
        cmocka_unit_test_setup(agrees_with_a_model_of_pages, empty),
        cmocka_unit_test_setup(what_is_taken_can_be_put_back, empty),
        cmocka_unit_test_setup(a_range_grows_with_its_own_kind_only, empty),
        cmocka_unit_test_setup(a_small_book_still_adds_up, empty),
    };
    return cmocka_run_group_tests_name("shim_mappings", tests, NULL, NULL);
}
