/* SPDX-License-Identifier: MIT */
#include "observe/cgroup_search.h"
#include "ground/sys.h"
#include "ground/text.h"

#include <fcntl.h>
#include <string.h>

#define PATH_BYTES 512u

struct search {
    const char *path; /* below the root of the namespace; "" for the root itself */
    uint32_t pid;
    uint32_t levels; /* still to go down */
    uint32_t seen;
    bool found;
    char at[PATH_BYTES]; /* the directory that is looked at */
};

uint32_t cgroup_levels_above(const char *mount_root)
{
    uint32_t levels = 0;
    for (const char *at = mount_root; *at; at += 3, levels++)
        if (!text_starts(at, "/..") || (at[3] && at[3] != '/'))
            return 0;
    return levels;
}

/* One pid a line; a long list is read in pieces. */
static bool lists(const char *file, uint32_t pid)
{
    char chunk[512];
    uint64_t value = 0;
    bool hit = false;
    long n;
    int fd = sys_open(file, O_RDONLY, 0);
    while (fd >= 0 && !hit && (n = sys_read(fd, chunk, sizeof chunk)) > 0) {
        for (long i = 0; i < n && !hit; i++) {
            hit = chunk[i] == '\n' && value == pid;
            value = chunk[i] == '\n' ? 0 : value * 10 + (uint64_t)(chunk[i] - '0');
        }
    }
    sys_close(fd);
    return hit;
}

static bool holds_the_process(const struct search *search)
{
    char file[2 * PATH_BYTES];
    struct text text = TEXT_ON(file);
    text_add(&text, search->at);
    text_add(&text, search->path);
    text_add(&text, "/cgroup.procs");
    return !text.cut && lists(file, search->pid);
}

static bool look_at(void *context, const char *name, bool is_directory)
{
    struct search *search = context;
    size_t length = strlen(search->at);
    struct text text = {.buffer = search->at, .capacity = sizeof search->at, .length = length};
    if (!is_directory)
        return true;
    if (++search->seen > CGROUP_SEARCH_MAX)
        return false;
    text_char(&text, '/');
    text_add(&text, name);
    search->levels--;
    if (!text.cut && search->levels)
        sys_each_entry(search->at, look_at, search);
    else if (!text.cut)
        search->found = holds_the_process(search);
    search->levels++;
    if (!search->found)
        search->at[length] = '\0';
    return !search->found && search->seen <= CGROUP_SEARCH_MAX;
}

bool cgroup_search(const char *mount_point, uint32_t levels, const char *path, uint32_t pid, char *relative,
                   size_t capacity)
{
    struct search search = {.path = text_equal(path, "/") ? "" : path, .pid = pid, .levels = levels};
    if (!levels || levels > CGROUP_SEARCH_DEPTH ||
        text_copy(search.at, sizeof search.at, mount_point) + 1 >= PATH_BYTES)
        return false;
    sys_each_entry(search.at, look_at, &search);
    if (!search.found)
        return false;
    struct text text = {.buffer = relative, .capacity = capacity};
    text_add(&text, search.at + strlen(mount_point));
    text_add(&text, search.path);
    return !text.cut;
}
