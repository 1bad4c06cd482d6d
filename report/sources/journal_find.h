/* SPDX-License-Identifier: MIT */
/* journal_find: which journals lie in a directory, by name and by what their identity says. */
#ifndef LASTWORDS_REPORT_JOURNAL_FIND_H
#define LASTWORDS_REPORT_JOURNAL_FIND_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "sources/journal_reader.h"

struct journal_found {
    char path[PATH_MAX];
    struct timespec changed; /* of the file */
    dev_t device;
    ino_t inode;
    struct lw_header header;
    struct lw_identity identity;
};

struct journal_list {
    struct journal_found *items; /* newest first */
    size_t count;
};

typedef bool journal_wanted(const struct journal_found *found, const void *context);

/*
 * Adds the journals of `directory` that are wanted (NULL: all), each file once however it was reached, and keeps the
 * list sorted. 0, or -errno when the directory cannot be read. The caller frees list->items.
 */
int journal_find(const char *directory, journal_wanted *wanted, const void *context, struct journal_list *list);

/*
 * Adds the file, unless it is in the list already, and wherever the list ends. True when it is a journal that is wanted
 * (NULL: any).
 */
bool journal_list_add(const char *path, journal_wanted *wanted, const void *context, struct journal_list *list);

/* Newest first. */
void journal_list_sort(struct journal_list *list);

/* Where journals go when nobody says: ".", TMPDIR, "/tmp". */
size_t journal_default_directories(const char *directories[3]);

#endif
