/* SPDX-License-Identifier: MIT */
/* small_file: the files of /proc and /sys, and reads that are not cut short. */
#ifndef LASTWORDS_REPORT_SMALL_FILE_H
#define LASTWORDS_REPORT_SMALL_FILE_H

#include <sys/types.h>

/* The first size - 1 bytes of a file, terminated. Length, or -errno with the text untouched. */
ssize_t small_file_read(const char *path, char *text, size_t size);

/* Reads until the end, an error or `size` bytes; offset < 0: from where the stream stands. Length, or -errno. */
ssize_t read_fully(int fd, void *out, size_t size, off_t offset);

#endif
