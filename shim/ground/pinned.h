/* SPDX-License-Identifier: MIT */
/*
 * pinned: memory that is there when it is needed. Near the limit the kernel takes the pages of files first, and what
 * runs then to save the evidence would read its own code from a disk, page by page, and be throttled for it (beyond
 * memory.high a watcher that lost its code spent 30 s on 40,000 such reads). Pages are locked as they are touched
 * (mlock2 with MLOCK_ONFAULT, Linux 4.4), so nothing more becomes resident by it.
 *
 * Without CAP_IPC_LOCK a process may lock no more than RLIMIT_MEMLOCK: half of that is left to the program, and what
 * does not fit stays as it is. A forked child has no locked pages. Not in signal handlers.
 */
#ifndef LW_GROUND_PINNED_H
#define LW_GROUND_PINNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void pinned_reset(void); /* nothing is locked yet in this process */
bool pinned_range(const void *start, uint64_t bytes);
/* What is mapped of the file of the module that the address lies in. Takes the loader's lock. */
bool pinned_module(const void *address);

#endif
