/* SPDX-License-Identifier: MIT */
/*
 * tracker: the one way from an event at a door to the stores. The slow path of the doors: called once in many bytes,
 * for large requests, and for pointers that the filter does not rule out. Any thread; errno is preserved.
 */
#ifndef LW_CONDUCT_TRACKER_H
#define LW_CONDUCT_TRACKER_H

#include <stdbool.h>
#include <stddef.h>

#include "ground/guard.h"
#include "store/live.h"
#include "store/mappings.h"
#include "store/sampler.h"

#define TRACKER_PIECES 8u /* more pieces in one call are forgotten for good, should it refuse */

/* What was forgotten before a call that may refuse, and the guard, which is held meanwhile; the caller's own. */
struct tracker_range {
    uint32_t count;
    bool inside;
    struct guard guard;
    struct mapping pieces[TRACKER_PIECES];
};

/*
 * Before the real allocation, on the slow path. true: with action=refuse this request does not fit; errno is ENOMEM,
 * and nothing else is to be done. See conduct/refusal.h.
 */
bool tracker_refuses(size_t size);
/* After the real allocation. pointer NULL: it was refused. */
void tracker_allocated(void *pointer, size_t size);
/* Before the real free or realloc of a pointer that filter_maybe() names. */
void tracker_freeing(void *pointer);
/*
 * A small object out of an interpreter's arena, not of malloc: the same, with a countdown of its own. The caller holds
 * the interpreter's lock. What is freed is told to tracker_freeing. forget: all at once, without their being freed.
 */
extern __thread struct sample_clock tracker_object_clock __attribute__((tls_model("initial-exec")));
void tracker_object(void *pointer, size_t size);
void tracker_forget_objects(void);
/* Before a realloc of such a pointer; after it with what the first one said. stayed: it failed. */
uint32_t tracker_moving(void *pointer);
void tracker_moved(uint32_t moving, bool stayed);
#define TRACKER_UNKNOWN UINT32_MAX /* a block without a record */
/* Before a thread is made: its stack is memory that no other door sees. */
void tracker_thread_coming(void);
/* First thing in a new thread of the program. roomy: its stack is far larger than what stopping it takes. */
void tracker_thread_began(bool roomy);
void tracker_huge_pages(void); /* the program has asked for huge pages (MADV_HUGEPAGE) */
void tracker_mapped(void *address, size_t size, int flags, int fd);
/*
 * The same for a mapping that the program's own allocator made, perhaps under its locks: nothing here allocates. What
 * has to (activation, the first stack of a thread) is made up for at a safe point: in a door that no allocator calls.
 */
void tracker_carrier_mapped(void *address, size_t size, int flags, int fd, const void *caller);
extern uint32_t tracker_behind; /* something is to be made up for */
void tracker_catch_up(const void *caller);

static inline __attribute__((always_inline)) void tracker_safe_point(void)
{
    if (UNLIKELY(__atomic_load_n(&tracker_behind, __ATOMIC_RELAXED)))
        tracker_catch_up(__builtin_return_address(0)); /* of the door */
}

/* Before and, when the first one says so, after a dlclose. */
bool tracker_unloading(void *handle);
void tracker_unloaded(void);
void tracker_mapping_refused(size_t size);
/* Before the real munmap, mremap or shmdt; always followed by tracker_unmapped. */
void tracker_unmapping(struct tracker_range *range, void *address, size_t size);
void tracker_detaching(struct tracker_range *range, const void *address);
void tracker_unmapped(struct tracker_range *range, bool done);
/* After mremap, before tracker_unmapped: what it was is known from what was forgotten. */
void tracker_remapped(const struct tracker_range *range, void *address, size_t size);
/* The program moved its break itself: to the byte, not to the page. */
void tracker_break_grew(void *from, size_t bytes);
void tracker_break_shrinks(struct tracker_range *range, void *to, size_t bytes);

#endif
