/* SPDX-License-Identifier: MIT */
/*
 * sites: unique stacks and what they hold. Stacks live as paths in the journal's tree of nodes, totals in the
 * journal's site records, so that a reader sees both at every instant. The indexes are private memory, handed in.
 * Finding a known stack takes no lock; a new one takes the lock for a bounded time, else site 0 is charged.
 * Any thread; in a signal handler only when guard_inside() was false.
 */
#ifndef LW_STORE_SITES_H
#define LW_STORE_SITES_H

#include <stddef.h>
#include <stdint.h>

#include "store/journal.h"

#define SITES_PATH 160u /* frames; deeper ones are looked up one by one */

/* The stack that was found last, outermost first: most of the next one is the same. Who does not get the lock does
 * without. */
struct sites_path {
    struct lock lock;
    uint32_t count;
    uint64_t frames[SITES_PATH];
    uint32_t nodes[SITES_PATH];
};

struct sites {
    struct journal *journal;
    struct index node_index;
    struct index site_index;
    struct lock lock;
    struct sites_path last;
};

size_t sites_private_bytes(void);
void sites_open(struct sites *sites, struct journal *journal, void *private_memory);

/* The node of a stack given innermost first; 0: empty, or no room (counted in the nodes section). */
uint32_t sites_node(struct sites *sites, const uint64_t *frames, uint32_t count);
/* The site of that node; 0 ("everything else") when there is no room. */
uint32_t sites_site(struct sites *sites, uint32_t node, enum lw_site_kind kind, uint64_t now_ns);

/* weight: blocks that this one stands for; 1 for exact ones. */
void sites_grow(struct sites *sites, uint32_t site, uint64_t size, double weight, uint64_t now_ns);
void sites_extend(struct sites *sites, uint32_t site, uint64_t bytes, uint64_t now_ns); /* an exact range grew */
void sites_shrink(struct sites *sites, uint32_t site, uint64_t size, double weight);
/* For exact ranges that lose a part: bytes go, `count` allocations go (-1: one became two). */
void sites_shrink_range(struct sites *sites, uint32_t site, uint64_t bytes, int count);

uint64_t sites_committed_bytes(struct sites *sites);

#endif
