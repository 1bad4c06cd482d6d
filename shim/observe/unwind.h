/* SPDX-License-Identifier: MIT */
/*
 * unwind: native stacks by libunwind. The library is loaded privately (dlopen, RTLD_LOCAL) by the watcher thread: its
 * _Unwind_* symbols must not stand before libgcc's in the program's scope, or C++ exceptions would take another way.
 *
 * unwind_native: any thread, also in a signal handler when guard_inside() was false. The first call of a thread costs
 * some 300 us and 271 KiB (libunwind's cache for that thread), later ones well below 1 us.
 */
#ifndef LW_OBSERVE_UNWIND_H
#define LW_OBSERVE_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNWIND_MAX 160u

/* Watcher thread only. false: not installed; `why` says so. */
bool unwind_load(char *why, size_t capacity);
/* Return addresses of the caller's stack, innermost first, without our own frames. 0: the unwinder is not loaded. */
uint32_t unwind_native(uint64_t *frames, uint32_t capacity);
/*
 * The stack that a signal interrupted, from its ucontext. About 25 us, but no cache of 271 KiB for the thread: near the
 * end a hundred waiting threads must not need memory.
 */
uint32_t unwind_interrupted(void *ucontext, uint64_t *frames, uint32_t capacity);
/* First and last address of the function around `address` as the unwind tables tell; false: none. */
bool unwind_function(uint64_t address, uint64_t *start, uint64_t *end);
/* Is this address inside liblastwords.so? */
bool unwind_is_ours(uint64_t address);

#endif
