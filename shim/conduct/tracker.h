/* SPDX-License-Identifier: MIT */
/*
 * tracker: the one way from an event at a door to the stores. The slow path of the doors: called once in many bytes,
 * for large requests, and for pointers that the filter does not rule out. Any thread; errno is preserved.
 */
#ifndef LW_CONDUCT_TRACKER_H
#define LW_CONDUCT_TRACKER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Before the real allocation, on the slow path. true: with action=refuse this request does not fit; errno is ENOMEM,
 * and nothing else is to be done. See conduct/refusal.h.
 */
bool tracker_refuses(size_t size);
/* After the real allocation. pointer NULL: it was refused. */
void tracker_allocated(void *pointer, size_t size);
/* Before the real free or realloc of a pointer that filter_maybe() names. */
void tracker_freeing(void *pointer);
/* Before a thread is made: its stack is memory that no other door sees. */
void tracker_thread_coming(void);
/* First thing in a new thread of the program. */
void tracker_thread_began(void);
/* The kernel has filled so much of a buffer: it touched the pages, not the program. */
void tracker_filled(void *buffer, size_t size);
void tracker_mapped(void *address, size_t size, int flags, int fd);
void tracker_mapping_refused(size_t size);
void tracker_unmapped(void *address, size_t size);

#endif
