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
#include <sys/mman.h>
#include <sys/types.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* As madvise with one of these two, and as mlock. */
int populate_advised(void *address, size_t size, int advice);
int populate_locked(const void *address, size_t size);
/* As mlockall. What is lastwords' own is locked as it is touched, and made no larger. */
int populate_all_locked(int flags);

/*
 * mmap with MAP_POPULATE or MAP_LOCKED: populate_later says which of the two are to be left out of the call, because
 * the pages are made afterwards (0: none). Then, of what was mapped, populate_mapping; false: it may not be locked, and
 * is still mapped; errno as of mmap, which does not tell whether all pages could be made.
 */
int populate_later(size_t size, int protection, int flags);
bool populate_mapping(void *memory, size_t size, int protection, int flags, int later);

/*
 * fallocate: are these pages of a file in memory made in strides? Where that is the same as the whole: behind its end,
 * which is returned for populate_file.
 */
bool populate_file_later(int fd, int mode, off_t offset, off_t size, off_t *end);
int populate_file(int fd, int mode, off_t offset, off_t size, off_t end);

#endif
