/* SPDX-License-Identifier: MIT */
#include "conduct/binding.h"
#include "ground/lock.h"
#include "judge/headroom.h"

#define STAT_BYTES 6144

static struct {
    uint32_t known;
    uint32_t version; /* of the cgroup hierarchy; 0: the level is no cgroup */
    int usage_fd, stat_fd, swap_fd;
    uint64_t limit_bytes;
    uint64_t headroom_bytes; /* at the watcher's last look */
    uint64_t reclaimable_bytes;
    uint64_t slab_bytes;      /* part of reclaimable_bytes that memory.stat does not show */
    uint64_t swap_room_bytes; /* 0: no swap */
    uint64_t swap_used_bytes; /* when the room was as large */
} view;

static struct lock stat_lock;
static char stat[STAT_BYTES];

static uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void store(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

void binding_set(const struct lw_level *level, const struct cgroup_level *chain)
{
    view.usage_fd = chain ? chain->usage_fd : -1;
    view.stat_fd = chain ? chain->stat_fd : -1;
    view.swap_fd = chain ? chain->swap_fd : -1;
    view.version = !chain ? 0 : level->kind == LW_LEVEL_CGROUP_V1 ? 1 : 2;
    store(&view.limit_bytes, level->limit_bytes);
    store(&view.headroom_bytes, level->headroom_bytes);
    store(&view.reclaimable_bytes, level->reclaimable_bytes);
    store(&view.slab_bytes, chain ? chain->slab_bytes : 0);
    store(&view.swap_room_bytes, level->headroom_bytes - headroom_of(level));
    store(&view.swap_used_bytes, level->swap_used_bytes);
    __atomic_store_n(&view.known, 1, __ATOMIC_RELEASE);
}

void binding_drop(void)
{
    __atomic_store_n(&view.known, 0, __ATOMIC_RELEASE);
    view.usage_fd = view.stat_fd = view.swap_fd = -1;
}

void binding_reset(void)
{
    binding_drop();
    stat_lock = (struct lock){0};
}

/* With swap, usage stands at the limit all the time: what has been swapped since the view was made decides. */
static uint64_t swap_room(uint64_t used_bytes)
{
    uint64_t room = load(&view.swap_room_bytes), before = load(&view.swap_used_bytes), now;
    if (!room || before == LW_UNKNOWN || !cgroup_peek_swap(view.swap_fd, (int)view.version, used_bytes, &now))
        return room;
    uint64_t more = now > before ? now - before : 0;
    return room > more ? room - more : 0;
}

static uint64_t reclaimable_now(void)
{
    uint64_t bytes;
    if (!lock_try(&stat_lock)) /* somebody else is just reading them */
        return load(&view.reclaimable_bytes);
    if (cgroup_peek_reclaimable(view.stat_fd, (int)view.version, stat, sizeof stat, &bytes))
        store(&view.reclaimable_bytes, bytes + load(&view.slab_bytes));
    lock_drop(&stat_lock);
    return load(&view.reclaimable_bytes);
}

uint64_t binding_headroom(uint64_t enough_bytes)
{
    if (!__atomic_load_n(&view.known, __ATOMIC_ACQUIRE))
        return LW_UNLIMITED;
    struct lw_level level = {.limit_bytes = load(&view.limit_bytes),
                             .reclaimable_bytes = load(&view.reclaimable_bytes)};
    if (!cgroup_peek(view.usage_fd, &level.used_bytes))
        return load(&view.headroom_bytes);
    uint64_t room = swap_room(level.used_bytes);
    if (level.reclaimable_bytes && level.used_bytes + enough_bytes >= level.limit_bytes + room)
        level.reclaimable_bytes = reclaimable_now();
    return headroom_of(&level) + room;
}

uint64_t binding_limit(void)
{
    return load(&view.limit_bytes);
}
