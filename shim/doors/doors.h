/* SPDX-License-Identifier: MIT */
/*
 * doors: what the program calls instead of the C library. A door is the real call and at most one line to the
 * tracker; contracts, results and errno are the C library's own. The doors need no initialisation and work before
 * the constructor, after the exit handlers, and in thread-local destructors.
 */
#ifndef LW_DOORS_DOORS_H
#define LW_DOORS_DOORS_H

#define DOOR __attribute__((visibility("default")))

#include <stddef.h>

/* Not declared by every C library that a program may have been made for. */
void cfree(void *pointer);
void free_sized(void *pointer, size_t size);
void free_aligned_sized(void *pointer, size_t alignment, size_t size);

#endif
