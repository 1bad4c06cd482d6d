/* SPDX-License-Identifier: MIT */
/*
 * chores: the watcher's work for calm times: modules and symbols, the allocator, residency scans. What takes a lock of
 * the program (the loader's, the allocator's) lets everybody go on meanwhile (gate_yield). Watcher only.
 */
#ifndef LW_CONDUCT_CHORES_H
#define LW_CONDUCT_CHORES_H

#include <stdbool.h>
#include <stdint.h>

/* Once a second, every other one far from every limit: also the moment to read limits and counters anew. */
bool chores_are_due(uint64_t now_ns);
void chores_slow(uint64_t now_ns); /* when they are due */
void chores_calm(uint64_t now_ns); /* at every look, unless the end is too near */
void chores_reset(void);

#endif
