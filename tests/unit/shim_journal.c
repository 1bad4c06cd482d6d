/* SPDX-License-Identifier: MIT */
/* journal: the layout, records kept once, the two timelines over a million ticks, the two slots of the state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fresh_journal.h"
#include "threads.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct lw_section *section(enum lw_section_kind kind)
{
    return journal_section(&journal, kind);
}

static void the_header_says_what_the_file_is(void **unused)
{
    const struct lw_header *header = file;
    assert_memory_equal(header->magic, "LASTWRDS", 8);
    assert_int_equal(header->version, LW_FORMAT_VERSION);
    assert_int_equal(header->byte_order, LW_BYTE_ORDER);
    assert_int_equal(header->file_bytes, journal_file_bytes());
    assert_int_equal(header->file_bytes % 4096, 0);
    assert_int_equal(header->page_bytes, 4096);
    assert_int_equal(header->life, LW_LIFE_STARTING);
    assert_int_equal(header->ended_ns, 0);
    assert_int_equal(header->section_count, LW_SECTION_COUNT - 1);
    assert_true(header->section_count <= LW_MAX_SECTIONS);
}

static void sections_lie_in_the_file_side_by_side(void **unused)
{
    const struct lw_header *header = file;
    uint64_t end = LW_HEADER_BYTES;
    for (uint32_t i = 0; i < header->section_count; i++) {
        const struct lw_section *at = &header->sections[i];
        assert_int_equal(at->kind, i + 1);
        assert_ptr_equal(at, section((enum lw_section_kind)at->kind));
        assert_int_equal(at->offset % LW_SECTION_ALIGN, 0);
        assert_true(at->offset >= end);
        assert_true(at->record_size > 0 && at->capacity > 0);
        end = at->offset + (uint64_t)at->record_size * at->capacity;
        assert_true(end <= header->file_bytes);
        assert_int_equal(at->dropped, 0);
    }
}

static void the_pointers_are_those_of_the_sections(void **unused)
{
    const struct {
        enum lw_section_kind kind;
        const void *pointer;
        size_t record_size;
        uint64_t used;
    } rows[] = {
        {LW_SECTION_IDENTITY, journal.identity, sizeof(struct lw_identity), 0},
        {LW_SECTION_STRINGS, journal.strings, 1, 1},
        {LW_SECTION_MODULES, journal.modules, sizeof(struct lw_module), 0},
        {LW_SECTION_SYMBOLS, journal.symbols, sizeof(struct lw_symbol), 0},
        {LW_SECTION_PYTHON_FRAMES, journal.python_frames, sizeof(struct lw_python_frame), 1},
        {LW_SECTION_NODES, journal.nodes, sizeof(struct lw_node), 1},
        {LW_SECTION_SITES, journal.sites, sizeof(struct lw_site), 1},
        {LW_SECTION_STATE, journal.state, sizeof(struct lw_state), 0},
        {LW_SECTION_TIMELINE_RECENT, journal.recent, sizeof(struct lw_tick), 0},
        {LW_SECTION_TIMELINE_WHOLE, journal.whole, sizeof(struct lw_tick), 0},
        {LW_SECTION_EVENTS, journal.events, sizeof(struct lw_event), 0},
        {LW_SECTION_THREADS, journal.threads, sizeof(struct lw_thread), 0},
        {LW_SECTION_CAPABILITIES, journal.capabilities, sizeof(struct lw_capability), 0},
        {LW_SECTION_MARKS, journal.marks, sizeof(struct lw_mark), 0},
        {LW_SECTION_TOUCHES, journal.touches, sizeof(struct lw_touch), 0},
        {LW_SECTION_INPUTS, journal.inputs, sizeof(struct lw_input), 0},
        {LW_SECTION_TEXT, journal.text, 1, 0},
        {LW_SECTION_OUTCOME, journal.outcome, sizeof(struct lw_outcome), 0},
        {LW_SECTION_NEIGHBOURS, journal.neighbours, sizeof(struct lw_neighbour), 0},
        {LW_SECTION_MOMENT, journal.moment, sizeof(struct lw_state), 0},
        {LW_SECTION_MOMENT_SITES, journal.moment_sites, sizeof(struct lw_moment_site), 0},
    };
    assert_int_equal(COUNT(rows), LW_SECTION_COUNT - 1);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_ptr_equal(rows[i].pointer, (char *)file + section(rows[i].kind)->offset);
        assert_int_equal(section(rows[i].kind)->record_size, rows[i].record_size);
        assert_int_equal(section(rows[i].kind)->used, rows[i].used);
    }
    assert_int_equal(section(LW_SECTION_STATE)->capacity, 2);
}

static void a_life_ends_once(void **unused)
{
    const struct lw_header *header = file;
    journal_set_life(&journal, LW_LIFE_LIVE, 0, 55);
    assert_int_equal(header->life, LW_LIFE_LIVE);
    assert_int_equal(header->ended_ns, 0);
    journal_set_life(&journal, LW_LIFE_EXITED, 3, 77);
    assert_int_equal(header->life, LW_LIFE_EXITED);
    assert_int_equal(header->exit_code, 3);
    assert_int_equal(header->ended_ns, 77);
}

static void strings_are_kept_once(void **unused)
{
    uint32_t one = journal_string(&journal, "one"), two = journal_string(&journal, "two");
    assert_int_equal(one, 1);
    assert_int_equal(two, 5);
    assert_int_equal(section(LW_SECTION_STRINGS)->used, 9);
    assert_int_equal(journal_string(&journal, "one"), one);
    assert_int_equal(journal_string_n(&journal, "two and more", 3), two);
    assert_int_equal(journal_string(&journal, ""), 0);
    assert_int_equal(journal_string_n(&journal, "x", 0), 0);
    assert_int_equal(section(LW_SECTION_STRINGS)->used, 9);
    uint32_t on = journal_string(&journal, "on"); /* a beginning, or an end, is another string */
    uint32_t ne = journal_string(&journal, "ne");
    assert_string_equal(journal.strings + on, "on");
    assert_string_equal(journal.strings + ne, "ne");
    assert_int_equal(section(LW_SECTION_STRINGS)->used, 15);
    assert_string_equal(journal.strings, "");
    assert_int_equal(section(LW_SECTION_STRINGS)->dropped, 0);
}

/* Long names, as C++ has them, use the section to its end. */
static void long_strings_fill_the_section(void **unused)
{
    const struct lw_section *strings = section(LW_SECTION_STRINGS);
    enum { LENGTH = 200, FIT = (512 * 1024 - 1) / (LENGTH + 1) };
    char name[LENGTH + 1];
    memset(name, 'x', LENGTH);
    name[LENGTH] = '\0';
    for (uint32_t i = 0; i < FIT + 10; i++) {
        snprintf(name, 20, "%019u", i);
        name[19] = '_';
        uint32_t at = journal_string(&journal, name);
        assert_int_equal(at, i < FIT ? 1 + i * (LENGTH + 1) : 0);
        if (at)
            assert_string_equal(journal.strings + at, name);
    }
    assert_int_equal(strings->dropped, 10);
    assert_int_equal(strings->used, 1 + FIT * (LENGTH + 1));
    assert_true(strings->used <= strings->capacity);
    snprintf(name, 20, "%019u", 7); /* what is there is still found */
    name[19] = '_';
    assert_int_equal(journal_string(&journal, name), 1 + 7 * (LENGTH + 1));
    assert_int_not_equal(journal_string(&journal, "short"), 0); /* and a short one still fits */
}

/* Many short strings: what the index cannot hold is dropped and counted, never kept twice. */
static void short_strings_end_with_the_index(void **unused)
{
    const struct lw_section *strings = section(LW_SECTION_STRINGS);
    enum { NAMES = 60000 };
    static uint32_t at[NAMES];
    uint32_t kept = 0;
    char name[8];
    for (uint32_t i = NAMES; i-- > 0;) { /* the long ones first: the short ones are their beginnings */
        snprintf(name, sizeof name, "%x", i);
        at[i] = journal_string(&journal, name);
        kept += at[i] != 0;
    }
    assert_true(kept >= 16384);
    assert_int_equal(strings->dropped, NAMES - kept);
    uint64_t used = strings->used;
    for (uint32_t i = 0; i < NAMES; i++) {
        if (!at[i])
            continue;
        snprintf(name, sizeof name, "%x", i);
        assert_string_equal(journal.strings + at[i], name);
        assert_int_equal(journal_string(&journal, name), at[i]);
    }
    assert_int_equal(strings->used, used);
}

static void python_frames_are_kept_once(void **unused)
{
    struct lw_section *frames = section(LW_SECTION_PYTHON_FRAMES);
    struct lw_python_frame frame = {.function = 5, .file = 9, .line = 12, .first_line = 10};
    assert_int_equal(journal_python_frame(&journal, &frame), 1);
    assert_int_equal(journal_python_frame(&journal, &frame), 1);
    frame.line = -1;
    assert_int_equal(journal_python_frame(&journal, &frame), 2);
    assert_int_equal(frames->used, 3);
    assert_memory_equal(&journal.python_frames[2], &frame, sizeof frame);
    frame.line = 12;
    assert_int_equal(journal_python_frame(&journal, &frame), 1);
    for (uint32_t i = 3; i < frames->capacity + 5; i++) {
        frame.line = (int32_t)i + 100;
        assert_int_equal(journal_python_frame(&journal, &frame), i < frames->capacity ? i : UINT32_MAX);
    }
    assert_int_equal(frames->used, frames->capacity);
    assert_int_equal(frames->dropped, 5);
    frame.line = 12;
    assert_int_equal(journal_python_frame(&journal, &frame), 1);
}

static void what_waits_in_vain_for_the_lock_is_counted(void **unused)
{
    const struct lw_python_frame frame = {.function = 1}, later = {.function = 2};
    const struct lw_symbol symbol = {.address = 5};
    uint32_t known = journal_string(&journal, "known");
    assert_int_equal(journal_python_frame(&journal, &frame), 1);
    assert_true(lock_try(&journal.lock));
    assert_int_equal(journal_string(&journal, "known"), known); /* what is there needs no lock */
    assert_int_equal(journal_python_frame(&journal, &frame), 1);
    assert_int_equal(journal_string(&journal, "new"), 0);
    assert_int_equal(journal_python_frame(&journal, &later), UINT32_MAX);
    assert_false(journal_symbol(&journal, &symbol));
    lock_drop(&journal.lock);
    assert_int_equal(section(LW_SECTION_STRINGS)->dropped, 1);
    assert_int_equal(section(LW_SECTION_PYTHON_FRAMES)->dropped, 1);
    assert_int_equal(section(LW_SECTION_SYMBOLS)->dropped, 1);
    assert_int_not_equal(journal_string(&journal, "new"), 0);
}

static void plain_records_are_appended(void **unused)
{
    const struct lw_symbol symbol = {.address = 0x1234, .name = 7, .module = 1, .offset = 9};
    const struct lw_module module = {.start = 1, .end = 2, .bias = 3, .path = 4};
    const struct lw_mark mark = {.t_ns = 5, .kind = LW_MARK_WARN, .site = 6, .resident_bytes = 7, .committed_bytes = 8};
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(journal_symbol(&journal, &symbol));
        assert_true(journal_module(&journal, &module));
        journal_mark(&journal, &mark);
        assert_memory_equal(&journal.symbols[i], &symbol, sizeof symbol);
        assert_memory_equal(&journal.modules[i], &module, sizeof module);
        assert_memory_equal(&journal.marks[i], &mark, sizeof mark);
        assert_int_equal(section(LW_SECTION_SYMBOLS)->used, i + 1);
        assert_int_equal(section(LW_SECTION_MODULES)->used, i + 1);
        assert_int_equal(section(LW_SECTION_MARKS)->used, i + 1);
    }
    for (uint32_t i = 3; i < section(LW_SECTION_MODULES)->capacity; i++)
        assert_true(journal_module(&journal, &module));
    assert_false(journal_module(&journal, &module));
    assert_int_equal(section(LW_SECTION_MODULES)->dropped, 1);
    assert_memory_equal(&journal.symbols[0], &symbol, sizeof symbol); /* the next section is untouched */
}

static void capabilities_name_what_and_why(void **unused)
{
    journal_capability(&journal, "psi", false, "psi=0");
    journal_capability(&journal, "python", true, "3.11");
    const struct lw_capability *at = journal.capabilities;
    assert_string_equal(journal.strings + at[0].name, "psi");
    assert_string_equal(journal.strings + at[0].why, "psi=0");
    assert_int_equal(at[0].available, 0);
    assert_string_equal(journal.strings + at[1].name, "python");
    assert_int_equal(at[1].available, 1);
    assert_int_equal(section(LW_SECTION_CAPABILITIES)->used, 2);
}

static void events_are_cut_dropped_and_counted(void **unused)
{
    struct lw_section *events = section(LW_SECTION_EVENTS);
    char text[200];
    memset(text, 'e', sizeof text);
    text[199] = '\0';
    journal_event(&journal, 12, LW_EVENT_RELIEF, -5, text);
    assert_int_equal(journal.events[0].t_ns, 12);
    assert_int_equal(journal.events[0].kind, LW_EVENT_RELIEF);
    assert_int_equal(journal.events[0].a, -5);
    assert_int_equal(strlen(journal.events[0].text), sizeof journal.events[0].text - 1);
    for (uint32_t i = 1; i < events->capacity + 3; i++)
        journal_event(&journal, i, LW_EVENT_STAGE, i, "x");
    assert_int_equal(events->used, events->capacity);
    assert_int_equal(events->dropped, 3);
    assert_int_equal(journal.events[events->capacity - 1].a, events->capacity - 1);
    assert_string_equal(journal.events[1].text, "x");
}

static bool sealed(const struct lw_tick *tick)
{
    return tick->checksum == lw_checksum(tick, offsetof(struct lw_tick, checksum));
}

enum { TICKS = 1000000 };
static struct lw_tick *given; /* all ticks, as they were */

static uint64_t random_word(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return *state >> 33;
}

/* Sleeps of 1 to 100 ms, a different binding level now and then, each level with its own limit. */
static struct lw_tick make_tick(uint32_t i, uint64_t *state)
{
    uint64_t span = 1000000 + random_word(state) % 99000000;
    uint32_t level = random_word(state) % 10 == 0;
    return (struct lw_tick){.t_ns = (i ? given[i - 1].t_ns : 0) + span,
                            .span_ns = span,
                            .headroom_bytes = random_word(state),
                            .limit_bytes = 1000 + level,
                            .binding_level = level,
                            .current_bytes = random_word(state),
                            .reclaimable_bytes = 500 + level,
                            .inactive_file_bytes = 200 + level,
                            .rss_bytes = random_word(state),
                            .committed_bytes = random_word(state),
                            .swap_bytes = random_word(state),
                            .some_total_us = i * UINT64_C(2),
                            .full_total_us = i,
                            .major_faults = i,
                            .stage = random_word(state) % 5};
}

static void the_ring_holds_the_last(uint32_t count)
{
    const struct lw_section *ring = section(LW_SECTION_TIMELINE_RECENT);
    assert_int_equal(ring->used, count);
    for (uint32_t i = count > ring->capacity ? count - ring->capacity : 0; i < count; i++) {
        const struct lw_tick *tick = &journal.recent[i % ring->capacity];
        assert_true(sealed(tick));
        assert_memory_equal(tick, &given[i], offsetof(struct lw_tick, checksum));
    }
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The extremes of given[from..to]. */
static struct lw_tick extremes(uint32_t from, uint32_t to)
{
    struct lw_tick all = given[to];
    for (uint32_t i = from; i <= to; i++) {
        if (given[i].headroom_bytes < all.headroom_bytes) {
            all.headroom_bytes = given[i].headroom_bytes;
            all.binding_level = given[i].binding_level;
        }
        all.current_bytes = larger(all.current_bytes, given[i].current_bytes);
        all.rss_bytes = larger(all.rss_bytes, given[i].rss_bytes);
        all.committed_bytes = larger(all.committed_bytes, given[i].committed_bytes);
        all.swap_bytes = larger(all.swap_bytes, given[i].swap_bytes);
        all.stage = (uint32_t)larger(all.stage, given[i].stage);
    }
    return all;
}

/* Every record stands for the ticks since the one before it, without a gap; returns the ticks that are covered. */
static uint32_t the_whole_is_gapless(uint32_t count)
{
    const struct lw_section *whole = section(LW_SECTION_TIMELINE_WHOLE);
    uint64_t end = 0;
    uint32_t next = 0;
    assert_true(whole->used <= whole->capacity);
    for (uint32_t k = 0; k < whole->used; k++) {
        const struct lw_tick *record = &journal.whole[k];
        assert_true(sealed(record));
        assert_int_equal(record->t_ns - record->span_ns, end);
        /* All parts of the run are kept at about the same grain; ticks of 100 ms are coarser than the first interval */
        assert_in_range(record->span_ns, journal.whole_interval_ns / 2, journal.whole_interval_ns * 6);
        end = record->t_ns;
        uint32_t from = next;
        while (next < count && given[next].t_ns <= end)
            next++;
        assert_int_equal(given[next - 1].t_ns, end);
        struct lw_tick all = extremes(from, next - 1);
        assert_int_equal(record->headroom_bytes, all.headroom_bytes);
        assert_int_equal(record->binding_level, all.binding_level);
        assert_int_equal(record->limit_bytes, 1000 + all.binding_level);
        assert_int_equal(record->reclaimable_bytes, 500 + all.binding_level);
        assert_int_equal(record->inactive_file_bytes, 200 + all.binding_level);
        assert_int_equal(record->current_bytes, all.current_bytes);
        assert_int_equal(record->rss_bytes, all.rss_bytes);
        assert_int_equal(record->committed_bytes, all.committed_bytes);
        assert_int_equal(record->swap_bytes, all.swap_bytes);
        assert_int_equal(record->stage, all.stage);
        assert_int_equal(record->some_total_us, all.some_total_us);
        assert_int_equal(record->major_faults, all.major_faults);
    }
    return next;
}

static void both_timelines_over_a_million_ticks(void **unused)
{
    given = calloc(TICKS, sizeof *given);
    assert_non_null(given);
    uint64_t state = 42;
    uint32_t capacity = section(LW_SECTION_TIMELINE_WHOLE)->capacity;
    for (uint32_t i = 0; i < TICKS; i++) {
        uint64_t before = section(LW_SECTION_TIMELINE_WHOLE)->used;
        given[i] = make_tick(i, &state);
        journal_tick(&journal, &given[i]);
        uint64_t now = section(LW_SECTION_TIMELINE_WHOLE)->used;
        if (now == before && i % 99991 && i > 5)
            continue;
        if (now < before || i % 99991 == 0 || i <= 5) {
            uint32_t covered = the_whole_is_gapless(i + 1);
            assert_true(i + 1 - covered <= journal.whole_interval_ns / 1000000);
            the_ring_holds_the_last(i + 1);
        }
        if (now < before)
            assert_int_equal(now, capacity / 2 + 1);
    }
    the_whole_is_gapless(TICKS);
    the_ring_holds_the_last(TICKS);
    assert_true(section(LW_SECTION_TIMELINE_WHOLE)->used >= capacity / 2);
    free(given);
}

/* The least headroom of the whole run is in the whole timeline or still being gathered; here: a dip of one tick. */
static void a_short_dip_survives_all_thinning(void **unused)
{
    for (uint64_t i = 1; i <= 300000; i++) {
        struct lw_tick tick = {.t_ns = i * 1000000,
                               .span_ns = 1000000,
                               .headroom_bytes = i == 777 ? 5 : 1000000,
                               .stage = i == 778 ? LW_STAGE_MARGIN : LW_STAGE_CALM};
        journal_tick(&journal, &tick);
    }
    uint32_t dips = 0, margins = 0;
    for (uint32_t k = 0; k < section(LW_SECTION_TIMELINE_WHOLE)->used; k++) {
        dips += journal.whole[k].headroom_bytes == 5;
        margins += journal.whole[k].stage == LW_STAGE_MARGIN;
    }
    assert_int_equal(dips, 1);
    assert_int_equal(margins, 1);
}

static bool whole_state(uint32_t slot)
{
    const struct lw_state *state = &journal.state[slot];
    return state->checksum == lw_checksum(state, offsetof(struct lw_state, checksum));
}

static void one_slot_of_the_state_is_always_whole(void **unused)
{
    static struct lw_state state, older;
    assert_false(whole_state(0)); /* zeros are no state */
    assert_false(whole_state(1));
    for (uint64_t i = 1; i <= 100; i++) {
        state.written_ns = i;
        state.rss_bytes = i * 1000;
        journal_state(&journal, &state);
        uint32_t slot = i % 2;
        assert_int_equal(section(LW_SECTION_STATE)->used, 2);
        assert_int_equal(state.generation, i);
        assert_true(whole_state(slot));
        assert_int_equal(journal.state[slot].written_ns, i);
        assert_int_equal(journal.state[slot].rss_bytes, i * 1000);
        if (i > 1)
            assert_memory_equal(&journal.state[!slot], &older, sizeof older); /* the other one was left alone */
        older = state;
    }
    ((unsigned char *)&journal.state[0])[sizeof older / 2] ^= 1;
    assert_false(whole_state(0));
    assert_true(whole_state(1));
}

enum { NAMES = 1500 };
static uint32_t offsets[THREADS][NAMES];

static void *name_things(void *argument)
{
    uintptr_t thread = (uintptr_t)argument;
    for (uint32_t i = 0; i < NAMES; i++) {
        char name[32];
        uint32_t which = (i + (uint32_t)thread * 311) % NAMES;
        snprintf(name, sizeof name, "function_%u", which);
        while (!(offsets[thread][which] = journal_string(&journal, name)))
            continue; /* the lock was not to be had in time: counted, and asked again */
    }
    return NULL;
}

static void eight_threads_agree_on_names(void **unused)
{
    run_threads(name_things);
    uint64_t bytes = 1;
    for (uint32_t i = 0; i < NAMES; i++) {
        char name[32];
        bytes += (uint64_t)snprintf(name, sizeof name, "function_%u", i) + 1;
        assert_string_equal(journal.strings + offsets[0][i], name);
        for (int thread = 1; thread < THREADS; thread++)
            assert_int_equal(offsets[thread][i], offsets[0][i]);
    }
    assert_int_equal(section(LW_SECTION_STRINGS)->used, bytes);
}

/* What is there is left as it is; what is behind the last record is touched, no more than that until the end is near.
 */
static void pages_are_touched_ahead(void **unused)
{
    static unsigned char before[16 << 20];
    assert_true(journal_file_bytes() <= sizeof before);
    journal_string(&journal, "a name");
    memset(journal.nodes, 7, 100 * sizeof *journal.nodes);
    section(LW_SECTION_NODES)->used = 60000;
    memcpy(before, file, journal_file_bytes());
    assert_int_equal(journal_touched_bytes(&journal), LW_HEADER_BYTES);
    journal_touch_ahead(&journal, false);
    assert_memory_equal(file, before, journal_file_bytes());
    uint64_t ahead = journal_touched_bytes(&journal);
    assert_true(ahead > 60000 * sizeof *journal.nodes && ahead < journal_file_bytes() / 2);
    assert_true(journal.touched[LW_SECTION_NODES - 1] >= 60001 * sizeof *journal.nodes);
    assert_true(journal.touched[LW_SECTION_STRINGS - 1] >= 4096);
    journal_touch_ahead(&journal, false); /* nothing new */
    assert_int_equal(journal_touched_bytes(&journal), ahead);
    journal_touch_ahead(&journal, true);
    assert_in_range(journal_touched_bytes(&journal), journal_file_bytes() - 8192, journal_file_bytes());
    assert_memory_equal(file, before, journal_file_bytes());
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_header_says_what_the_file_is),
        TEST(sections_lie_in_the_file_side_by_side),
        TEST(the_pointers_are_those_of_the_sections),
        TEST(a_life_ends_once),
        TEST(strings_are_kept_once),
        TEST(long_strings_fill_the_section),
        TEST(short_strings_end_with_the_index),
        TEST(python_frames_are_kept_once),
        TEST(what_waits_in_vain_for_the_lock_is_counted),
        TEST(plain_records_are_appended),
        TEST(capabilities_name_what_and_why),
        TEST(events_are_cut_dropped_and_counted),
        TEST(both_timelines_over_a_million_ticks),
        TEST(a_short_dip_survives_all_thinning),
        TEST(one_slot_of_the_state_is_always_whole),
        TEST(eight_threads_agree_on_names),
        TEST(pages_are_touched_ahead),
    };
    return cmocka_run_group_tests_name("shim_journal", tests, NULL, NULL);
}
