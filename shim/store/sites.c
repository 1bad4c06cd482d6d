/* SPDX-License-Identifier: MIT */
#include "store/sites.h"

#include <string.h>

#define NODE_INDEX_SLOTS 131072u /* twice the nodes of the journal's layout */
#define SITE_INDEX_SLOTS 16384u

size_t sites_private_bytes(void)
{
    return (NODE_INDEX_SLOTS + SITE_INDEX_SLOTS) * sizeof(uint32_t);
}

void sites_open(struct sites *sites, struct journal *journal, void *private_memory)
{
    *sites = (struct sites){.journal = journal,
                            .node_index = {private_memory, NODE_INDEX_SLOTS - 1},
                            .site_index = {(uint32_t *)private_memory + NODE_INDEX_SLOTS, SITE_INDEX_SLOTS - 1}};
}

static bool same_node(const void *records, uint32_t record, const void *key)
{
    const struct lw_node *have = (const struct lw_node *)records + record, *wanted = key;
    return have->frame == wanted->frame && have->parent == wanted->parent;
}

/*
 * Nodes are looked up near where their parents are: a stack that is learnt at once lies in few pages of the index, and
 * a small program uses few of them. Two slots a node, as there are in all; a node's children may lie in 16 KiB.
 */
#define NEIGHBOURHOOD 4096u

static uint64_t node_hash(const struct lw_node *node)
{
    return (uint64_t)node->parent * 2 + index_mix(node->frame, node->parent) % NEIGHBOURHOOD;
}

static uint64_t site_hash(uint32_t node, enum lw_site_kind kind)
{
    return node + (uint64_t)kind * NEIGHBOURHOOD / 4;
}

static void add(uint64_t *field, uint64_t by)
{
    __atomic_fetch_add(field, by, __ATOMIC_RELAXED);
}

/* The lock is held. */
static uint32_t append_node(struct sites *sites, const struct lw_node *node, uint64_t hash)
{
    struct lw_section *section = journal_section(sites->journal, LW_SECTION_NODES);
    uint32_t at = journal_next(section);
    if (at == UINT32_MAX)
        return 0;
    sites->journal->nodes[at] = *node;
    journal_publish(section);
    index_put(&sites->node_index, hash, at);
    return at;
}

static uint32_t child(struct sites *sites, uint32_t parent, uint32_t depth, uint64_t frame, bool *locked)
{
    struct lw_node key = {.frame = frame, .parent = parent, .depth = depth};
    uint64_t hash = node_hash(&key);
    uint32_t found = index_find(&sites->node_index, hash, same_node, sites->journal->nodes, &key);
    if (found)
        return found;
    if (!*locked) {
        *locked = lock_take(&sites->lock);
        if (!*locked) {
            add(&journal_section(sites->journal, LW_SECTION_NODES)->dropped, 1);
            return 0;
        }
        found = index_find(&sites->node_index, hash, same_node, sites->journal->nodes, &key);
        if (found)
            return found;
    }
    return append_node(sites, &key, hash);
}

/* How many frames of this stack, from the outermost on, are the last one's as well. The path's lock is held. */
static uint32_t follow_path(const struct sites_path *path, const uint64_t *frames, uint32_t count)
{
    uint32_t i = 0;
    while (i < path->count && i < count && path->frames[i] == frames[count - 1 - i])
        i++;
    return i;
}

uint32_t sites_node(struct sites *sites, const uint64_t *frames, uint32_t count)
{
    struct sites_path *path = &sites->last;
    bool locked = false, keeps = lock_try(&path->lock);
    uint32_t same = keeps ? follow_path(path, frames, count) : 0, node = same ? path->nodes[same - 1] : 0;
    for (uint32_t i = same; i < count; i++) {
        node = child(sites, node, i + 1, frames[count - 1 - i], &locked);
        if (!node)
            break;
        if (keeps && i < SITES_PATH) {
            path->frames[i] = frames[count - 1 - i];
            path->nodes[i] = node;
            path->count = i + 1;
        }
    }
    if (keeps)
        lock_drop(&path->lock);
    if (locked)
        lock_drop(&sites->lock);
    return node;
}

static bool same_site(const void *records, uint32_t record, const void *key)
{
    const struct lw_site *have = (const struct lw_site *)records + record, *wanted = key;
    return have->node == wanted->node && have->kind == wanted->kind;
}

uint32_t sites_site(struct sites *sites, uint32_t node, enum lw_site_kind kind, uint64_t now_ns)
{
    struct lw_site key = {.node = node, .kind = kind, .first_ns = now_ns};
    uint64_t hash = site_hash(node, kind);
    uint32_t found = index_find(&sites->site_index, hash, same_site, sites->journal->sites, &key);
    if (found || !node)
        return found;
    struct lw_section *section = journal_section(sites->journal, LW_SECTION_SITES);
    if (!lock_take(&sites->lock)) {
        add(&section->dropped, 1);
        return 0;
    }
    found = index_find(&sites->site_index, hash, same_site, sites->journal->sites, &key);
    if (!found && (found = journal_next(section)) != UINT32_MAX) {
        sites->journal->sites[found] = key;
        journal_publish(section);
        index_put(&sites->site_index, hash, found);
    }
    lock_drop(&sites->lock);
    return found == UINT32_MAX ? 0 : found;
}

/* Scaled numbers come and go rounded alike, so a site returns to zero; never below it all the same. */
static void subtract(uint64_t *field, uint64_t by)
{
    uint64_t now = __atomic_load_n(field, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(field, &now, now > by ? now - by : 0, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

void sites_grow(struct sites *sites, uint32_t site, uint64_t size, double weight, uint64_t now_ns)
{
    struct lw_site *record = &sites->journal->sites[site];
    uint64_t bytes = weight == 1 ? size : (uint64_t)((double)size * weight);
    uint64_t count = (uint64_t)(weight + 0.5);
    add(&record->committed_bytes, bytes);
    add(&record->live_count, count);
    add(&record->live_samples, 1);
    add(&record->allocated_bytes, bytes);
    add(&record->allocated_count, count);
    if (weight == 1)
        add(&record->exact_bytes, size);
    __atomic_store_n(&record->last_ns, now_ns, __ATOMIC_RELAXED);
}

void sites_extend(struct sites *sites, uint32_t site, uint64_t bytes, uint64_t now_ns)
{
    struct lw_site *record = &sites->journal->sites[site];
    add(&record->committed_bytes, bytes);
    add(&record->allocated_bytes, bytes);
    add(&record->exact_bytes, bytes);
    __atomic_store_n(&record->last_ns, now_ns, __ATOMIC_RELAXED);
}

void sites_shrink(struct sites *sites, uint32_t site, uint64_t size, double weight)
{
    struct lw_site *record = &sites->journal->sites[site];
    subtract(&record->committed_bytes, weight == 1 ? size : (uint64_t)((double)size * weight));
    subtract(&record->live_count, (uint64_t)(weight + 0.5));
    subtract(&record->live_samples, 1);
    if (weight == 1)
        subtract(&record->exact_bytes, size);
}

void sites_shrink_range(struct sites *sites, uint32_t site, uint64_t bytes, int count)
{
    struct lw_site *record = &sites->journal->sites[site];
    subtract(&record->committed_bytes, bytes);
    subtract(&record->exact_bytes, bytes);
    if (count > 0) {
        subtract(&record->live_count, 1);
        subtract(&record->live_samples, 1);
    } else if (count < 0) {
        add(&record->live_count, 1);
        add(&record->live_samples, 1);
    }
}

uint64_t sites_committed_bytes(struct sites *sites)
{
    uint32_t count = journal_used(journal_section(sites->journal, LW_SECTION_SITES));
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += __atomic_load_n(&sites->journal->sites[i].committed_bytes, __ATOMIC_RELAXED);
    return sum;
}
