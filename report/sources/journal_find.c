/* SPDX-License-Identifier: MIT */
#include "sources/journal_find.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sources/arena.h"
#include "sources/journal_file.h"

static int newest_first(const void *a, const void *b)
{
    const struct timespec *left = &((const struct journal_found *)a)->changed;
    const struct timespec *right = &((const struct journal_found *)b)->changed;

    if (left->tv_sec != right->tv_sec)
        return left->tv_sec > right->tv_sec ? -1 : 1;
    return left->tv_nsec > right->tv_nsec ? -1 : left->tv_nsec < right->tv_nsec;
}

static bool known(const struct journal_list *list, const struct journal_found *found)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].device == found->device && list->items[i].inode == found->inode)
            return true;
    return false;
}

bool journal_list_add(const char *path, journal_wanted *wanted, const void *context, struct journal_list *list)
{
    struct journal_found *found = array_resize(NULL, 1, sizeof(*found));
    struct stat status;
    bool good = snprintf(found->path, sizeof(found->path), "%s", path) < (int)sizeof(found->path) &&
                stat(path, &status) == 0 && journal_peek(path, &found->header, &found->identity);

    if (good) {
        found->changed = status.st_mtim;
        found->device = status.st_dev;
        found->inode = status.st_ino;
        good = !wanted || wanted(found, context);
    }
    if (good && !known(list, found)) {
        list->items = array_resize(list->items, list->count + 1, sizeof(*list->items));
        list->items[list->count++] = *found;
    }
    free(found);
    return good;
}

void journal_list_sort(struct journal_list *list)
{
    if (list->count > 0)
        qsort(list->items, list->count, sizeof(*list->items), newest_first);
}

int journal_find(const char *directory, journal_wanted *wanted, const void *context, struct journal_list *list)
{
    char path[PATH_MAX];
    bool here = strcmp(directory, ".") == 0;
    DIR *stream = opendir(directory);

    if (!stream)
        return -errno;
    for (struct dirent *entry; (entry = readdir(stream));)
        if (fnmatch(JOURNAL_FILE_PREFIX "*" JOURNAL_FILE_SUFFIX, entry->d_name, 0) == 0 &&
            snprintf(path, sizeof(path), "%s%s%s", here ? "" : directory, here ? "" : "/", entry->d_name) <
                (int)sizeof(path))
            journal_list_add(path, wanted, context, list);
    closedir(stream);
    journal_list_sort(list);
    return 0;
}

size_t journal_default_directories(const char *directories[3])
{
    const char *temporary = getenv("TMPDIR");
    size_t count = 0;

    directories[count++] = ".";
    if (temporary && *temporary)
        directories[count++] = temporary;
    directories[count++] = "/tmp";
    return count;
}
