/* SPDX-License-Identifier: MIT */
#include "voices/html_timeline.h"

#include <stdlib.h>

#define MAX_TICKS    12000u /* a screen has some thousand columns; the journal itself keeps 2048 */
#define RECENT_TICKS 2000u  /* of these, kept as they are */

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a == LW_UNKNOWN ? b : b == LW_UNKNOWN ? a : a > b ? a : b;
}

/* Like the journal itself merges: the least headroom, the largest sizes, the worst stage, the later time. */
static void merge_tick(struct lw_tick *into, const struct lw_tick *tick)
{
    into->t_ns = tick->t_ns;
    into->headroom_bytes = into->headroom_bytes < tick->headroom_bytes ? into->headroom_bytes : tick->headroom_bytes;
    into->limit_bytes = tick->limit_bytes;
    into->current_bytes = larger(into->current_bytes, tick->current_bytes);
    into->reclaimable_bytes = larger(into->reclaimable_bytes, tick->reclaimable_bytes);
    into->rss_bytes = larger(into->rss_bytes, tick->rss_bytes);
    into->committed_bytes = larger(into->committed_bytes, tick->committed_bytes);
    into->swap_bytes = larger(into->swap_bytes, tick->swap_bytes);
    into->some_total_us = tick->some_total_us;
    into->some_avg10_permyriad = (uint32_t)larger(into->some_avg10_permyriad, tick->some_avg10_permyriad);
    into->full_avg10_permyriad = (uint32_t)larger(into->full_avg10_permyriad, tick->full_avg10_permyriad);
    into->stage = into->stage > tick->stage ? into->stage : tick->stage;
}

/* At most MAX_TICKS of them; the caller frees the result. */
static struct lw_tick *thin_ticks(const struct profile *profile, size_t *count)
{
    size_t all = profile->tick_count, made = 0;
    struct lw_tick *ticks = array_resize(NULL, all + 1, sizeof(*ticks));
    size_t older = all > MAX_TICKS ? all - RECENT_TICKS : 0;
    size_t group = older ? (older + MAX_TICKS - RECENT_TICKS - 1) / (MAX_TICKS - RECENT_TICKS) : 1;

    for (size_t i = 0; i < all; i++) {
        if (i < older && i % group > 0)
            merge_tick(&ticks[made - 1], &profile->ticks[i]);
        else
            ticks[made++] = profile->ticks[i];
    }
    *count = made;
    return ticks;
}

/* Differences to the last known value of the column; null: unknown. */
static void add_difference(json_t *column, uint64_t *last, uint64_t value, uint64_t unit)
{
    if (value > INT64_MAX) {
        json_array_append_new(column, json_null());
        return;
    }
    json_array_append_new(column, json_integer((json_int_t)(value / unit) - (json_int_t)*last));
    *last = value / unit;
}

json_t *html_timeline(const struct profile *profile)
{
    enum { TIME, HEADROOM, LIMIT, USED, RECLAIMABLE, RESIDENT, COMMITTED, SWAP, SOME, FULL, STAGE, COLUMNS };
    static const struct {
        const char *key;
        uint64_t unit;
    } columns[] = {
        [TIME] = {"t", 100000},
        [HEADROOM] = {"headroom", 1024},
        [LIMIT] = {"limit", 1024},
        [USED] = {"used", 1024},
        [RESIDENT] = {"resident", 1024},
        [RECLAIMABLE] = {"reclaimable", 1024},
        [COMMITTED] = {"committed", 1024},
        [SWAP] = {"swap", 1024},
        [SOME] = {"some", 1},
        [FULL] = {"full", 1},
        [STAGE] = {"stage", 1},
    };
    json_t *arrays[COLUMNS], *object = json_object();
    uint64_t last[COLUMNS] = {0};
    size_t count;
    struct lw_tick *ticks = thin_ticks(profile, &count);

    for (size_t c = 0; c < COLUMNS; c++)
        json_object_set_new(object, columns[c].key, arrays[c] = json_array());
    for (size_t i = 0; i < count; i++) {
        const struct lw_tick *tick = &ticks[i];
        bool pressure = tick->some_total_us != LW_UNKNOWN;
        const uint64_t values[COLUMNS] = {
            [TIME] = tick->t_ns,
            [HEADROOM] = tick->headroom_bytes,
            [LIMIT] = tick->limit_bytes,
            [USED] = tick->current_bytes,
            [RECLAIMABLE] = tick->reclaimable_bytes,
            [RESIDENT] = tick->rss_bytes,
            [COMMITTED] = tick->committed_bytes,
            [SWAP] = tick->swap_bytes,
            [SOME] = pressure ? tick->some_avg10_permyriad : LW_UNKNOWN,
            [FULL] = pressure ? tick->full_avg10_permyriad : LW_UNKNOWN,
            [STAGE] = tick->stage,
        };
        for (size_t c = 0; c < COLUMNS; c++)
            add_difference(arrays[c], &last[c], values[c], columns[c].unit);
    }
    free(ticks);
    return object;
}
