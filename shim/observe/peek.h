/* SPDX-License-Identifier: MIT */
/*
 * peek: reads of memory that may not be there, through the kernel, many at a time. A call of the kernel costs 1.1 us,
 * each page of it 0.35 (2-core VM). So pages are read whole and kept for one walk; those that the same thread looked at
 * in its walk before are read again by one call when it begins, and so are those that are known to be wanted.
 *
 * One caller at a time: all threads share the buffers, under the lock of the caller. Any thread; safe in signal
 * handlers.
 */
#ifndef LW_OBSERVE_PEEK_H
#define LW_OBSERVE_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A walk begins: what was kept is no longer true. walker: any number, the same for the same thread. */
void peek_begin(uint64_t walker);
/* So many objects of this size will be asked for: reads by one call what is not kept yet. */
void peek_ahead(const uint64_t *addresses, uint32_t count, size_t bytes);
/* false: not mapped, or the kernel forbids it; then what is at `to` is not to be used. */
bool peek(uint64_t address, void *to, size_t bytes);

#endif
