/* SPDX-License-Identifier: MIT */
/*
 * journal_file: opens a journal.
 *
 * The file is copied into memory first (header, then the rest), so that a journal that is being written, truncated or
 * removed at this moment cannot harm the reader, and so that every record below the `used` counts in the header is
 * whole.
 */
#ifndef LASTWORDS_REPORT_JOURNAL_FILE_H
#define LASTWORDS_REPORT_JOURNAL_FILE_H

#include "sources/journal_reader.h"

/* path: a regular file, or "-" for standard input. NULL with the problem set when there is nothing to read in it. */
struct journal *journal_open(const char *path, struct problem *problem);

/*
 * Reads only header and identity, for looking at many files. False, without a message, when the file is not a journal
 * of this version or belongs to somebody else's format.
 */
bool journal_peek(const char *path, struct lw_header *header, struct lw_identity *identity);

/* The journal's path with another suffix than .lw. False for standard input, which lies nowhere, and without room. */
bool journal_path_beside(const char *name, const char *suffix, char *out, size_t size);

#endif
