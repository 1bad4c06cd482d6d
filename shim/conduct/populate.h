/* SPDX-License-Identifier: MIT */
/*
 * populate: pages that the kernel makes for the program in one call: MAP_POPULATE, MADV_POPULATE_READ and _WRITE,
 * mlock and mlockall. No page fault of user mode tells of them, and nobody can stop a thread within the kernel (see
 * conduct/transfer.h): so what is larger than what is left of the limit is made in strides, with a look after each. The
 * pages and the result are the same. Any thread, also in a signal handler of the program; errno is that of the call.
 */
#ifndef LW_CONDUCT_POPULATE_H
#define LW_CONDUCT_POPULATE_H

#include <stdbool.h>
#include <stddef.h>

/* May so many bytes be more than what is left? */
bool populate_exceeds(size_t size);
/* step makes so many of the pages, 0 or -1 with errno as madvise does. The first one that fails ends it. */
int populate_strides(void *address, size_t size, int (*step)(void *address, size_t size, int how), int how);

/* As mlock and mlockall. What is lastwords' own is locked as it is touched, and made no larger. */
int populate_locked(const void *address, size_t size);
int populate_all_locked(int flags);
/* MAP_LOCKED afterwards. false: it may not be locked; errno as of mmap. */
bool populate_mapping_locked(void *memory, size_t size);

#endif
