/* SPDX-License-Identifier: MIT */
#include "judge/headroom.h"

/* Measured: a healthy ETL has below 20 refaults a second; the crawl of a starved one begins at some 200 and reaches
 * 10,000. */
#define HOT_REFAULTS_PER_S 200u
#define NEAR_LIMIT_SHARE   64u /* usage within 1/64 of the limit: reclaim is at work */

uint64_t headroom_of(const struct lw_level *level)
{
    if (level->limit_bytes == LW_UNLIMITED)
        return LW_UNLIMITED;
    uint64_t used = level->used_bytes > level->reclaimable_bytes ? level->used_bytes - level->reclaimable_bytes : 0;
    return level->limit_bytes > used ? level->limit_bytes - used : 0;
}

static uint64_t left(uint64_t limit, uint64_t used)
{
    if (limit == LW_UNLIMITED)
        return LW_UNLIMITED;
    used = used == LW_UNKNOWN ? 0 : used;
    return limit > used ? limit - used : 0;
}

uint64_t headroom_swap_room(const struct lw_level *level, uint64_t host_free_bytes)
{
    bool cgroup = level->kind == LW_LEVEL_CGROUP_V1 || level->kind == LW_LEVEL_CGROUP_V2;
    uint64_t room = left(level->swap_limit_bytes, level->swap_used_bytes);
    if (!cgroup && level->kind != LW_LEVEL_HOST)
        return 0; /* a limit on resident memory, or on address space */
    return room < host_free_bytes ? room : host_free_bytes;
}

uint64_t headroom_pressing(const struct lw_level *level)
{
    uint64_t used = level->used_bytes > level->reclaimable_bytes ? level->used_bytes - level->reclaimable_bytes : 0;
    return used + (level->swap_used_bytes == LW_UNKNOWN ? 0 : level->swap_used_bytes);
}

static uint64_t host_free_swap(const struct lw_level *levels, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (levels[i].kind == LW_LEVEL_HOST)
            return left(levels[i].swap_limit_bytes, levels[i].swap_used_bytes);
    return 0;
}

int headroom_judge(struct lw_level *levels, uint32_t count)
{
    int binding = -1;
    uint64_t host_free = host_free_swap(levels, count);
    for (uint32_t i = 0; i < count; i++) {
        levels[i].headroom_bytes = headroom_of(&levels[i]);
        if (levels[i].headroom_bytes == LW_UNLIMITED)
            continue;
        levels[i].headroom_bytes += headroom_swap_room(&levels[i], host_free);
        if (!(levels[i].flags & LW_LEVEL_KILLS))
            continue;
        if (binding < 0 || levels[i].headroom_bytes < levels[binding].headroom_bytes)
            binding = (int)i;
    }
    return binding;
}

void headroom_note(struct headroom_history *history, uint64_t t_ns, uint64_t bytes, uint64_t window_ns)
{
    uint32_t last = (history->count - 1) % HEADROOM_HISTORY;
    if (history->count && t_ns - history->readings[last].t_ns < window_ns / HEADROOM_HISTORY)
        return;
    uint32_t slot = history->count++ % HEADROOM_HISTORY;
    history->readings[slot].t_ns = t_ns;
    history->readings[slot].bytes = bytes;
}

int64_t headroom_growth(const struct headroom_history *history, uint64_t t_ns, uint64_t bytes, uint64_t window_ns)
{
    uint32_t kept = history->count < HEADROOM_HISTORY ? history->count : HEADROOM_HISTORY;
    for (uint32_t i = kept; i > 0; i--) { /* from the oldest on */
        uint32_t slot = (history->count - i) % HEADROOM_HISTORY;
        uint64_t age = t_ns - history->readings[slot].t_ns;
        if (age > window_ns || age < 1000000)
            continue;
        double delta = (double)bytes - (double)history->readings[slot].bytes;
        return (int64_t)(delta * 1e9 / (double)age);
    }
    return 0;
}

uint64_t headroom_time_ms(uint64_t headroom_bytes, int64_t growth_bytes_per_s)
{
    if (growth_bytes_per_s <= 0 || headroom_bytes == LW_UNLIMITED)
        return LW_UNKNOWN;
    return (uint64_t)((double)headroom_bytes * 1000 / (double)growth_bytes_per_s);
}

uint64_t headroom_hot(const struct lw_level *level, uint64_t refaults_per_s, uint64_t page_bytes)
{
    if (level->limit_bytes == LW_UNLIMITED || refaults_per_s < HOT_REFAULTS_PER_S ||
        level->used_bytes < level->limit_bytes - level->limit_bytes / NEAR_LIMIT_SHARE)
        return 0;
    /* What comes back within a tenth of a second was in use; at most 1/64 of the limit: later is too late anyway. */
    uint64_t hot = refaults_per_s * page_bytes / 10;
    uint64_t most = level->limit_bytes / 64;
    return hot < most ? hot : most;
}
