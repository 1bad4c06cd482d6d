/* SPDX-License-Identifier: MIT */
/*
 * fence: between fork and the libraries whose locks do not survive it. A child has the forking thread only. A lock
 * that another thread held at that instant, in libunwind or the loader's list of modules, stays taken in the child for
 * ever, and the child's next exception, dlopen or sample waits for it. Samples make such an instant a thousand times
 * likelier than it is without us, so they keep away from forks:
 *
 *   fence_enter  before a call into such a library. While a fork is under way it waits a little; false: do without.
 *   fence_leave  after it.
 *   fence_fork_prepare, _parent, _child   the atfork handlers; prepare waits, for a bounded time, until all have left.
 *
 * Any thread; fence_try (never waits) in signal handlers as well. Nesting is fine. errno is preserved.
 */
#ifndef LW_GROUND_FENCE_H
#define LW_GROUND_FENCE_H

#include <link.h>
#include <stdbool.h>

bool fence_try(void);
bool fence_enter(void);
void fence_leave(void);

void fence_fork_prepare(void);
void fence_fork_parent(void);
bool fence_fork_child(void); /* true: somebody was inside, and is not there any more */

/* The real dl_iterate_phdr, inside the fence. */
int fence_each_module(int (*visit)(struct dl_phdr_info *, size_t, void *), void *context);

#endif
