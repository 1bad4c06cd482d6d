/* SPDX-License-Identifier: MIT */
#include "observe/cgroup.h"
#include "observe/cgroup_search.h"
#include "ground/sys.h"
#include "ground/text.h"

#include <fcntl.h>
#include <string.h>

#define V1_SLAB_SHARE 16u /* of the limit: page tables and stacks of an ordinary job stay below */
#define V1_NO_LIMIT   UINT64_C(0x7000000000000000) /* "none" is LONG_MAX rounded down to pages */

/* The path of the memory controller in /proc/self/cgroup: "4:memory:/a/b" or "0::/a/b". */
bool cgroup_parse_path(const char *proc_cgroup, bool v2, char *path, size_t capacity)
{
    for (const char *line = proc_cgroup; line && *line;) {
        const char *end = strchr(line, '\n');
        const char *first = strchr(line, ':');
        const char *second = first ? strchr(first + 1, ':') : NULL;
        if (second && (!end || second < end)) {
            size_t n = (size_t)(second - first - 1);
            bool hit = v2 ? n == 0 && line[0] == '0' : false;
            for (const char *name = first + 1; !v2 && name < second; name += strcspn(name, ",:") + 1)
                hit |= strncmp(name, "memory", 6) == 0 && (name[6] == ',' || name[6] == ':');
            size_t length = end ? (size_t)(end - second - 1) : strlen(second + 1);
            if (hit && length < capacity) {
                memcpy(path, second + 1, length);
                path[length] = '\0';
                return true;
            }
        }
        line = end ? end + 1 : NULL;
    }
    return false;
}

/* mountinfo writes blanks and backslashes as \040 and the like. */
static void copy_unescaped(char *to, size_t capacity, const char *from, size_t n)
{
    size_t out = 0;
    for (size_t i = 0; i < n && out + 1 < capacity; i++) {
        if (from[i] == '\\' && i + 3 < n) {
            to[out++] = (char)((from[i + 1] - '0') * 64 + (from[i + 2] - '0') * 8 + (from[i + 3] - '0'));
            i += 3;
        } else {
            to[out++] = from[i];
        }
    }
    to[out] = '\0';
}

/* "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory" */
bool cgroup_parse_mount(const char *line, bool v2, char *mount_root, char *mount_point, size_t capacity)
{
    const char *field[6];
    const char *at = line;
    for (int i = 0; i < 6; i++) {
        field[i] = at;
        at = strchr(at, ' ');
        if (!at)
            return false;
        at++;
    }
    const char *dash = strstr(at - 1, " - ");
    if (!dash)
        return false;
    if (v2 ? !text_starts(dash + 3, "cgroup2 ") : !text_starts(dash + 3, "cgroup "))
        return false;
    const char *options = strrchr(dash, ' ');
    if (!v2 && !strstr(options, ",memory"))
        return false;
    copy_unescaped(mount_root, capacity, field[3], (size_t)(field[4] - field[3] - 1));
    copy_unescaped(mount_point, capacity, field[4], (size_t)(field[5] - field[4] - 1));
    return true;
}

uint64_t cgroup_parse_limit(const char *text)
{
    uint64_t value;
    if (!text_parse_u64(&text, &value) || value >= V1_NO_LIMIT)
        return LW_UNLIMITED;
    return value;
}

static uint64_t row(const char *stat, const char *name)
{
    uint64_t value;
    return text_row(stat, name, &value) ? value : LW_UNKNOWN;
}

static uint64_t known(uint64_t value)
{
    return value == LW_UNKNOWN ? 0 : value;
}

/* v1 has no row for it: what is charged and is neither anonymous memory nor cache. */
static uint64_t rest_of(const struct lw_level *numbers)
{
    uint64_t pages = known(numbers->anon_bytes) + known(numbers->file_bytes);
    if (numbers->anon_bytes == LW_UNKNOWN || numbers->file_bytes == LW_UNKNOWN)
        return LW_UNKNOWN;
    return numbers->used_bytes > pages ? numbers->used_bytes - pages : 0;
}

/*
 * What reclaim can take at once: file pages on the inactive and active lists (shmem and mlocked pages are not on
 * them) and reclaimable slab; dirty pages and those under writeback have to be written first and do not count.
 */
void cgroup_parse_stat(const char *stat, int version, struct cgroup_level *level)
{
    struct lw_level *numbers = &level->numbers;
    bool v2 = version == 2;
    uint64_t inactive = row(stat, v2 ? "inactive_file" : "total_inactive_file");
    uint64_t active = row(stat, v2 ? "active_file" : "total_active_file");
    uint64_t slab = v2 ? known(row(stat, "slab_reclaimable")) : 0;
    uint64_t dirty = known(row(stat, v2 ? "file_dirty" : "total_dirty"));
    uint64_t writeback = known(row(stat, v2 ? "file_writeback" : "total_writeback"));
    uint64_t file = known(inactive) + known(active);
    uint64_t busy = dirty + writeback;
    level->inactive_file_bytes = known(inactive);
    level->refaults_anon = row(stat, v2 ? "workingset_refault_anon" : "total_workingset_refault_anon");
    level->refaults_file = row(stat, v2 ? "workingset_refault_file" : "total_workingset_refault_file");
    numbers->reclaimable_bytes = slab + (file > busy ? file - busy : 0);
    numbers->anon_bytes = row(stat, v2 ? "anon" : "total_rss");
    numbers->file_bytes = row(stat, v2 ? "file" : "total_cache");
    numbers->shmem_bytes = row(stat, v2 ? "shmem" : "total_shmem");
    numbers->kernel_bytes = v2 ? row(stat, "kernel") : rest_of(numbers);
    numbers->dirty_bytes = busy;
}

static long read_in(const struct cgroup_level *level, const char *name, char *buffer, size_t capacity)
{
    char path[CGROUP_PATH_BYTES + 64];
    struct text text = TEXT_ON(path);
    text_add(&text, level->directory);
    text_char(&text, '/');
    text_add(&text, name);
    return sys_read_piece(path, buffer, capacity);
}

/* What was read before stays where a file cannot be read now: the program may have taken every descriptor. */
static uint64_t number_in(const struct cgroup_level *level, const char *name, uint64_t before)
{
    char buffer[64];
    const char *at = buffer;
    uint64_t value;
    if (read_in(level, name, buffer, sizeof buffer) <= 0)
        return before;
    if (text_starts(buffer, "max"))
        return LW_UNLIMITED;
    return text_parse_u64(&at, &value) ? (value >= V1_NO_LIMIT ? LW_UNLIMITED : value) : before;
}

static uint64_t row_in(const struct cgroup_level *level, const char *name, const char *key, uint64_t before)
{
    char buffer[512];
    return read_in(level, name, buffer, sizeof buffer) > 0 ? row(buffer, key) : before;
}

bool cgroup_peek_swap(int swap_fd, int version, uint64_t used_bytes, uint64_t *swap_bytes)
{
    uint64_t value;
    if (!cgroup_peek(swap_fd, &value))
        return false;
    if (version == 1) /* memsw counts memory and swap together */
        value = value > used_bytes ? value - used_bytes : 0;
    *swap_bytes = value;
    return true;
}

/* In version 1 what came since the usage was read would look swapped: it is read once more, the larger one counts. */
static void refresh_swap(struct cgroup_level *level, int version)
{
    uint64_t used = level->numbers.used_bytes, now, *swap = &level->numbers.swap_used_bytes;
    if (!cgroup_peek_swap(level->swap_fd, version, used, swap))
        *swap = LW_UNKNOWN;
    else if (version == 1 && cgroup_peek(level->usage_fd, &now) && now > used)
        *swap -= now - used < *swap ? now - used : *swap;
}

static uint64_t swap_limit(const struct cgroup_level *level, bool v2)
{
    uint64_t most = level->swap_max_bytes, limit = level->numbers.limit_bytes;
    if (v2)
        return most;
    /* With swappiness 0 nothing is swapped while there is cache, and then it is too late. */
    if (level->swappiness == 0)
        return 0;
    if (most == LW_UNLIMITED)
        return most;
    return most > limit ? most - limit : 0; /* memsw counts memory and swap together */
}

static void refresh_limits(struct cgroup_level *level, int version)
{
    struct lw_level *numbers = &level->numbers;
    bool v2 = version == 2;
    numbers->limit_bytes = number_in(level, v2 ? "memory.max" : "memory.limit_in_bytes", numbers->limit_bytes);
    numbers->high_bytes = number_in(level, v2 ? "memory.high" : "memory.soft_limit_in_bytes", numbers->high_bytes);
    numbers->peak_bytes = number_in(level, v2 ? "memory.peak" : "memory.max_usage_in_bytes", numbers->peak_bytes);
    numbers->oom_kills = row_in(level, v2 ? "memory.events" : "memory.oom_control", "oom_kill", numbers->oom_kills);
    numbers->max_events = v2 ? row_in(level, "memory.events", "max", numbers->max_events)
                             : number_in(level, "memory.failcnt", numbers->max_events);
    level->swap_max_bytes =
        number_in(level, v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes", level->swap_max_bytes);
    level->swappiness = number_in(level, "memory.swappiness", level->swappiness);
    numbers->swap_limit_bytes = swap_limit(level, v2);
    refresh_swap(level, version);
}

bool cgroup_peek(int usage_fd, uint64_t *used_bytes)
{
    char buffer[32];
    const char *at = buffer;
    long n = usage_fd < 0 ? -1 : sys_pread(usage_fd, buffer, sizeof buffer - 1, 0);
    if (n <= 0)
        return false;
    buffer[n] = '\0';
    return text_parse_u64(&at, used_bytes);
}

static uint64_t host_slab(void)
{
    char text[4096];
    uint64_t kib;
    return sys_read_piece("/proc/meminfo", text, sizeof text) > 0 && text_row(text, "SReclaimable", &kib) ? kib * 1024
                                                                                                          : 0;
}

uint64_t cgroup_v1_slab(uint64_t limit_bytes, uint64_t kernel_growth_bytes, uint64_t host_growth_bytes)
{
    if (limit_bytes == LW_UNLIMITED || kernel_growth_bytes < limit_bytes / V1_SLAB_SHARE)
        return 0;
    return kernel_growth_bytes < host_growth_bytes ? kernel_growth_bytes : host_growth_bytes;
}

static uint64_t growth(uint64_t now, uint64_t before)
{
    return now != LW_UNKNOWN && now > before ? now - before : 0;
}

/*
 * v1 says how much kernel memory is charged, but not which part reclaim can take (v2: slab_reclaimable). A job that
 * walks a large tree fills its cgroup with names, and is in no danger. As much as the machine's reclaimable slab has
 * grown since a limit was first seen may be such memory of ours.
 */
static void add_v1_slab(struct cgroup_level *level)
{
    struct lw_level *numbers = &level->numbers;
    numbers->kernel_bytes = number_in(level, "memory.kmem.usage_in_bytes", numbers->kernel_bytes);
    if (!level->slab_known && numbers->limit_bytes != LW_UNLIMITED) { /* the first look that finds a limit */
        level->slab_known = true;
        level->kernel_start_bytes = known(numbers->kernel_bytes);
        level->host_slab_start_bytes = host_slab();
    }
    uint64_t kernel = growth(numbers->kernel_bytes, level->kernel_start_bytes);
    bool much = cgroup_v1_slab(numbers->limit_bytes, kernel, UINT64_MAX) > 0;
    level->slab_bytes =
        much ? cgroup_v1_slab(numbers->limit_bytes, kernel, growth(host_slab(), level->host_slab_start_bytes)) : 0;
    numbers->reclaimable_bytes += level->slab_bytes;
}

static void refresh_stat(struct cgroup_level *level, int version)
{
    char stat[6144]; /* v2 on 6.18 has 1.6 KiB, v1 1.2 KiB */
    if (level->stat_fd < 0 || sys_reread_piece(level->stat_fd, stat, sizeof stat) <= 0)
        return;
    cgroup_parse_stat(stat, version, level);
    if (version == 1)
        add_v1_slab(level);
    if (level->numbers.swap_limit_bytes)
        refresh_swap(level, version);
}

bool cgroup_peek_reclaimable(int stat_fd, int version, char *buffer, size_t capacity, uint64_t *reclaimable_bytes)
{
    struct cgroup_level level;
    if (stat_fd < 0 || sys_reread_piece(stat_fd, buffer, capacity) <= 0)
        return false;
    cgroup_parse_stat(buffer, version, &level);
    *reclaimable_bytes = level.numbers.reclaimable_bytes;
    return true;
}

void cgroup_refresh_stat(struct cgroup *cgroup, uint32_t level)
{
    if (level < cgroup->count)
        refresh_stat(&cgroup->levels[level], cgroup->version);
}

void cgroup_refresh_usage(struct cgroup *cgroup)
{
    for (uint32_t i = 0; i < cgroup->count; i++)
        cgroup_peek(cgroup->levels[i].usage_fd, &cgroup->levels[i].numbers.used_bytes);
}

void cgroup_refresh(struct cgroup *cgroup)
{
    cgroup_refresh_usage(cgroup);
    for (uint32_t i = 0; i < cgroup->count; i++) {
        refresh_limits(&cgroup->levels[i], cgroup->version);
        refresh_stat(&cgroup->levels[i], cgroup->version);
    }
}

bool cgroup_refresh_kills(struct cgroup *cgroup, uint32_t *level)
{
    bool rose = false;
    for (uint32_t i = cgroup->count; i-- > 0;) {
        struct cgroup_level *item = &cgroup->levels[i];
        const char *file = cgroup->version == 2 ? "memory.events" : "memory.oom_control";
        uint64_t before = item->kills_told, now = row_in(item, file, "oom_kill", LW_UNKNOWN);
        if (now == LW_UNKNOWN)
            continue;
        item->numbers.oom_kills = item->kills_told = now;
        if (before != LW_UNKNOWN && now > before) {
            *level = i;
            rose = true;
        }
    }
    return rose;
}

static int open_in(const struct cgroup_level *level, const char *name)
{
    char path[CGROUP_PATH_BYTES + 64];
    struct text text = TEXT_ON(path);
    text_add(&text, level->directory);
    text_char(&text, '/');
    text_add(&text, name);
    return sys_open(path, O_RDONLY, 0);
}

static void add_level(struct cgroup *cgroup, const char *mount_point, const char *path)
{
    if (cgroup->count == CGROUP_MAX_LEVELS)
        return;
    struct cgroup_level *level = &cgroup->levels[cgroup->count];
    *level = (struct cgroup_level){.usage_fd = -1,
                                   .stat_fd = -1,
                                   .swap_fd = -1,
                                   .swap_max_bytes = LW_UNLIMITED,
                                   .swappiness = 1,
                                   .numbers = {.limit_bytes = LW_UNLIMITED,
                                               .high_bytes = LW_UNLIMITED,
                                               .peak_bytes = LW_UNKNOWN,
                                               .oom_kills = LW_UNKNOWN,
                                               .max_events = LW_UNKNOWN}};
    struct text text = TEXT_ON(level->directory);
    text_add(&text, mount_point);
    if (!text_equal(path, "/"))
        text_add(&text, path);
    bool v2 = cgroup->version == 2;
    level->stat_fd = open_in(level, "memory.stat");
    level->usage_fd = open_in(level, v2 ? "memory.current" : "memory.usage_in_bytes");
    level->swap_fd = open_in(level, v2 ? "memory.swap.current" : "memory.memsw.usage_in_bytes");
    if (level->usage_fd < 0) { /* the v2 root has no memory.current: the host's numbers stand for it */
        sys_close(level->stat_fd);
        sys_close(level->swap_fd);
        return;
    }
    level->numbers.kind = v2 ? LW_LEVEL_CGROUP_V2 : LW_LEVEL_CGROUP_V1;
    level->numbers.flags = LW_LEVEL_KILLS | (cgroup->count == 0 ? LW_LEVEL_OWN : 0);
    size_t length = strlen(path);
    text_copy(level->numbers.path, sizeof level->numbers.path,
              length < sizeof level->numbers.path ? path : path + length - sizeof level->numbers.path + 1);
    cgroup->count++;
}

/* One level for the own cgroup and one for each visible ancestor. */
static void add_chain(struct cgroup *cgroup, const char *mount_point, const char *relative)
{
    char path[CGROUP_PATH_BYTES];
    text_copy(path, sizeof path, relative[0] ? relative : "/");
    for (;;) {
        add_level(cgroup, mount_point, path);
        char *slash = strrchr(path, '/');
        if (!slash || text_equal(path, "/"))
            return;
        *(slash == path ? slash + 1 : slash) = '\0';
    }
}

static bool leads_out(const char *path)
{
    return text_starts(path, "/..") && (path[3] == '/' || path[3] == '\0');
}

/*
 * Where the own path lies below this mount; a container's mount shows its own cgroup as the root. NULL: not below it,
 * as of a process that was moved out of its namespace: what the mount shows does not limit it.
 */
static const char *below_mount(const char *path, const char *mount_root)
{
    size_t n = strlen(mount_root);
    if (n == 1)
        return leads_out(path) ? NULL : path;
    if (strncmp(path, mount_root, n) == 0 && (path[n] == '/' || path[n] == '\0'))
        return path + n;
    return NULL;
}

struct mount {
    bool found;
    char root[CGROUP_PATH_BYTES];
    char point[CGROUP_PATH_BYTES];
};

static void look_at_line(const char *line, struct mount *v1, struct mount *v2)
{
    if (!v1->found)
        v1->found = cgroup_parse_mount(line, false, v1->root, v1->point, sizeof v1->root);
    if (!v2->found)
        v2->found = cgroup_parse_mount(line, true, v2->root, v2->point, sizeof v2->root);
}

/* mountinfo may be long; it is read line by line through a small buffer. Overlong lines are passed over. */
static bool find_mounts(const char *root, struct mount *v1, struct mount *v2)
{
    char path[CGROUP_PATH_BYTES], line[4096], chunk[4096];
    struct text text = TEXT_ON(path);
    text_add(&text, root);
    text_add(&text, "/proc/self/mountinfo");
    int fd = sys_open(path, O_RDONLY, 0);
    if (fd < 0)
        return false;
    size_t length = 0;
    long n;
    while ((n = sys_read(fd, chunk, sizeof chunk)) > 0) {
        for (long i = 0; i < n; i++) {
            if (chunk[i] != '\n') {
                if (length + 1 < sizeof line)
                    line[length++] = chunk[i];
                continue;
            }
            line[length] = '\0';
            look_at_line(line, v1, v2);
            length = 0;
        }
    }
    sys_close(fd);
    return true;
}

static long read_proc_cgroup(const char *root, char *buffer, size_t capacity)
{
    char path[CGROUP_PATH_BYTES];
    struct text text = TEXT_ON(path);
    text_add(&text, root);
    text_add(&text, "/proc/self/cgroup");
    return sys_read_file(path, buffer, capacity);
}

/* Where the own cgroup lies below a mount, by its name or, where a namespace hides that, by looking for the process. */
static bool locate(const char *root, const struct mount *mount, const char *path, char *relative)
{
    const char *below = below_mount(path, mount->root);
    char point[CGROUP_PATH_BYTES];
    if (below) {
        text_copy(relative, CGROUP_PATH_BYTES, below);
        return true;
    }
    struct text text = TEXT_ON(point);
    text_add(&text, root);
    text_add(&text, mount->point);
    return !leads_out(path) &&
           cgroup_search(point, cgroup_levels_above(mount->root), path, sys_getpid(), relative, CGROUP_PATH_BYTES);
}

static void note_pressure(struct cgroup *cgroup, const char *root, const struct mount *v2, const char *relative)
{
    struct text text = TEXT_ON(cgroup->pressure);
    text_add(&text, root);
    text_add(&text, v2->point);
    text_add(&text, text_equal(relative, "/") ? "" : relative);
    text_add(&text, "/memory.pressure");
}

static const char *why_not(const struct mount *mount, bool located)
{
    if (!mount)
        return "no cgroup file system with the memory controller is mounted";
    return located ? "the memory controller's files are not there"
                   : "the own cgroup is not below what is mounted of the hierarchy";
}

bool cgroup_open(struct cgroup *cgroup, const char *root)
{
    char proc_cgroup[4096], point[CGROUP_PATH_BYTES], unified[CGROUP_PATH_BYTES], relative[CGROUP_PATH_BYTES];
    struct mount v1 = {0}, v2 = {0};
    memset(cgroup, 0, sizeof *cgroup);
    if (read_proc_cgroup(root, proc_cgroup, sizeof proc_cgroup) <= 0) {
        text_copy(cgroup->why, sizeof cgroup->why, "/proc/self/cgroup cannot be read");
        return false;
    }
    if (!find_mounts(root, &v1, &v2)) {
        text_copy(cgroup->why, sizeof cgroup->why, "/proc/self/mountinfo cannot be read");
        return false;
    }
    bool in_v2 = v2.found && cgroup_parse_path(proc_cgroup, true, point, sizeof point);
    bool located = in_v2 && locate(root, &v2, point, unified);
    if (located)
        note_pressure(cgroup, root, &v2, unified);
    const struct mount *mount = NULL;
    if (v1.found && cgroup_parse_path(proc_cgroup, false, cgroup->own, sizeof cgroup->own)) {
        cgroup->version = 1;
        mount = &v1;
        located = locate(root, &v1, cgroup->own, relative);
    } else if (in_v2) {
        cgroup->version = 2;
        mount = &v2;
        text_copy(cgroup->own, sizeof cgroup->own, point);
        text_copy(relative, sizeof relative, located ? unified : "");
    }
    if (mount && located) {
        struct text text = TEXT_ON(point);
        text_add(&text, root);
        text_add(&text, mount->point);
        add_chain(cgroup, point, relative);
    }
    if (!cgroup->count) {
        text_copy(cgroup->why, sizeof cgroup->why, why_not(mount, located));
        return false;
    }
    cgroup_refresh(cgroup);
    for (uint32_t i = 0; i < cgroup->count; i++)
        cgroup->levels[i].numbers.oom_kills_start = cgroup->levels[i].kills_told = cgroup->levels[i].numbers.oom_kills;
    return true;
}

void cgroup_close(struct cgroup *cgroup)
{
    for (uint32_t i = 0; i < cgroup->count; i++) {
        sys_close(cgroup->levels[i].usage_fd);
        sys_close(cgroup->levels[i].stat_fd);
        sys_close(cgroup->levels[i].swap_fd);
    }
    cgroup->count = 0;
}

bool cgroup_moved(const struct cgroup *cgroup, const char *root)
{
    char proc_cgroup[4096], path[CGROUP_PATH_BYTES];
    if (!cgroup->version || read_proc_cgroup(root, proc_cgroup, sizeof proc_cgroup) <= 0)
        return false;
    return cgroup_parse_path(proc_cgroup, cgroup->version == 2, path, sizeof path) && !text_equal(path, cgroup->own);
}
