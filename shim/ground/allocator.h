/* SPDX-License-Identifier: MIT */
/*
 * allocator: whose malloc the program gets. allocator=keep: the one it would have had, and nothing here is ever called
 * or touched. allocator=jemalloc: the distribution's jemalloc, built into this library under names of its own
 * (jemalloc.syms); nothing of it is exported, and its constructor is taken out: it begins with the first call.
 *
 * The choice falls when `next` is resolved, which may be before the constructor and before the C library knows its
 * environment, and stays for the life of the program: a block is freed by who made it.
 *
 * jemalloc never comes through our doors: its system calls are made here, and the ranges it maps are remembered, so
 * that what is resident there and in no block is known as slack. What would start threads of its own, profile, or move
 * the program break is switched off after whatever MALLOC_CONF says; old pages are given back by allocator_tend.
 */
#ifndef LW_GROUND_ALLOCATOR_H
#define LW_GROUND_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct next;

struct allocator_numbers {
    uint64_t live_bytes;     /* in blocks that the program holds, as rounded up by the allocator */
    uint64_t resident_bytes; /* of the pages that it has for them and for itself, as the allocator counts */
};

/* Did LASTWORDS ask for jemalloc, for this program? Reads by system calls alone while `environ` is not set. */
bool allocator_wanted(void);
void allocator_choose(struct next *found); /* while next is resolved: puts jemalloc's functions into it, if wanted */
void allocator_begin(void);                /* its own start, which leaves errno changed, before the first request */
bool allocator_is_jemalloc(void);
size_t allocator_head_bytes(void); /* that a block takes beside its usable size */
/* Does [start, end) hold memory that jemalloc mapped? Any thread. */
bool allocator_owns(uint64_t start, uint64_t end);
void allocator_forked(void); /* in the child */

/*
 * Both take locks of the allocator: the watcher alone calls them, while nobody who may hold these is made to wait.
 * relieve gives back all it can, and names what was called; NULL: there is no such thing, nothing was done.
 * tend gives back what was free for a while (jemalloc's decay, which otherwise goes by the program's own calls).
 */
const char *allocator_relieve(void);
bool allocator_tend(struct allocator_numbers *numbers); /* false: not jemalloc, numbers unchanged */

/* The value of name=value, cut at capacity; NULL: not there. For the tests. */
char *allocator_environment(const char *name, char *buffer, size_t capacity);

#endif
