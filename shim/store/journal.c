/* SPDX-License-Identifier: MIT */
#include "store/journal.h"
#include "ground/sys.h"
#include "ground/text.h"

#include <string.h>

#define STRING_INDEX_SLOTS      32768u
#define PYTHON_INDEX_SLOTS      32768u
#define WHOLE_FIRST_INTERVAL_NS 20000000u /* 20 ms: a run of 20 s fits unmerged; doubles when full */

#define MOMENT_LEAST_BYTES (64u << 10)

#define PAGE_STEP   4096u
#define AHEAD_BYTES (8 * PAGE_STEP) /* for where there is room; near the end everything is touched */

/* Capacities: some 4.3 MiB in all. Deep stacks share their outer frames, so nodes are few for their worth. */
static const struct {
    enum lw_section_kind kind;
    uint32_t record_size;
    uint32_t capacity;
    size_t field; /* pointer in struct journal */
} layout[] = {
    {LW_SECTION_IDENTITY, sizeof(struct lw_identity), 1, offsetof(struct journal, identity)},
    {LW_SECTION_STRINGS, 1, 512 * 1024, offsetof(struct journal, strings)},
    {LW_SECTION_MODULES, sizeof(struct lw_module), 1024, offsetof(struct journal, modules)},
    {LW_SECTION_SYMBOLS, sizeof(struct lw_symbol), 16384, offsetof(struct journal, symbols)},
    {LW_SECTION_PYTHON_FRAMES, sizeof(struct lw_python_frame), 16384, offsetof(struct journal, python_frames)},
    {LW_SECTION_NODES, sizeof(struct lw_node), 65536, offsetof(struct journal, nodes)},
    {LW_SECTION_SITES, sizeof(struct lw_site), 8192, offsetof(struct journal, sites)},
    {LW_SECTION_STATE, sizeof(struct lw_state), 2, offsetof(struct journal, state)},
    {LW_SECTION_TIMELINE_RECENT, sizeof(struct lw_tick), 1024, offsetof(struct journal, recent)},
    {LW_SECTION_TIMELINE_WHOLE, sizeof(struct lw_tick), 1024, offsetof(struct journal, whole)},
    {LW_SECTION_EVENTS, sizeof(struct lw_event), 512, offsetof(struct journal, events)},
    {LW_SECTION_THREADS, sizeof(struct lw_thread), 256, offsetof(struct journal, threads)},
    {LW_SECTION_CAPABILITIES, sizeof(struct lw_capability), 64, offsetof(struct journal, capabilities)},
    {LW_SECTION_MARKS, sizeof(struct lw_mark), 4096, offsetof(struct journal, marks)},
    {LW_SECTION_TOUCHES, sizeof(struct lw_touch), 8192, offsetof(struct journal, touches)},
    {LW_SECTION_INPUTS, sizeof(struct lw_input), 64, offsetof(struct journal, inputs)},
    {LW_SECTION_TEXT, 1, 16384, offsetof(struct journal, text)},
    {LW_SECTION_OUTCOME, sizeof(struct lw_outcome), 1, offsetof(struct journal, outcome)},
    {LW_SECTION_NEIGHBOURS, sizeof(struct lw_neighbour), 2 * LW_MAX_NEIGHBOURS, offsetof(struct journal, neighbours)},
    {LW_SECTION_MOMENT, sizeof(struct lw_state), 2, offsetof(struct journal, moment)},
    {LW_SECTION_MOMENT_SITES, sizeof(struct lw_moment_site), 4096, offsetof(struct journal, moment_sites)},
};
#define LAYOUT_COUNT (sizeof layout / sizeof layout[0])

static uint64_t aligned(uint64_t offset)
{
    return (offset + LW_SECTION_ALIGN - 1) & ~(uint64_t)(LW_SECTION_ALIGN - 1);
}

uint64_t journal_file_bytes(void)
{
    uint64_t offset = LW_HEADER_BYTES;
    for (size_t i = 0; i < LAYOUT_COUNT; i++)
        offset = aligned(offset + (uint64_t)layout[i].record_size * layout[i].capacity);
    return (offset + 4095) & ~(uint64_t)4095;
}

uint64_t journal_private_bytes(void)
{
    return (STRING_INDEX_SLOTS + PYTHON_INDEX_SLOTS) * sizeof(uint32_t);
}

struct lw_section *journal_section(struct journal *journal, enum lw_section_kind kind)
{
    return &journal->header->sections[kind - 1]; /* the layout is in the order of the kinds */
}

void journal_format(struct journal *journal, void *file, void *private_memory, uint32_t page_bytes)
{
    *journal = (struct journal){.base = file, .bytes = journal_file_bytes(), .header = file};
    struct lw_header *header = journal->header;
    uint64_t offset = LW_HEADER_BYTES;
    for (size_t i = 0; i < LAYOUT_COUNT; i++) {
        header->sections[i] = (struct lw_section){.kind = layout[i].kind,
                                                  .record_size = layout[i].record_size,
                                                  .offset = offset,
                                                  .capacity = layout[i].capacity};
        void *start = journal->base + offset;
        memcpy((char *)journal + layout[i].field, &start, sizeof start);
        offset = aligned(offset + (uint64_t)layout[i].record_size * layout[i].capacity);
    }
    /* Record 0 of these means "none", "empty" or "everything else". */
    journal_section(journal, LW_SECTION_STRINGS)->used = 1;
    journal_section(journal, LW_SECTION_PYTHON_FRAMES)->used = 1;
    journal_section(journal, LW_SECTION_NODES)->used = 1;
    journal_section(journal, LW_SECTION_SITES)->used = 1;
    journal->sites[0].kind = LW_SITE_HEAP;
    journal->string_index = (struct index){private_memory, STRING_INDEX_SLOTS - 1};
    journal->python_index = (struct index){(uint32_t *)private_memory + STRING_INDEX_SLOTS, PYTHON_INDEX_SLOTS - 1};
    journal->whole_interval_ns = WHOLE_FIRST_INTERVAL_NS;
    header->version = LW_FORMAT_VERSION;
    header->byte_order = LW_BYTE_ORDER;
    header->file_bytes = journal->bytes;
    header->page_bytes = page_bytes;
    header->section_count = LAYOUT_COUNT;
    header->life = LW_LIFE_STARTING;
    memcpy(header->magic, LW_MAGIC, sizeof header->magic);
}

/* Changes nothing: others may be writing there. A page by itself costs up to 15 us, in one call with others 1 us. */
static void touch(unsigned char *at, unsigned char *end)
{
    if (sys_populate(at, (size_t)(end - at)))
        return;
    for (; at < end; at += PAGE_STEP)
        __atomic_fetch_or((volatile unsigned char *)at, 0, __ATOMIC_RELAXED);
    __atomic_fetch_or((volatile unsigned char *)end - 1, 0, __ATOMIC_RELAXED);
}

void journal_touch_ahead(struct journal *journal, bool everything)
{
    for (size_t i = 0; i < LAYOUT_COUNT; i++) {
        struct lw_section *section = &journal->header->sections[i];
        uint64_t whole = (uint64_t)layout[i].record_size * layout[i].capacity, *touched = &journal->touched[i];
        uint32_t used = journal_used(section);
        uint64_t wanted = used ? used * (uint64_t)layout[i].record_size + AHEAD_BYTES : 0;
        if (everything || wanted > whole)
            wanted = whole;
        if (wanted <= *touched)
            continue;
        touch(journal->base + section->offset + *touched, journal->base + section->offset + wanted);
        *touched = wanted;
    }
}

uint64_t journal_touched_bytes(const struct journal *journal)
{
    uint64_t sum = LW_HEADER_BYTES;
    for (size_t i = 0; i < LAYOUT_COUNT; i++)
        sum += journal->touched[i];
    return sum;
}

void journal_set_life(struct journal *journal, enum lw_life life, int exit_code, uint64_t now_ns)
{
    journal->header->exit_code = exit_code;
    if (life > LW_LIFE_LIVE)
        journal->header->ended_ns = now_ns;
    __atomic_store_n(&journal->header->life, life, __ATOMIC_RELEASE);
}

uint32_t journal_next(struct lw_section *section)
{
    if (section->used < section->capacity)
        return (uint32_t)section->used;
    __atomic_fetch_add(&section->dropped, 1, __ATOMIC_RELAXED);
    return UINT32_MAX;
}

void journal_publish(struct lw_section *section)
{
    __atomic_store_n(&section->used, section->used + 1, __ATOMIC_RELEASE);
}

struct string_key {
    const char *bytes;
    size_t n;
};

static bool same_string(const void *records, uint32_t record, const void *key)
{
    const struct string_key *wanted = key;
    const char *have = (const char *)records + record;
    return strncmp(have, wanted->bytes, wanted->n) == 0 && have[wanted->n] == '\0';
}

/* The lock stayed out of reach: the record is dropped. */
static void count_dropped(struct journal *journal, enum lw_section_kind kind)
{
    __atomic_fetch_add(&journal_section(journal, kind)->dropped, 1, __ATOMIC_RELAXED);
}

/* The lock is held. */
static uint32_t append_string(struct journal *journal, const struct string_key *key, uint64_t hash)
{
    struct lw_section *section = journal_section(journal, LW_SECTION_STRINGS);
    if (section->used + key->n + 1 > section->capacity || journal->string_count > journal->string_index.mask / 4 * 3) {
        __atomic_fetch_add(&section->dropped, 1, __ATOMIC_RELAXED);
        return 0;
    }
    uint32_t at = (uint32_t)section->used;
    memcpy(journal->strings + at, key->bytes, key->n);
    journal->strings[at + key->n] = '\0';
    __atomic_store_n(&section->used, section->used + key->n + 1, __ATOMIC_RELEASE);
    index_put(&journal->string_index, hash, at);
    journal->string_count++;
    return at;
}

uint32_t journal_string_n(struct journal *journal, const char *bytes, size_t n)
{
    struct string_key key = {bytes, n};
    uint64_t hash = text_hash(bytes, n);
    if (!n)
        return 0;
    uint32_t found = index_find(&journal->string_index, hash, same_string, journal->strings, &key);
    if (found)
        return found;
    if (!lock_take(&journal->lock)) {
        count_dropped(journal, LW_SECTION_STRINGS);
        return 0;
    }
    found = index_find(&journal->string_index, hash, same_string, journal->strings, &key);
    if (!found)
        found = append_string(journal, &key, hash);
    lock_drop(&journal->lock);
    return found;
}

uint32_t journal_string(struct journal *journal, const char *string)
{
    return journal_string_n(journal, string, strlen(string));
}

static bool same_python_frame(const void *records, uint32_t record, const void *key)
{
    return memcmp((const struct lw_python_frame *)records + record, key, sizeof(struct lw_python_frame)) == 0;
}

uint32_t journal_python_frame(struct journal *journal, const struct lw_python_frame *frame)
{
    uint64_t hash = text_hash(frame, sizeof *frame);
    uint32_t found = index_find(&journal->python_index, hash, same_python_frame, journal->python_frames, frame);
    if (found)
        return found;
    if (!lock_take(&journal->lock)) {
        count_dropped(journal, LW_SECTION_PYTHON_FRAMES);
        return UINT32_MAX;
    }
    struct lw_section *section = journal_section(journal, LW_SECTION_PYTHON_FRAMES);
    found = index_find(&journal->python_index, hash, same_python_frame, journal->python_frames, frame);
    if (!found && (found = journal_next(section)) != UINT32_MAX) {
        journal->python_frames[found] = *frame;
        journal_publish(section);
        index_put(&journal->python_index, hash, found);
    }
    lock_drop(&journal->lock);
    return found;
}

/* Appends one record of a plain append-only section. */
static bool append(struct journal *journal, enum lw_section_kind kind, const void *record)
{
    struct lw_section *section = journal_section(journal, kind);
    if (!lock_take(&journal->lock)) {
        count_dropped(journal, kind);
        return false;
    }
    uint32_t at = journal_next(section);
    if (at != UINT32_MAX) {
        memcpy(journal->base + section->offset + (uint64_t)at * section->record_size, record, section->record_size);
        journal_publish(section);
    }
    lock_drop(&journal->lock);
    return at != UINT32_MAX;
}

bool journal_symbol(struct journal *journal, const struct lw_symbol *symbol)
{
    return append(journal, LW_SECTION_SYMBOLS, symbol);
}

bool journal_module(struct journal *journal, const struct lw_module *module)
{
    return append(journal, LW_SECTION_MODULES, module);
}

void journal_mark(struct journal *journal, const struct lw_mark *mark)
{
    append(journal, LW_SECTION_MARKS, mark);
}

void journal_event(struct journal *journal, uint64_t now_ns, enum lw_event_kind kind, int64_t a, const char *text)
{
    journal_event_at(journal, now_ns, kind, a, 0, text);
}

void journal_event_at(struct journal *journal, uint64_t now_ns, enum lw_event_kind kind, int64_t a, uint32_t site,
                      const char *text)
{
    struct lw_event event = {.t_ns = now_ns, .kind = kind, .a = a, .site = site};
    text_copy(event.text, sizeof event.text, text);
    append(journal, LW_SECTION_EVENTS, &event);
}

void journal_capability(struct journal *journal, const char *name, bool available, const char *why)
{
    struct lw_capability capability = {
        .name = journal_string(journal, name), .available = available, .why = journal_string(journal, why)};
    append(journal, LW_SECTION_CAPABILITIES, &capability);
}

static void seal(struct lw_tick *tick)
{
    tick->checksum = lw_checksum(tick, offsetof(struct lw_tick, checksum));
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The later record, with the least headroom and the largest sizes of both: what hurts survives the thinning. */
static void merge_tick(struct lw_tick *into, const struct lw_tick *later)
{
    struct lw_tick merged = *later;
    merged.span_ns = into->span_ns + later->span_ns;
    if (into->headroom_bytes < later->headroom_bytes) {
        merged.headroom_bytes = into->headroom_bytes;
        merged.reclaimable_bytes = into->reclaimable_bytes;
        merged.limit_bytes = into->limit_bytes;
        merged.inactive_file_bytes = into->inactive_file_bytes;
        merged.binding_level = into->binding_level;
    }
    merged.current_bytes = larger(into->current_bytes, later->current_bytes);
    merged.rss_bytes = larger(into->rss_bytes, later->rss_bytes);
    merged.committed_bytes = larger(into->committed_bytes, later->committed_bytes);
    merged.swap_bytes = larger(into->swap_bytes, later->swap_bytes);
    merged.stage = (uint32_t)larger(into->stage, later->stage);
    *into = merged;
}

static void halve_whole(struct journal *journal, struct lw_section *section)
{
    uint32_t half = (uint32_t)section->used / 2;
    for (uint32_t i = 0; i < half; i++) {
        struct lw_tick merged = journal->whole[2 * i];
        merge_tick(&merged, &journal->whole[2 * i + 1]);
        seal(&merged);
        journal->whole[i] = merged;
    }
    __atomic_store_n(&section->used, half, __ATOMIC_RELEASE);
    journal->whole_interval_ns *= 2;
}

void journal_tick(struct journal *journal, const struct lw_tick *tick)
{
    struct lw_section *ring = journal_section(journal, LW_SECTION_TIMELINE_RECENT);
    struct lw_tick *slot = &journal->recent[ring->used % ring->capacity];
    *slot = *tick;
    seal(slot);
    journal_publish(ring);

    struct lw_tick *pending = &journal->whole_pending;
    if (pending->span_ns)
        merge_tick(pending, tick);
    else
        *pending = *tick;
    if (pending->span_ns < journal->whole_interval_ns)
        return;
    struct lw_section *whole = journal_section(journal, LW_SECTION_TIMELINE_WHOLE);
    if (whole->used == whole->capacity)
        halve_whole(journal, whole);
    journal->whole[whole->used] = *pending;
    seal(&journal->whole[whole->used]);
    journal_publish(whole);
    pending->span_ns = 0;
}

/* The largest come first to nobody: beyond the capacity, which is half of the sites', small ones are left out. */
static void copy_sites(struct journal *journal, uint64_t least_bytes)
{
    struct lw_section *section = journal_section(journal, LW_SECTION_MOMENT_SITES);
    uint32_t count = journal_used(journal_section(journal, LW_SECTION_SITES)), kept = 0;
    __atomic_store_n(&section->used, 0, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < count; i++) {
        const struct lw_site *site = &journal->sites[i];
        if (site->resident_bytes < least_bytes && site->committed_bytes < least_bytes)
            continue;
        if (kept == section->capacity) {
            section->dropped++;
            continue;
        }
        journal->moment_sites[kept++] = (struct lw_moment_site){.site = i,
                                                                .resident_bytes = site->resident_bytes,
                                                                .committed_bytes = site->committed_bytes,
                                                                .growth_bytes_per_s = site->growth_bytes_per_s};
    }
    __atomic_store_n(&section->used, kept, __ATOMIC_RELEASE);
}

void journal_moment(struct journal *journal, const struct lw_state *state)
{
    struct lw_section *section = journal_section(journal, LW_SECTION_MOMENT);
    uint32_t sites = journal_used(journal_section(journal, LW_SECTION_SITES));
    struct lw_state *slot = &journal->moment[state->generation % 2];
    copy_sites(journal, sites > 4096 ? MOMENT_LEAST_BYTES : 1);
    memcpy(slot, state, sizeof *slot); /* as journal_state has sealed it */
    __atomic_store_n(&section->used, 2, __ATOMIC_RELEASE);
}

void journal_state(struct journal *journal, struct lw_state *state)
{
    struct lw_section *section = journal_section(journal, LW_SECTION_STATE);
    state->generation = ++journal->generation;
    state->checksum = lw_checksum(state, offsetof(struct lw_state, checksum));
    memcpy(&journal->state[state->generation % 2], state, sizeof *state);
    __atomic_store_n(&section->used, 2, __ATOMIC_RELEASE);
}

void journal_neighbours(struct journal *journal, uint64_t now_ns, const struct lw_neighbour *records, size_t stride,
                        uint32_t count)
{
    struct lw_section *section = journal_section(journal, LW_SECTION_NEIGHBOURS);
    struct lw_neighbour *half = journal->neighbours + (journal->neighbour_looks++ % 2) * LW_MAX_NEIGHBOURS;
    for (uint32_t i = 0; i < count && i < LW_MAX_NEIGHBOURS; i++) {
        struct lw_neighbour record = *(const struct lw_neighbour *)((const char *)records + i * stride);
        record.scanned_ns = now_ns;
        record.listed = count;
        record.checksum = lw_checksum(&record, offsetof(struct lw_neighbour, checksum));
        half[i] = record;
    }
    __atomic_store_n(&section->used, section->capacity, __ATOMIC_RELEASE);
}
