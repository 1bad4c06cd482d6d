/* SPDX-License-Identifier: MIT */
#include "store/touches.h"

#define PROBES 64u

/*
 * The section is an open-addressing table: a slot is claimed by storing (site, node) as one 64-bit word, which is
 * never zero because a known stack has a node above 0. `used` only grows, to tell a reader how far to look: all.
 */
bool touches_add(struct journal *journal, uint32_t site, uint32_t node, uint64_t bytes)
{
    struct lw_section *section = journal_section(journal, LW_SECTION_TOUCHES);
    uint64_t key = (uint64_t)node << 32 | site;
    if (!node)
        return false;
    section->used = section->capacity;
    for (uint32_t i = 0; i < PROBES; i++) {
        struct lw_touch *slot = &journal->touches[(index_mix(site, node) + i) % section->capacity];
        uint64_t *word = (uint64_t *)(void *)&slot->site, have = 0;
        if (__atomic_compare_exchange_n(word, &have, key, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) || have == key) {
            __atomic_fetch_add(&slot->bytes, bytes, __ATOMIC_RELAXED);
            __atomic_fetch_add(&slot->count, 1, __ATOMIC_RELAXED);
            return true;
        }
    }
    __atomic_fetch_add(&section->dropped, 1, __ATOMIC_RELAXED);
    return false;
}
