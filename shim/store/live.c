/* SPDX-License-Identifier: MIT */
#include "store/live.h"
#include "ground/filter.h"

#define SIZE_BITS     48u
#define OVERHEAD_MASK 0x7FFFu

/* A slot of either table: those of the second one are counted on behind those of the first. */
struct place {
    struct live_table *table;
    struct live_bucket *bucket;
    uint32_t bucket_number; /* in its table */
    uint32_t i;             /* in its bucket */
};

static size_t buckets_bytes(uint32_t slots)
{
    return slots / LIVE_BUCKET * sizeof(struct live_bucket);
}

/* Words of the bits for so many slots: wherever they begin, they lie on two pages more at most. */
static size_t touched_words(uint32_t slots)
{
    return (buckets_bytes(slots) / LIVE_PAGE + 2) / 64 + 1;
}

size_t live_bytes(uint32_t slots)
{
    return buckets_bytes(slots) + 2 * touched_words(slots) * sizeof(uint64_t);
}

void live_open(struct live *live, void *memory, uint32_t first, uint32_t more)
{
    struct live_bucket *buckets = memory, *more_buckets = buckets + first / LIVE_BUCKET;
    uint64_t *touched = (void *)(more_buckets + more / LIVE_BUCKET);
    *live =
        (struct live){.tables = {{.buckets = buckets, .touched = touched, .slots = first},
                                 {.buckets = more_buckets, .touched = touched + touched_words(first), .slots = more}}};
}

/* ---- pages ---- */

/* The bit of the page that a byte of the table lies on. */
static uint64_t *touched_word(const struct live_table *table, const void *byte, uint64_t *bit)
{
    uintptr_t page = (uintptr_t)byte / LIVE_PAGE - (uintptr_t)table->buckets / LIVE_PAGE;
    *bit = UINT64_C(1) << page % 64;
    return &table->touched[page / 64];
}

static void touch(const struct live_table *table, const void *byte)
{
    uint64_t bit, *word = touched_word(table, byte, &bit);
    if (!(__atomic_load_n(word, __ATOMIC_RELAXED) & bit))
        __atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
}

static bool is_touched(const struct live_table *table, const void *byte)
{
    uint64_t bit, *word = touched_word(table, byte, &bit);
    return __atomic_load_n(word, __ATOMIC_RELAXED) & bit;
}

/* A bucket lies on two pages at most. */
static void touch_bucket(const struct live_table *table, const struct live_bucket *bucket)
{
    touch(table, bucket);
    touch(table, &bucket->passed);
}

/* false: no block has been in it, and none has passed it */
static bool is_touched_bucket(const struct live_table *table, const struct live_bucket *bucket)
{
    return is_touched(table, bucket) && is_touched(table, &bucket->passed);
}

uint32_t live_count(const struct live *live)
{
    return __atomic_load_n(&live->tables[0].count, __ATOMIC_RELAXED) +
           __atomic_load_n(&live->tables[1].count, __ATOMIC_RELAXED);
}

uint32_t live_slots(const struct live *live)
{
    return live->tables[0].slots + (__atomic_load_n(&live->more_used, __ATOMIC_ACQUIRE) ? live->tables[1].slots : 0);
}

static struct place place_of(const struct live *live, uint32_t slot)
{
    uint32_t first = live->tables[0].slots;
    const struct live_table *table = &live->tables[slot >= first];
    uint32_t number = (slot < first ? slot : slot - first) / LIVE_BUCKET;
    return (struct place){(struct live_table *)table, &table->buckets[number], number, slot % LIVE_BUCKET};
}

static uint32_t slot_at(const struct live *live, const struct place *place)
{
    uint32_t before = place->table == &live->tables[0] ? 0 : live->tables[0].slots;
    return before + place->bucket_number * LIVE_BUCKET + place->i;
}

static uint32_t bucket_count(const struct live_table *table)
{
    return table->slots / LIVE_BUCKET;
}

/* How many buckets a key may be in. */
static uint32_t reach_of(const struct live_table *table)
{
    uint32_t most = LIVE_PROBES / LIVE_BUCKET, all = bucket_count(table);
    return most < all ? most : all;
}

/* The number of the i-th bucket that a key may be in. */
static uint32_t bucket_of(const struct live_table *table, uint64_t key, uint32_t i)
{
    uint32_t home = (uint32_t)(((key >> 4) * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
    return (home / LIVE_BUCKET + i) & (bucket_count(table) - 1);
}

static void mark_passed(struct live_bucket *bucket, int by)
{
    uint8_t now = __atomic_load_n(&bucket->passed, __ATOMIC_RELAXED);
    while (now != 255 && !__atomic_compare_exchange_n(&bucket->passed, &now, (uint8_t)(now + by), true,
                                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

/* The marks of the first n buckets on a key's way. */
static void unmark(struct live_table *table, uint64_t key, uint32_t n)
{
    while (n-- > 0)
        mark_passed(&table->buckets[bucket_of(table, key, n)], -1);
}

static void put(struct live_bucket *bucket, uint32_t i, const struct live_block *block)
{
    uint64_t rest = (block->overhead & OVERHEAD_MASK) << 1 | (block->object != 0);
    bucket->sizes[i] = rest << SIZE_BITS | (block->size & ((UINT64_C(1) << SIZE_BITS) - 1));
    bucket->weights[i] = block->weight;
    bucket->sites[i] = block->site <= LIVE_MAX_SITE ? (uint16_t)block->site : 0;
}

static void get(const struct live_bucket *bucket, uint32_t i, struct live_block *block)
{
    uint64_t packed = bucket->sizes[i];
    *block = (struct live_block){.size = packed & ((UINT64_C(1) << SIZE_BITS) - 1),
                                 .overhead = (uint32_t)(packed >> (SIZE_BITS + 1)),
                                 .weight = bucket->weights[i],
                                 .site = bucket->sites[i],
                                 .object = packed >> SIZE_BITS & 1};
}

/*
 * Without a look at what is there: a page of a new table that is read first is touched twice, once for the kernel's
 * page of zeros and once for one of its own.
 */
static bool take_slot(uint64_t *key)
{
    uint64_t have = LIVE_EMPTY;
    return __atomic_compare_exchange_n(key, &have, LIVE_BUSY, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static bool insert(struct live_table *table, const void *pointer, const struct live_block *block)
{
    uint64_t key = (uintptr_t)pointer;
    for (uint32_t n = 0; n < reach_of(table); n++) {
        struct live_bucket *bucket = &table->buckets[bucket_of(table, key, n)];
        touch_bucket(table, bucket);
        for (uint32_t i = 0; i < LIVE_BUCKET; i++) {
            if (!take_slot(&bucket->keys[i]))
                continue;
            put(bucket, i, block);
            filter_add(pointer);
            __atomic_store_n(&bucket->keys[i], key, __ATOMIC_RELEASE);
            __atomic_fetch_add(&table->count, 1, __ATOMIC_RELAXED);
            return true;
        }
        mark_passed(bucket, 1);
    }
    unmark(table, key, reach_of(table));
    return false;
}

/* Three quarters: the way to a slot is short then. */
static bool is_full(const struct live_table *table)
{
    return __atomic_load_n(&table->count, __ATOMIC_RELAXED) >= table->slots / 4 * 3;
}

bool live_insert(struct live *live, const void *pointer, const struct live_block *block)
{
    struct live_table *first = &live->tables[0], *more = &live->tables[1];
    if ((!more->slots || !is_full(first)) && insert(first, pointer, block))
        return true;
    if (more->slots) {
        if (!__atomic_load_n(&live->more_used, __ATOMIC_RELAXED))
            __atomic_store_n(&live->more_used, 1, __ATOMIC_RELEASE);
        if (insert(more, pointer, block))
            return true;
    }
    __atomic_fetch_add(&live->dropped, 1, __ATOMIC_RELAXED);
    return false;
}

static bool find_in(const struct live_table *table, uint64_t key, struct place *place)
{
    for (uint32_t n = 0; n < reach_of(table); n++) {
        uint32_t number = bucket_of(table, key, n);
        struct live_bucket *bucket = &table->buckets[number];
        if (!is_touched_bucket(table, bucket))
            break;
        for (uint32_t i = 0; i < LIVE_BUCKET; i++)
            if (__atomic_load_n(&bucket->keys[i], __ATOMIC_ACQUIRE) == key) {
                *place = (struct place){(struct live_table *)table, bucket, number, i};
                return true;
            }
        if (!__atomic_load_n(&bucket->passed, __ATOMIC_RELAXED))
            break;
    }
    return false;
}

static bool find(const struct live *live, uint64_t key, struct place *place)
{
    return find_in(&live->tables[0], key, place) ||
           (__atomic_load_n(&live->more_used, __ATOMIC_ACQUIRE) && find_in(&live->tables[1], key, place));
}

/* false: somebody else has taken it meanwhile */
static bool take_out(const struct place *place, uint64_t key, struct live_block *block)
{
    struct live_table *table = place->table;
    struct live_block copy;
    get(place->bucket, place->i, &copy);
    if (!__atomic_compare_exchange_n(&place->bucket->keys[place->i], &key, LIVE_EMPTY, false, __ATOMIC_RELEASE,
                                     __ATOMIC_RELAXED))
        return false;
    *block = copy;
    __atomic_fetch_sub(&table->count, 1, __ATOMIC_RELAXED);
    unmark(table, key, (place->bucket_number - bucket_of(table, key, 0)) & (bucket_count(table) - 1));
    filter_remove((const void *)(uintptr_t)(key & ~LIVE_HELD));
    return true;
}

bool live_remove(struct live *live, const void *pointer, struct live_block *block)
{
    struct place place;
    return find(live, (uintptr_t)pointer, &place) && take_out(&place, (uintptr_t)pointer, block);
}

uint32_t live_hold(struct live *live, const void *pointer)
{
    uint64_t key = (uintptr_t)pointer;
    struct place place;
    if (!find(live, key, &place) || !__atomic_compare_exchange_n(&place.bucket->keys[place.i], &key, key | LIVE_HELD,
                                                                 false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        return LIVE_NOWHERE;
    return slot_at(live, &place);
}

void live_back(struct live *live, uint32_t slot)
{
    struct place place = place_of(live, slot);
    __atomic_fetch_and(&place.bucket->keys[place.i], ~LIVE_HELD, __ATOMIC_RELEASE);
}

bool live_gone(struct live *live, uint32_t slot, struct live_block *block)
{
    struct place place = place_of(live, slot);
    uint64_t key = __atomic_load_n(&place.bucket->keys[place.i], __ATOMIC_RELAXED);
    return key & LIVE_HELD && take_out(&place, key, block);
}

void live_ask_early(const struct live *live, uint32_t slot)
{
    struct place place = place_of(live, slot);
    __builtin_prefetch(&place.bucket->keys[place.i]);
    __builtin_prefetch(&place.bucket->sizes[place.i]);
    __builtin_prefetch(&place.bucket->weights[place.i]);
}

static uint64_t key_at(const struct place *place, int order)
{
    return __atomic_load_n(&place->bucket->keys[place->i], order) & ~LIVE_HELD;
}

static bool still(const struct place *place, uint64_t address, struct live_block *block)
{
    struct live_block copy;
    if (key_at(place, __ATOMIC_ACQUIRE) != address)
        return false;
    get(place->bucket, place->i, &copy);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (key_at(place, __ATOMIC_RELAXED) != address)
        return false;
    *block = copy;
    return true;
}

bool live_still(const struct live *live, uint32_t slot, uint64_t address, struct live_block *block)
{
    struct place place = place_of(live, slot);
    return still(&place, address, block);
}

/* false: none there, or it changed meanwhile */
static bool block_in(const struct place *place, uint64_t *address, struct live_block *block)
{
    uint64_t key = key_at(place, __ATOMIC_ACQUIRE);
    if (key <= LIVE_BUSY || !still(place, key, block))
        return false;
    *address = key;
    return true;
}

bool live_next(const struct live *live, uint32_t *slot, uint64_t *address, struct live_block *block)
{
    for (uint32_t slots = live_slots(live); *slot < slots; ++*slot) {
        struct place place = place_of(live, *slot);
        if (place.i == 0 && !is_touched_bucket(place.table, place.bucket))
            *slot += LIVE_BUCKET - 1;
        else if (block_in(&place, address, block))
            return true;
    }
    return false;
}
