/* SPDX-License-Identifier: MIT */
#include "sources/cgroup_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sources/small_file.h"

#define V1_NO_LIMIT (UINT64_C(1) << 60) /* v1 says PAGE_COUNTER_MAX, some 9.2e18, for "none" */

int cgroup_write_file(const char *directory, const char *file, const char *text)
{
    char path[PATH_MAX + 64];

    snprintf(path, sizeof(path), "%s/%s", directory, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = write(fd, text, strlen(text));
    int error = n < 0 ? errno : 0;
    close(fd);
    return -error;
}

static ssize_t read_in(const char *directory, const char *file, char *text, size_t size)
{
    char path[PATH_MAX + 64];

    snprintf(path, sizeof(path), "%s/%s", directory, file);
    return small_file_read(path, text, size);
}

int cgroup_read_number(const char *directory, const char *file, uint64_t *value)
{
    char text[64], *end;
    ssize_t n = read_in(directory, file, text, sizeof(text));

    if (n < 0)
        return (int)n;
    if (strncmp(text, "max", 3) == 0) {
        *value = LW_UNLIMITED;
        return 0;
    }
    uint64_t number = strtoull(text, &end, 10);
    if (end == text)
        return -EINVAL;
    *value = number >= V1_NO_LIMIT ? LW_UNLIMITED : number;
    return 0;
}

int cgroup_read_row(const char *directory, const char *file, const char *name, uint64_t *value)
{
    char text[8192];
    ssize_t n = read_in(directory, file, text, sizeof(text));
    size_t length = strlen(name);

    if (n < 0)
        return (int)n;
    for (char *row = text; row && *row; row = strchr(row, '\n'), row = row ? row + 1 : NULL) {
        if (strncmp(row, name, length) == 0 && row[length] == ' ') {
            *value = strtoull(row + length + 1, NULL, 10);
            return 0;
        }
    }
    return -ENODATA;
}

bool cgroup_read_has_word(const char *directory, const char *file, const char *word)
{
    char text[1024], *save = NULL;

    if (read_in(directory, file, text, sizeof(text)) < 0)
        return false;
    for (char *part = strtok_r(text, " \n", &save); part; part = strtok_r(NULL, " \n", &save))
        if (strcmp(part, word) == 0)
            return true;
    return false;
}

uint64_t cgroup_oom_kills(enum cgroup_version version, const char *directory, char *source, size_t source_size)
{
    const char *file = version == CGROUP_V1 ? "memory.oom_control" : "memory.events";
    uint64_t count = LW_UNKNOWN;

    if (source)
        snprintf(source, source_size, "%s/%s", directory, file);
    if (version == CGROUP_NONE || cgroup_read_row(directory, file, "oom_kill", &count) != 0)
        return LW_UNKNOWN;
    return count;
}

/* Spaces and the like stand as \040 in mountinfo. */
static void unescape(char *text)
{
    char *out = text;

    for (char *in = text; *in; in++) {
        bool escape = in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' && in[3] >= '0' &&
                      in[3] <= '7';
        *out++ = escape ? (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0')) : *in;
        in += escape ? 3 : 0;
    }
    *out = '\0';
}

struct mount {
    char root[PATH_MAX];
    char point[PATH_MAX];
};

/*
 * 35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
 *            root point                                      type          options
 */
static bool mount_of_line(const char *line, const char *type, const char *option, struct mount *mount)
{
    char fields[PATH_MAX], *save = NULL, *words[64];
    size_t count = 0, dash = 0;

    snprintf(fields, sizeof(fields), "%s", line);
    for (char *word = strtok_r(fields, " ", &save); word && count < 64; word = strtok_r(NULL, " ", &save)) {
        if (strcmp(word, "-") == 0 && !dash)
            dash = count;
        words[count++] = word;
    }
    if (dash < 6 || dash + 3 >= count || strcmp(words[dash + 1], type) != 0)
        return false;
    bool found = option == NULL;
    for (char *part = strtok_r(words[dash + 3], ",", &save); part && !found; part = strtok_r(NULL, ",", &save))
        found = strcmp(part, option) == 0;
    if (!found)
        return false;
    snprintf(mount->root, sizeof(mount->root), "%s", words[3]);
    snprintf(mount->point, sizeof(mount->point), "%s", words[4]);
    unescape(mount->root);
    unescape(mount->point);
    return true;
}

static bool find_mount(const char *mountinfo, const char *type, const char *option, struct mount *mount)
{
    char line[PATH_MAX];

    while (*mountinfo) {
        size_t length = strcspn(mountinfo, "\n");
        snprintf(line, sizeof(line), "%.*s", (int)(length < PATH_MAX ? length : PATH_MAX - 1), mountinfo);
        if (mount_of_line(line, type, option, mount))
            return true;
        mountinfo += length + (mountinfo[length] == '\n');
    }
    return false;
}

/* "4:memory:/a/b" or, with controller "", "0::/a/b" */
static bool find_path(const char *cgroup, const char *controller, char *path, size_t size)
{
    while (*cgroup) {
        size_t length = strcspn(cgroup, "\n");
        const char *first = memchr(cgroup, ':', length);
        const char *second = first ? memchr(first + 1, ':', length - (size_t)(first + 1 - cgroup)) : NULL;
        if (second) {
            char list[512], *save = NULL;
            snprintf(list, sizeof(list), "%.*s", (int)(second - first - 1), first + 1);
            bool found = !controller[0] && !list[0];
            for (char *part = strtok_r(list, ",", &save); part && !found; part = strtok_r(NULL, ",", &save))
                found = strcmp(part, controller) == 0;
            if (found) {
                snprintf(path, size, "%.*s", (int)(length - (size_t)(second + 1 - cgroup)), second + 1);
                return true;
            }
        }
        cgroup += length + (cgroup[length] == '\n');
    }
    return false;
}

/* The directory of `path` below the mount: a container's mount shows only a part of the hierarchy. */
static void join(const struct mount *mount, const char *path, char *directory, size_t size)
{
    size_t root = strcmp(mount->root, "/") == 0 ? 0 : strlen(mount->root);

    if (root > 0 && strncmp(path, mount->root, root) == 0 && (path[root] == '/' || !path[root]))
        path += root;
    if (strncmp(path, "/..", 3) == 0 || strcmp(path, "/") == 0)
        path = "";
    snprintf(directory, size, "%.2000s%.2000s", mount->point, path);
}

bool cgroup_place_parse(const char *mountinfo, const char *cgroup, struct cgroup_place *place)
{
    struct mount memory, unified;
    char path[PATH_MAX];

    memset(place, 0, sizeof(*place));
    bool v1 = find_mount(mountinfo, "cgroup", "memory", &memory) && find_path(cgroup, "memory", path, sizeof(path));
    if (v1) {
        place->version = CGROUP_V1;
        snprintf(place->mount, sizeof(place->mount), "%s", memory.point);
        snprintf(place->path, sizeof(place->path), "%s", path);
        join(&memory, path, place->directory, sizeof(place->directory));
    }
    if (!find_mount(mountinfo, "cgroup2", NULL, &unified) || !find_path(cgroup, "", path, sizeof(path)))
        return v1;
    place->has_unified = v1;
    snprintf(place->unified_mount, sizeof(place->unified_mount), "%s", unified.point);
    join(&unified, path, place->unified_directory, sizeof(place->unified_directory));
    if (!v1) {
        place->version = CGROUP_V2;
        memcpy(place->mount, place->unified_mount, sizeof(place->mount));
        memcpy(place->directory, place->unified_directory, sizeof(place->directory));
        snprintf(place->path, sizeof(place->path), "%s", path);
    }
    return true;
}

int cgroup_place_read(pid_t pid, struct cgroup_place *place)
{
    static char mountinfo[1 << 18], cgroup[1 << 14];
    char path[64], who[24] = "self";

    if (pid > 0)
        snprintf(who, sizeof(who), "%d", (int)pid);
    snprintf(path, sizeof(path), "/proc/%s/mountinfo", who);
    ssize_t n = small_file_read(path, mountinfo, sizeof(mountinfo));
    if (n < 0)
        return (int)n;
    snprintf(path, sizeof(path), "/proc/%s/cgroup", who);
    n = small_file_read(path, cgroup, sizeof(cgroup));
    if (n < 0)
        return (int)n;
    return cgroup_place_parse(mountinfo, cgroup, place) ? 0 : -ENOENT;
}

/* Where each number of a level stands. Rows of memory.stat that reclaim gives back, and those that it may not. */
static const struct {
    const char *limit, *used, *high, *swap_limit, *swap_used;
    const char *reclaimable[3];
    const char *kept[2];
} files[] = {
    [CGROUP_V1] = {"memory.limit_in_bytes",
                   "memory.usage_in_bytes",
                   "memory.soft_limit_in_bytes",
                   NULL,
                   NULL,
                   {"total_active_file", "total_inactive_file", NULL},
                   {"total_dirty", "total_writeback"}},
    [CGROUP_V2] = {"memory.max",
                   "memory.current",
                   "memory.high",
                   "memory.swap.max",
                   "memory.swap.current",
                   {"active_file", "inactive_file", "slab_reclaimable"},
                   {"file_dirty", "file_writeback"}},
};

static uint64_t number_or(const char *directory, const char *file, uint64_t otherwise)
{
    uint64_t value = otherwise;

    return file && cgroup_read_number(directory, file, &value) == 0 ? value : otherwise;
}

static uint64_t reclaimable_of(enum cgroup_version version, const char *directory)
{
    uint64_t sum = 0, kept = 0, value;

    for (size_t i = 0; i < 3; i++)
        if (files[version].reclaimable[i] &&
            cgroup_read_row(directory, "memory.stat", files[version].reclaimable[i], &value) == 0)
            sum += value;
    for (size_t i = 0; i < 2; i++)
        if (cgroup_read_row(directory, "memory.stat", files[version].kept[i], &value) == 0)
            kept += value;
    return sum > kept ? sum - kept : 0;
}

static void level_read(const struct cgroup_place *place, const char *directory, struct cgroup_level *level)
{
    enum cgroup_version version = place->version;
    const char *below = directory + strlen(place->mount);

    memset(level, 0, sizeof(*level));
    snprintf(level->directory, sizeof(level->directory), "%s", directory);
    snprintf(level->path, sizeof(level->path), "%s", *below ? below : "/");
    level->limit_bytes = number_or(directory, files[version].limit, LW_UNLIMITED);
    level->used_bytes = number_or(directory, files[version].used, LW_UNKNOWN);
    level->high_bytes = number_or(directory, files[version].high, LW_UNLIMITED);
    level->swap_limit_bytes = number_or(directory, files[version].swap_limit, LW_UNKNOWN);
    level->swap_used_bytes = number_or(directory, files[version].swap_used, LW_UNKNOWN);
    level->reclaimable_bytes = reclaimable_of(version, directory);
    level->oom_kills = cgroup_oom_kills(version, directory, NULL, 0);
    level->writable = access(directory, W_OK) == 0;
    level->headroom_bytes = LW_UNLIMITED;
    if (level->limit_bytes != LW_UNLIMITED && level->used_bytes != LW_UNKNOWN) {
        uint64_t limit = level->limit_bytes + level->reclaimable_bytes;
        level->headroom_bytes = limit > level->used_bytes ? limit - level->used_bytes : 0;
    }
}

size_t cgroup_levels(const struct cgroup_place *place, struct cgroup_level levels[CGROUP_MAX_LEVELS])
{
    char directory[PATH_MAX];
    size_t count = 0, mount = strlen(place->mount);

    if (place->version == CGROUP_NONE)
        return 0;
    memcpy(directory, place->directory, sizeof(directory));
    while (count < CGROUP_MAX_LEVELS && strlen(directory) >= mount) {
        level_read(place, directory, &levels[count++]);
        char *slash = strrchr(directory, '/');
        if (!slash || strlen(directory) == mount)
            break;
        *slash = '\0';
    }
    return count;
}
