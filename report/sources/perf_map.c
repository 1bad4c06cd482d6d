/* SPDX-License-Identifier: MIT */
#include "sources/perf_map.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sources/arena.h"
#include "sources/journal_process.h"
#include "sources/small_file.h"

struct region {
    uint64_t start;
    uint64_t size;
    uint32_t name; /* offset in the text */
    uint32_t length;
};

struct perf_map {
    char *text;
    struct region *regions; /* by start; of several with one start the latest is last */
    size_t count;
};

static int by_start(const void *a, const void *b)
{
    const struct region *left = a, *right = b;

    if (left->start != right->start)
        return left->start < right->start ? -1 : 1;
    return left->name < right->name ? -1 : left->name > right->name;
}

/* Digits up to a blank; false: none, or too many. */
static bool read_hex(const char **at, const char *end, uint64_t *number)
{
    const char *from = *at;
    uint64_t value = 0;

    for (; *at < end && **at != ' '; (*at)++) {
        char c = **at;
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
        if (digit < 0 || *at - from >= 16)
            return false;
        value = value << 4 | (uint64_t)digit;
    }
    *number = value;
    bool any = *at > from && *at < end;
    *at += any;
    return any;
}

static void add_line(struct perf_map *map, size_t *capacity, const char *line, const char *end)
{
    struct region region;

    for (int i = 0; i < 2; i++) /* some writers put 0x before a number */
        if (end - line > 2 && line[0] == '0' && line[1] == 'x')
            line += 2;
    if (!read_hex(&line, end, &region.start) || !read_hex(&line, end, &region.size) || line == end || !region.size)
        return;
    if (map->count == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 1024;
        map->regions = array_resize(map->regions, *capacity, sizeof(*map->regions));
    }
    region.name = (uint32_t)(line - map->text);
    region.length = end - line > (ptrdiff_t)PERF_MAP_MAX_NAME ? PERF_MAP_MAX_NAME : (uint32_t)(end - line);
    map->regions[map->count++] = region;
}

/* Takes the text over. */
static struct perf_map *parse(char *text, size_t bytes)
{
    struct perf_map *map = array_resize(NULL, 1, sizeof(*map));
    size_t capacity = 0;

    *map = (struct perf_map){.text = text};
    for (const char *at = text, *end = text + bytes; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop)
            break; /* being written */
        add_line(map, &capacity, at, stop);
        at = stop + 1;
    }
    if (map->count > 1)
        qsort(map->regions, map->count, sizeof(*map->regions), by_start);
    return map;
}

struct perf_map *perf_map_parse(const char *text, size_t bytes)
{
    char *copy = array_resize(NULL, bytes + 1, 1);

    memcpy(copy, text, bytes);
    return parse(copy, bytes);
}

static bool same_boot(const struct lw_identity *identity)
{
    const char *boot_id = journal_boot_id();

    return boot_id[0] && strcmp(boot_id, identity->boot_id) == 0;
}

struct perf_map *perf_map_open(const struct lw_identity *identity)
{
    char path[64];
    struct stat status;
    struct perf_map *map = NULL;

    snprintf(path, sizeof(path), "/tmp/perf-%u.map", identity->pid);
    int fd = same_boot(identity) ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == identity->uid &&
        (uint64_t)status.st_mtim.tv_sec >= identity->started_realtime_ns / 1000000000u) {
        size_t size = status.st_size < (off_t)PERF_MAP_MAX_BYTES ? (size_t)status.st_size : PERF_MAP_MAX_BYTES;
        char *text = array_resize(NULL, size + 1, 1);
        ssize_t have = read_fully(fd, text, size, -1);
        map = parse(text, have > 0 ? (size_t)have : 0);
    }
    if (fd >= 0)
        close(fd);
    return map;
}

void perf_map_close(struct perf_map *map)
{
    if (!map)
        return;
    free(map->text);
    free(map->regions);
    free(map);
}

const char *perf_map_name(const struct perf_map *map, uint64_t address, size_t *length)
{
    size_t low = 0, high = map->count;

    while (low < high) { /* the first region that begins behind it */
        size_t middle = low + (high - low) / 2;
        if (map->regions[middle].start > address)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0 || address - map->regions[low - 1].start >= map->regions[low - 1].size)
        return NULL;
    *length = map->regions[low - 1].length;
    return map->text + map->regions[low - 1].name;
}
