/* SPDX-License-Identifier: MIT */
/*
 * python_cache: what has been learnt of a code object at a position, so that a walk need not read its names and lines
 * again. Code objects are freed and their addresses reused, and those of their names and line tables as well, so what
 * is known counts only while these are where they were and say what they said.
 *
 * The records lie in the order in which they came: a program that knows a thousand frames has touched a thousand
 * records, not a page for each. Of PYTHON_CACHE_SLOTS frames an old one gives way to what hashes to its place.
 *
 * One caller at a time (the lock of a walk). No system calls, no allocation: safe in signal handlers.
 */
#ifndef LW_OBSERVE_PYTHON_CACHE_H
#define LW_OBSERVE_PYTHON_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PYTHON_CACHE_SLOTS 8192u

/* A code object, as its header has it, at a position in it. */
struct python_known {
    uint64_t code, filename, name, lines; /* addresses */
    uint64_t content;                     /* a hash of what they say; 0: they never change */
    int32_t position;
    int32_t first_line;
};

struct python_cache {
    uint16_t *slots; /* numbers of records from 1 on; 0: empty */
    struct python_cached *records;
    uint32_t count;
};

size_t python_cache_bytes(void);
size_t python_cache_slot_bytes(void); /* the first bytes of them, which are filled from all sides */
void python_cache_open(struct python_cache *cache, void *memory); /* zeroed */
/* The journal's index that was put with it; UINT32_MAX: not known. */
uint32_t python_cache_find(const struct python_cache *cache, const struct python_known *known);
void python_cache_put(struct python_cache *cache, const struct python_known *known, uint32_t frame);
/* This one will be looked for: asks the processor's cache for it. */
void python_cache_ask_early(const struct python_cache *cache, uint64_t code, int32_t position);

#endif
