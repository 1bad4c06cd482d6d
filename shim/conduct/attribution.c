/* SPDX-License-Identifier: MIT */
#include "conduct/attribution.h"
#include "conduct/flight.h"
#include "conduct/refusal.h"
#include "conduct/touch.h"
#include "ground/allocator.h"
#include "observe/maps.h"
#include "observe/process.h"
#include "observe/unwind.h"
#include "store/file_areas.h"
#include "store/order.h"
#include "store/site_history.h"

#include <string.h>

#define SLOT_BITS  18u /* of a slot of the live blocks' table */
#define MAX_RANGES 16384u
#define MAX_SITES  8192u /* as in the journal's layout */
#define AHEAD      8u    /* blocks that the cache is told of before their turn */
#define FILE_AREAS 1024u
#define DATA_MAX   (256u << 10) /* a module's .data: a hundred of them are a small part of what is resident, */
#define DATA_SCANS 3u           /* and far from limits three scans more take it as it was */
#define EXACTLY_NS UINT64_C(30000000000)
#define GUARD_MAX  (64u << 10) /* a stack has a small inaccessible mapping below it */

struct block {
    uint64_t start;
    uint64_t size;
    uint32_t site;
    float weight;
};

struct totals {
    double resident;
    double sampled; /* of it: estimated, in heaps */
    double swapped;
};

/* What one entry of /proc/self/maps amounts to. */
struct area {
    uint64_t start;
    unsigned head;   /* RESIDENCY_* of its first page; 0: it is not there */
    double resident; /* anonymous, in RAM */
    double blocks;   /* of it: heap blocks (estimate) */
    double ranges;   /* of it: mappings of sites */
    double inside;   /* heap blocks that lie in mappings of sites */
    double arenas;   /* of it: arenas of an interpreter */
    double objects;  /* blocks that lie in those */
};

/*
 * The live blocks by address: (address / 16) << SLOT_BITS | slot. What else is known of a block stays in the table of
 * live blocks and is asked for when its turn comes: a copy would cost as much memory again. Who is freed in between is
 * left out.
 */
static struct {
    uint64_t *order;
    struct mapping *ranges;
    struct totals *sites;
    struct site_history history;
    struct file_areas files;
    bool for_ownerless; /* the baseline: of files nothing is asked */
    uint32_t block_count, range_count;
    uint32_t next_block, next_range;
    struct area area;
    struct map previous;
    /* results of the pass */
    double anon, explained;
    double heap_room, heap_blocks, heap_rest; /* what heaps have for blocks, the blocks (estimate), what they leave */
    double exact; /* obtained exactly and meant to be used; what of it is resident is taken off */
    uint64_t other[LW_MAX_OTHER];
    uint64_t exactly_until_ns;
    uint64_t before_bytes; /* memory without an owner when the records began */
} pass;

bool attribution_open(uint32_t live_slots)
{
    memset(&pass, 0, sizeof pass);
    pass.order = arena_take(&flight.arena, live_slots * sizeof *pass.order);
    pass.ranges = arena_take(&flight.arena, MAX_RANGES * sizeof *pass.ranges);
    pass.sites = arena_take(&flight.arena, MAX_SITES * sizeof *pass.sites);
    return live_slots <= 1u << SLOT_BITS && pass.order && pass.ranges && pass.sites &&
           site_history_open(&pass.history, &flight.arena, MAX_SITES) &&
           file_areas_open(&pass.files, &flight.arena, FILE_AREAS);
}

static uint64_t block_start(uint32_t i)
{
    return pass.order[i] >> SLOT_BITS << 4;
}

static uint32_t block_slot(uint32_t i)
{
    return (uint32_t)pass.order[i] & ((1u << SLOT_BITS) - 1);
}

/* The i-th block by address. One that is gone has no size. */
static struct block block_at(uint32_t i)
{
    struct live_block live;
    struct block block = {.start = block_start(i)};
    if (i + AHEAD < pass.block_count)
        live_ask_early(&flight.live, block_slot(i + AHEAD));
    if (live_still(&flight.live, block_slot(i), block.start, &live)) {
        block.size = live.size + live.overhead;
        block.site = live.site;
        block.weight = live.weight;
    }
    return block;
}

static bool is_exact(float weight)
{
    return weight <= 1;
}

static bool is_arena_range(const struct mapping *range)
{
    return range->site == MAPPING_ARENA;
}

static bool is_for_use(const struct mapping *range)
{
    return !is_arena_range(range) && range->kind != LW_SITE_RESERVED && range->kind != LW_SITE_FILE;
}

static void gather_blocks(void)
{
    struct live_block block;
    uint64_t address;
    pass.block_count = 0;
    for (uint32_t slot = 0; live_next(&flight.live, &slot, &address, &block); slot++) {
        pass.order[pass.block_count++] = address >> 4 << SLOT_BITS | slot;
        if (is_exact(block.weight))
            pass.exact += (double)block.size;
    }
    order_sort(pass.order, pass.block_count);
}

static void gather_owners(void)
{
    pass.next_block = pass.next_range = 0;
    pass.exact = 0;
    gather_blocks();
    pass.range_count = mappings_copy(&flight.mappings, pass.ranges, MAX_RANGES);
    if (pass.range_count > MAX_RANGES)
        pass.range_count = MAX_RANGES;
    uint32_t sites = journal_used(journal_section(&flight.journal, LW_SECTION_SITES));
    memset(pass.sites, 0, (sites < MAX_SITES ? sites : MAX_SITES) * sizeof *pass.sites);
    for (uint32_t i = 0; i < pass.range_count; i++)
        if (is_for_use(&pass.ranges[i]))
            pass.exact += (double)(pass.ranges[i].end - pass.ranges[i].start);
}

static uint64_t overlap(uint64_t a_start, uint64_t a_end, uint64_t b_start, uint64_t b_end)
{
    uint64_t start = a_start > b_start ? a_start : b_start, end = a_end < b_end ? a_end : b_end;
    return end > start ? end - start : 0;
}

static struct totals *totals_of(uint32_t site)
{
    return &pass.sites[site < MAX_SITES ? site : 0];
}

static void charge(uint32_t site, double bytes, unsigned flags)
{
    if (flags & RESIDENCY_SWAPPED)
        totals_of(site)->swapped += bytes;
    else
        totals_of(site)->resident += bytes;
}

static const struct mapping *range_around(uint64_t address)
{
    for (uint32_t i = pass.next_range; i < pass.range_count && pass.ranges[i].start <= address; i++)
        if (address < pass.ranges[i].end)
            return &pass.ranges[i];
    return NULL;
}

static bool ends_before(uint32_t i, uint64_t address)
{
    struct block block = block_at(i);
    return block.start + block.size <= address;
}

static void charge_blocks(uint64_t start, uint64_t end, unsigned flags)
{
    while (pass.next_block < pass.block_count && block_start(pass.next_block) < end &&
           ends_before(pass.next_block, start))
        pass.next_block++;
    for (uint32_t i = pass.next_block; i < pass.block_count && block_start(i) < end; i++) {
        struct block block = block_at(i);
        double bytes = (double)overlap(start, end, block.start, block.start + block.size) * (double)block.weight;
        charge(block.site, bytes, flags);
        if (is_exact(block.weight))
            pass.exact -= bytes;
        if (flags & (RESIDENCY_SWAPPED | RESIDENCY_FILE))
            continue;
        const struct mapping *around = range_around(block.start);
        bool object = around && is_arena_range(around), inside = around && !object;
        pass.area.blocks += bytes;
        pass.area.objects += object ? bytes : 0;
        pass.area.inside += inside ? bytes : 0;
        totals_of(block.site)->sampled += inside || is_exact(block.weight) ? 0 : bytes;
    }
}

static void skip_ranges(uint64_t start)
{
    while (pass.next_range < pass.range_count && pass.ranges[pass.next_range].end <= start)
        pass.next_range++;
}

static void charge_ranges(uint64_t start, uint64_t end, unsigned flags)
{
    skip_ranges(start);
    for (uint32_t i = pass.next_range; i < pass.range_count && pass.ranges[i].start < end; i++) {
        double bytes = (double)overlap(start, end, pass.ranges[i].start, pass.ranges[i].end);
        if (is_arena_range(&pass.ranges[i])) {
            if (!(flags & (RESIDENCY_SWAPPED | RESIDENCY_FILE)))
                pass.area.arenas += bytes;
            continue;
        }
        charge(pass.ranges[i].site, bytes, flags);
        if (is_for_use(&pass.ranges[i]))
            pass.exact -= bytes;
        if (!(flags & (RESIDENCY_SWAPPED | RESIDENCY_FILE)))
            pass.area.ranges += bytes;
    }
}

static void on_run(void *context, uint64_t start, uint64_t end, unsigned flags)
{
    if (start == pass.area.start)
        pass.area.head = flags;
    if (!(flags & (RESIDENCY_SWAPPED | RESIDENCY_FILE)))
        pass.area.resident += (double)(end - start);
    charge_ranges(start, end, flags);
    charge_blocks(start, end, flags);
}

/* The arena, or the tables in this library's .bss. */
static bool is_ours(const struct map *map)
{
    uint64_t first = (uintptr_t)flight.arena.base, table = (uintptr_t)&pass;
    return overlap(map->start, map->end, first, first + flight.arena.capacity) != 0 ||
           (map->start <= table && table < map->end);
}

/* Where the .bss of a module ends that begins here, in whole pages; 0: none does. It follows its file's mapping. */
static uint64_t end_of_bss(const struct map *map)
{
    uint32_t count = journal_used(journal_section(&flight.journal, LW_SECTION_MODULES));
    uint64_t page = flight.residency.page_bytes;
    if (map->inode || !pass.previous.inode || pass.previous.end != map->start)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct lw_module *module = &flight.journal.modules[i];
        if (module->start < map->start && map->start < module->end)
            return (module->end + page - 1) & ~(page - 1);
    }
    return 0;
}

/* A heap has a head. Memory that is not there is not looked at: reading it could cost a page, or 2 MiB. */
static bool is_heap(const struct map *map)
{
    return pass.area.blocks > 0 || (pass.area.head && maps_is_thread_heap(map->start));
}

static enum lw_other_kind kind_of(const struct map *map)
{
    if (is_ours(map))
        return LW_OTHER_SELF;
    if (allocator_owns(map->start, map->end))
        return LW_OTHER_SLACK;
    if (strncmp(map->name, "[stack", 6) == 0)
        return LW_OTHER_STACKS;
    if (strcmp(map->name, "[heap]") == 0)
        return LW_OTHER_SLACK;
    if (map->inode)
        return LW_OTHER_INTERPRETER;
    if (pass.previous.end == map->start && !pass.previous.readable && !pass.previous.inode &&
        pass.previous.end - pass.previous.start <= GUARD_MAX)
        return LW_OTHER_STACKS;
    if (is_heap(map))
        return LW_OTHER_SLACK;
    return end_of_bss(map) ? LW_OTHER_INTERPRETER : LW_OTHER_UNTRACKED; /* behind a file may lie what is anybody's */
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static void finish_area(const struct map *map)
{
    const struct area *area = &pass.area;
    double small = area->arenas - least(area->arenas, area->objects); /* free room there, and what is older */
    double room = area->resident - small, blocks = area->blocks - area->inside;
    enum lw_other_kind kind = kind_of(map);
    pass.anon += area->resident;
    pass.other[LW_OTHER_SMALL_OBJECTS] += (uint64_t)small;
    if (kind == LW_OTHER_SLACK) {
        double ranges = least(room, area->ranges);
        pass.explained += ranges;
        pass.heap_room += room - ranges;
        pass.heap_blocks += blocks;
    } else {
        double owned = least(room, area->ranges + blocks);
        pass.explained += owned;
        pass.other[kind] += (uint64_t)(room - owned);
    }
}

/*
 * What all heaps have corrects what is estimated of their blocks, where that is more. Not heap by heap: that of a
 * thread has few samples, and what is taken off where they say too much is not given where they say too little.
 */
static void settle_heaps(uint32_t sites)
{
    double owned = least(pass.heap_room, pass.heap_blocks), over = pass.heap_blocks - owned, sampled = 0;
    pass.explained += owned;
    pass.heap_rest = pass.heap_room - owned;
    for (uint32_t i = 0; over > 0 && i < sites && i < MAX_SITES; i++)
        sampled += pass.sites[i].sampled;
    double share = sampled > 0 ? least(over / sampled, 1) : 0;
    for (uint32_t i = 0; share > 0 && i < sites && i < MAX_SITES; i++)
        pass.sites[i].resident -= least(pass.sites[i].resident, pass.sites[i].sampled * share);
}

static bool is_of_site(const struct map *map)
{
    skip_ranges(map->start);
    return pass.next_range < pass.range_count && pass.ranges[pass.next_range].start < map->end;
}

/*
 * How many scans more what is found of a mapping holds for: what nobody can write to stays as it was relocated. 0:
 * it is looked at each time, and so is what sites are told of.
 */
static uint32_t scans_good_for(const struct map *map)
{
    if (!map->inode || map->shared || is_of_site(map))
        return 0;
    if (!map->writable)
        return UINT32_MAX;
    return map->end - map->start <= DATA_MAX ? DATA_SCANS : 0;
}

static void walk_pages(const struct map *map)
{
    residency_scan(&flight.residency, map->start, map->end, map->inode != 0 || map->shared, on_run, NULL);
}

/* Where it has to be exact everything is looked at again, but code: there is nothing of it but page cache. */
static void walk_file(const struct map *map, uint32_t scans)
{
    struct file_area area = {.start = map->start, .end = map->end, .inode = map->inode, .passes = scans};
    if (map->executable && !map->writable)
        return;
    if (flight.residency.quick && file_areas_know(&pass.files, &area)) {
        pass.area.resident = (double)area.resident_bytes;
    } else {
        walk_pages(map);
        area.resident_bytes = (uint64_t)pass.area.resident;
    }
    if (!flight.state.swap_bytes) /* what is swapped comes back */
        file_areas_note(&pass.files, &area);
}

static void walk_area(const struct map *map)
{
    static char no_name[1];
    bool wanted = !pass.for_ownerless || !map->inode;
    uint32_t scans = scans_good_for(map);
    pass.area = (struct area){.start = map->start};
    if (wanted && scans)
        walk_file(map, scans);
    else if (wanted)
        walk_pages(map);
    finish_area(map);
    pass.previous = *map;
    pass.previous.name = no_name;
}

/* The kernel joins a module's .bss, or our arena, with a mapping of the program beside it: here they are apart again.
 */
static bool on_map(void *context, const struct map *map)
{
    uint64_t first = (uintptr_t)flight.arena.base;
    const uint64_t edges[] = {end_of_bss(map), first, first + flight.arena.capacity};
    struct map part = *map;
    if (strncmp(map->name, "[v", 2) == 0)
        return true;
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        if (edges[i] <= part.start || edges[i] >= map->end)
            continue;
        part.end = edges[i];
        walk_area(&part);
        part.start = edges[i];
        part.end = map->end;
    }
    walk_area(&part);
    return true;
}

/* The mapping's own bytes are what its blocks leave of it. */
static void settle_ranges(void)
{
    for (uint32_t b = 0, r = 0; b < pass.block_count; b++) {
        while (r < pass.range_count && pass.ranges[r].end <= block_start(b))
            r++;
        if (r == pass.range_count)
            break;
        if (pass.ranges[r].start > block_start(b) || is_arena_range(&pass.ranges[r]))
            continue;
        struct block block = block_at(b);
        struct totals *totals = totals_of(pass.ranges[r].site);
        totals->resident -= least(totals->resident, (double)block.size * (double)block.weight);
    }
}

static void publish_others(struct lw_state *state)
{
    /* What had no owner when the records began is older than they are, as far as so much is still there. */
    uint64_t heap = (uint64_t)least(pass.heap_rest, (double)pass.before_bytes), untracked = pass.before_bytes - heap;
    if (untracked > pass.other[LW_OTHER_UNTRACKED])
        untracked = pass.other[LW_OTHER_UNTRACKED];
    uint64_t before = heap + untracked;
    pass.other[LW_OTHER_BEFORE] = before;
    pass.other[LW_OTHER_SLACK] = (uint64_t)pass.heap_rest - heap;
    pass.other[LW_OTHER_UNTRACKED] -= untracked;
    uint64_t caches = (uint64_t)unwind_caches() * UNWIND_CACHE_BYTES; /* mapped by the unwinder, unseen */
    if (caches > pass.other[LW_OTHER_UNTRACKED])
        caches = pass.other[LW_OTHER_UNTRACKED];
    pass.other[LW_OTHER_UNTRACKED] -= caches;
    pass.other[LW_OTHER_SELF] += caches;
    state->other_count = 0;
    for (uint32_t kind = 1; kind <= LW_OTHER_SMALL_OBJECTS; kind++) {
        uint64_t bytes = kind == LW_OTHER_PAGE_TABLES ? state->page_tables_bytes : pass.other[kind];
        if (bytes)
            state->others[state->other_count++] = (struct lw_other){.kind = kind, .resident_bytes = bytes};
    }
    state->explained_bytes = (uint64_t)pass.explained + before + pass.other[LW_OTHER_INTERPRETER] +
                             pass.other[LW_OTHER_STACKS] + pass.other[LW_OTHER_SELF] +
                             pass.other[LW_OTHER_SMALL_OBJECTS];
    state->self_bytes = pass.other[LW_OTHER_SELF] + journal_touched_bytes(&flight.journal);
}

static uint64_t range_start(uint32_t i)
{
    return pass.ranges[i].start;
}

/* How many of them begin at the address or before it. */
static uint32_t begun(uint64_t (*start)(uint32_t), uint32_t count, uint64_t address)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (start(middle) > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static uint32_t owner_of(uint64_t address)
{
    uint32_t blocks = begun(block_start, pass.block_count, address);
    struct block block = blocks ? block_at(blocks - 1) : (struct block){0};
    if (address < block.start + block.size)
        return block.site;
    uint32_t ranges = begun(range_start, pass.range_count, address);
    const struct mapping *last = &pass.ranges[ranges ? ranges - 1 : 0];
    return ranges && address < last->end && !is_arena_range(last) ? last->site : 0;
}

static void walk_once(void)
{
    pass.anon = pass.explained = pass.heap_room = pass.heap_blocks = 0;
    memset(pass.other, 0, sizeof pass.other);
    pass.previous = (struct map){.name = ""};
    file_areas_begin(&pass.files);
    gather_owners();
    maps_each(on_map, NULL);
    settle_ranges();
    settle_heaps(journal_used(journal_section(&flight.journal, LW_SECTION_SITES)));
    touch_settle(owner_of);
}

/* More than the kernel counts: the zero page, or swap since. It is not tried again for a while. */
static bool says_too_much(uint64_t now_ns)
{
    struct process_numbers numbers;
    bool wrong = !process_read(&numbers) || numbers.swap_bytes ||
                 pass.anon > (double)(numbers.anon_bytes + numbers.anon_bytes / 1024 + (512u << 10));
    if (wrong)
        pass.exactly_until_ns = now_ns + EXACTLY_NS;
    return wrong;
}

static void walk(bool quickly, uint64_t now_ns)
{
    flight.residency.quick = quickly && !flight.state.swap_bytes && now_ns >= pass.exactly_until_ns;
    walk_once();
    if (flight.residency.quick && says_too_much(now_ns)) {
        flight.residency.quick = false;
        walk_once();
    }
}

void attribution_baseline(void)
{
    uint64_t started = sys_thread_cpu_ns();
    pass.for_ownerless = true;
    walk(true, flight_now_ns());
    pass.for_ownerless = false;
    pass.before_bytes = (uint64_t)pass.heap_rest + pass.other[LW_OTHER_UNTRACKED];
    flight.state.scan_cost_ns = sys_thread_cpu_ns() - started;
}

void attribution_scan(bool quickly)
{
    struct lw_state *state = &flight.state;
    uint64_t started = sys_thread_cpu_ns(), now = flight_now_ns();
    uint32_t count = journal_used(journal_section(&flight.journal, LW_SECTION_SITES));
    refusal_begin_scan();
    walk(quickly, now);
    site_history_begin(&pass.history, now);
    for (uint32_t i = 0; i < count && i < MAX_SITES; i++)
        site_history_tell(&pass.history, i, &flight.journal.sites[i], (uint64_t)pass.sites[i].resident,
                          (uint64_t)pass.sites[i].swapped);
    site_history_end(&pass.history);
    publish_others(state);
    refusal_settle(pass.exact > 0 ? (uint64_t)pass.exact : 0);
    state->scan_anon_bytes = (uint64_t)pass.anon;
    state->sites_resident_bytes = (uint64_t)pass.explained;
    state->residency_method = flight.residency.method;
    state->scanned_ns = now;
    state->scan_cost_ns = sys_thread_cpu_ns() - started;
}
