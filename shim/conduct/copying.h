/* SPDX-License-Identifier: MIT */
/*
 * copying: a realloc that copies holds its arena's lock meanwhile (glibc), which may be for as long as memory lasts;
 * malloc_trim waits for that lock. A watcher that waits there sees nothing, and nobody is stopped at the margin. So
 * the two keep out of each other's way: relief comes after the copy, and a copy that is to begin waits for the relief.
 */
#ifndef LW_CONDUCT_COPYING_H
#define LW_CONDUCT_COPYING_H

#include <stdbool.h>
#include <stddef.h>

/* Around a realloc to so many bytes, in any thread. A small one is over before anybody notices: false. */
bool copying_begin(size_t size);
void copying_end(bool begun);

/* The watcher's. false: somebody copies, no relief now. Else copies wait until copying_resume, 100 ms at most. */
bool copying_hold_off(void);
void copying_resume(void);
void copying_reset(void); /* in a forked child nobody copies */

#endif
