/* SPDX-License-Identifier: MIT */
/*
 * unwind: native stacks by libunwind. The library is loaded privately (dlopen, RTLD_LOCAL): its _Unwind_* symbols must
 * not stand before libgcc's in the program's scope, or C++ exceptions would take another way.
 *
 * unwind_native: any thread, also in a signal handler when guard_inside() was false. Two ways lead to the same frames.
 * With a cache of libunwind's for the thread a walk costs well below 1 us; getting it costs some 300 us once and
 * UNWIND_CACHE_BYTES as long as the thread lives. Frame by frame it costs 10 to 25 us for a shallow stack, half a
 * millisecond for the hundred frames of a Python import, and no memory. So the cache is for threads that walk often or
 * deep (once they have done STEPS frames, when it begins to pay), and for so many at once as unwind_allow() says; a
 * thread that ends gives its own back.
 *
 * Neither way asks whether the code at an address is still the same. After a dlclose that unloads something the shared
 * cache of the slow way is flushed, and those of the threads, which cannot be, are not used any more.
 */
#ifndef LW_OBSERVE_UNWIND_H
#define LW_OBSERVE_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNWIND_MAX         160u
#define UNWIND_CACHE_BYTES (271u << 10)

void unwind_begin(void); /* where our own code lies; before anything else. Watcher thread only. */
/*
 * Any thread of ours, one at a time; waits for a dlopen of the program that is under way, constructors and all. Until
 * it is done there are no native frames. false: not installed; `why` says so.
 */
bool unwind_load(char *why, size_t capacity);
const void *unwind_library(void); /* an address in it; NULL: not loaded */
/* By the process's size: caches for UNWIND_CACHES threads, and for one more in each 256 MiB (0.1 %). Watcher. */
void unwind_allow(uint64_t resident_bytes);
uint32_t unwind_caches(void); /* how many there are */
/* Before and after a dlclose. unwind_closing false: the unwinder is not loaded, nothing is to be done. Any thread. */
bool unwind_closing(void);
void unwind_closed(void);
/* In the child. busy: another thread was inside the library when it forked, and may have left its cache locked. */
void unwind_forked(bool busy);

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
