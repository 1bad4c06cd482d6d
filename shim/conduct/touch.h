/* SPDX-License-Identifier: MIT */
/*
 * touch: first-touch samples on their way from the touching thread to the journal. The handler notes the address and
 * its own stack in a ring; at the next scan, when the owners of all addresses lie sorted at hand, the watcher charges
 * them: who touched first what which site had obtained. Samples that find no room are counted as dropped.
 */
#ifndef LW_CONDUCT_TOUCH_H
#define LW_CONDUCT_TOUCH_H

#include <stdbool.h>
#include <stdint.h>

/* In the fault counter's handler, guard not held: `pages` were touched here or near since the last sample. */
void touch_note(uint64_t address, uint64_t pages, void *ucontext);
/* The same in a door, guard held, for pages that the kernel touched. */
void touch_note_here(uint64_t address, uint64_t pages);
/* Watcher: owner returns the site that obtained this address, 0 when none did. */
void touch_settle(uint32_t (*owner)(uint64_t address));
void touch_reset(void);

#endif
