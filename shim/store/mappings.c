/* SPDX-License-Identifier: MIT */
#include "store/mappings.h"

#include <string.h>

size_t mappings_bytes(uint32_t capacity)
{
    return capacity * sizeof(struct mapping);
}

void mappings_open(struct mappings *mappings, void *memory, uint32_t capacity)
{
    *mappings = (struct mappings){.ranges = memory, .capacity = capacity};
}

/* The first range that ends behind this address. */
static uint32_t first_behind(const struct mappings *mappings, uint64_t address)
{
    uint32_t low = 0, high = mappings->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mappings->ranges[middle].end > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool make_room(struct mappings *mappings, uint32_t at)
{
    if (mappings->count == mappings->capacity) {
        mappings->dropped++;
        return false;
    }
    memmove(&mappings->ranges[at + 1], &mappings->ranges[at], (mappings->count - at) * sizeof(struct mapping));
    mappings->count++;
    return true;
}

static struct mapping *place_of_gone(struct mappings *mappings, uint64_t start)
{
    return &mappings->gone[(start >> 12) % MAPPINGS_GONE];
}

static void cut(struct mappings *mappings, uint64_t start, uint64_t end, mappings_lost *lost, void *context)
{
    uint32_t at = first_behind(mappings, start);
    while (start < end && at < mappings->count && mappings->ranges[at].start < end) {
        struct mapping *range = &mappings->ranges[at];
        struct mapping old = *range;
        uint64_t from = old.start > start ? old.start : start;
        uint64_t to = old.end < end ? old.end : end;
        bool head = old.start < from, tail = to < old.end;
        if (head && tail) {
            range->end = from;
            bool two = make_room(mappings, at + 1);
            if (two)
                mappings->ranges[at + 1] = (struct mapping){to, old.end, old.site, old.kind};
            else
                to = old.end; /* no room for the tail: it is lost to the books as well, and one range stays one */
            lost(context, old.site, to - from, two ? -1 : 0);
            return;
        }
        if (head) {
            range->end = from;
            at++;
        } else if (tail) {
            range->start = to;
        } else {
            *place_of_gone(mappings, old.start) = old;
            mappings->count--;
            memmove(range, range + 1, (mappings->count - at) * sizeof *range);
        }
        lost(context, old.site, to - from, !head && !tail);
    }
}

bool mappings_add(struct mappings *mappings, const struct mapping *range, mappings_lost *lost, void *context)
{
    if (!lock_take(&mappings->lock)) {
        __atomic_fetch_add(&mappings->dropped, 1, __ATOMIC_RELAXED);
        return false;
    }
    cut(mappings, range->start, range->end, lost, context);
    uint32_t at = first_behind(mappings, range->start);
    bool room = make_room(mappings, at);
    if (room)
        mappings->ranges[at] = *range;
    lock_drop(&mappings->lock);
    return room;
}

bool mappings_remove(struct mappings *mappings, uint64_t start, uint64_t end, mappings_lost *lost, void *context)
{
    if (!lock_take(&mappings->lock)) {
        __atomic_fetch_add(&mappings->dropped, 1, __ATOMIC_RELAXED);
        return false;
    }
    cut(mappings, start, end, lost, context);
    lock_drop(&mappings->lock);
    return true;
}

uint32_t mappings_take(struct mappings *mappings, uint64_t start, uint64_t end, struct mapping *pieces,
                       uint32_t capacity, mappings_lost *lost, void *context)
{
    uint32_t count = 0;
    if (!lock_take(&mappings->lock)) {
        __atomic_fetch_add(&mappings->dropped, 1, __ATOMIC_RELAXED);
        return 0;
    }
    for (uint32_t i = first_behind(mappings, start);
         i < mappings->count && mappings->ranges[i].start < end && count < capacity; i++) {
        pieces[count] = mappings->ranges[i];
        if (pieces[count].start < start)
            pieces[count].start = start;
        if (pieces[count].end > end)
            pieces[count].end = end;
        count++;
    }
    cut(mappings, start, end, lost, context);
    lock_drop(&mappings->lock);
    return count;
}

bool mappings_extend(struct mappings *mappings, const struct mapping *range)
{
    if (!lock_take(&mappings->lock))
        return false;
    uint32_t at = first_behind(mappings, range->start);
    bool clear = at == mappings->count || mappings->ranges[at].start >= range->end;
    struct mapping *before = at && clear ? &mappings->ranges[at - 1] : NULL;
    bool same = before && before->end == range->start && before->site == range->site && before->kind == range->kind;
    if (same)
        before->end = range->end;
    lock_drop(&mappings->lock);
    return same;
}

bool mappings_find(struct mappings *mappings, uint64_t address, struct mapping *found)
{
    if (!lock_take(&mappings->lock))
        return false;
    uint32_t at = first_behind(mappings, address);
    bool hit = at < mappings->count && mappings->ranges[at].start <= address;
    if (hit)
        *found = mappings->ranges[at];
    lock_drop(&mappings->lock);
    return hit;
}

uint32_t mappings_last_site(struct mappings *mappings, const struct mapping *range)
{
    if (!lock_take(&mappings->lock))
        return 0;
    const struct mapping *gone = place_of_gone(mappings, range->start);
    bool same = gone->start == range->start && gone->end == range->end && gone->kind == range->kind;
    uint32_t site = same && gone->site != MAPPING_ARENA ? gone->site : 0;
    lock_drop(&mappings->lock);
    return site;
}

uint32_t mappings_copy(struct mappings *mappings, struct mapping *to, uint32_t capacity)
{
    if (!lock_take(&mappings->lock))
        return 0;
    uint32_t count = mappings->count;
    memcpy(to, mappings->ranges, (count < capacity ? count : capacity) * sizeof *to);
    lock_drop(&mappings->lock);
    return count;
}
