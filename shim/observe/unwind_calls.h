/* SPDX-License-Identifier: MIT */
/*
 * unwind_calls: a walk by libunwind, undisturbed, and what the library asks of the C library meanwhile, answered by our
 * doors.
 *
 * In a walk signals are shut out. A handler of the program may walk by itself, as a profiler's does, and the lock of
 * the loader's list of modules is not safe even from its own thread: who comes in while it is being taken waits for
 * ever. But for those that the thread's own doing brings (SIGSEGV where a stack ends, SIGSYS of a sandbox, SIGTRAP of
 * the fault counter): shut out, they kill.
 *
 * The library shuts them out by itself around each of its locks, by two system calls, four for a frame that it has not
 * seen; in a walk those are answered without. And what it maps for its caches it fills at once, page by page; in a walk
 * the pages come by one call.
 *
 *   unwind_calls_begin   false: this thread is in a walk already (we are in a handler); then there is no end.
 *   unwind_calls_end     lets in what was let in before.
 *
 * Any thread, signal handlers as well. errno is preserved.
 */
#ifndef LW_OBSERVE_UNWIND_CALLS_H
#define LW_OBSERVE_UNWIND_CALLS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/guard.h"
#include "ground/segment.h"

void unwind_calls_of(const void *library); /* whose calls they are: an address in it. Takes the loader's lock. */
bool unwind_calls_begin(void);
void unwind_calls_end(void);

extern struct segment unwind_calls_code;

/* Does the library ask, in a walk of ours? caller: a door's return address. */
static inline bool unwind_calls_are(const void *caller)
{
    return UNLIKELY(thread_state.flags & THREAD_WALKS) && segment_has(&unwind_calls_code, (uintptr_t)caller);
}

/* Its sigprocmask(SIG_SETMASK, …): signals stay shut out. old, unless NULL: what was shut out before the walk. */
int unwind_calls_mask(sigset_t *old);

#endif
