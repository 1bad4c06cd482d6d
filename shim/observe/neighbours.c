/* SPDX-License-Identifier: MIT */
#include "observe/neighbours.h"
#include "ground/sys.h"
#include "ground/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_BYTES   768
#define DEPTH_MAX    8u
#define LOOK_MAX_NS  UINT64_C(10000000) /* of the processor: on a busy machine a look takes longer than it works */
#define FEW_PIDS     64u                /* are looked at in any case */
#define NEVER_KILLED (-1000)

struct look {
    struct neighbours *neighbours;
    const char *directory;
    uint64_t started_ns, now_ns, page_bytes;
    uint32_t self, pids, depth;
};

static const char *field_at(const char *stat, int number) /* as in proc(5), from 3 on */
{
    const char *at = strrchr(stat, ')');
    at = at && at[1] == ' ' ? at + 2 : NULL;
    for (int i = 3; at && i < number; i++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    return at;
}

static uint64_t number_at(const char *stat, int number)
{
    const char *at = field_at(stat, number);
    uint64_t value;
    return at && text_parse_u64(&at, &value) ? value : 0;
}

/* "4711 (name (with) anything) S 4700 ..." */
bool neighbours_parse_stat(const char *stat, uint64_t page_bytes, struct lw_neighbour *record)
{
    const char *state = field_at(stat, 3), *open = strchr(stat, '('), *close = strrchr(stat, ')');
    uint64_t virtual_bytes = number_at(stat, 23), pid; /* 0: a kernel thread, or its memory is gone already */
    const char *at = stat;
    if (!state || !open || open > close || *state == 'Z' || *state == 'X' || !virtual_bytes ||
        !text_parse_u64(&at, &pid))
        return false;
    record->pid = (uint32_t)pid;
    record->ppid = (uint32_t)number_at(stat, 4);
    record->start_ticks = number_at(stat, 22);
    record->rss_bytes = number_at(stat, 24) * page_bytes;
    size_t length = (size_t)(close - open - 1);
    if (length > sizeof record->name - 1)
        length = sizeof record->name - 1;
    memset(record->name, 0, sizeof record->name);
    memcpy(record->name, open + 1, length);
    return true;
}

static struct text proc_path(char *buffer, size_t capacity, const char *pid, const char *file)
{
    struct text text = {.buffer = buffer, .capacity = capacity};
    text_add(&text, "/proc/");
    text_add(&text, pid);
    text_char(&text, '/');
    text_add(&text, file);
    return text;
}

int32_t neighbours_score_adj(const char *pid)
{
    char path[64], text[24];
    const char *at = text;
    uint64_t value;
    proc_path(path, sizeof path, pid, "oom_score_adj");
    if (sys_read_file(path, text, sizeof text) <= 0)
        return 0;
    bool negative = *at == '-';
    at += negative;
    if (!text_parse_u64(&at, &value) || value > 1000)
        return 0;
    return negative ? -(int32_t)value : (int32_t)value;
}

uint64_t neighbours_badness(uint64_t held_bytes, int32_t score_adj, uint64_t limit_bytes)
{
    if (score_adj == NEVER_KILLED)
        return 0;
    int64_t badness = (int64_t)held_bytes + score_adj * (int64_t)(limit_bytes / 1000);
    return badness > 1 ? (uint64_t)badness : 1;
}

const struct neighbour *neighbours_worst(const struct neighbours *neighbours, uint64_t limit_bytes)
{
    const struct neighbour *worst = NULL;
    uint64_t most = 0;
    for (uint32_t i = 0; i < neighbours->count; i++) {
        const struct neighbour *item = &neighbours->items[i];
        uint64_t badness = neighbours_badness(item->record.rss_bytes, item->score_adj, limit_bytes);
        if (item->record.gone_ns || badness <= most)
            continue;
        worst = item;
        most = badness;
    }
    return worst;
}

static struct neighbour *find(struct neighbours *neighbours, const struct lw_neighbour *record)
{
    for (uint32_t i = 0; i < neighbours->count; i++)
        if (neighbours->items[i].record.pid == record->pid &&
            neighbours->items[i].record.start_ticks == record->start_ticks)
            return &neighbours->items[i];
    return NULL;
}

/* A place for one that holds so much: a free one, or that of the smallest when that holds less; NULL. */
static struct neighbour *place_for(struct neighbours *neighbours, uint64_t bytes)
{
    if (neighbours->count < LW_MAX_NEIGHBOURS)
        return &neighbours->items[neighbours->count++];
    struct neighbour *smallest = &neighbours->items[0];
    for (uint32_t i = 1; i < neighbours->count; i++)
        if (neighbours->items[i].record.peak_rss_bytes < smallest->record.peak_rss_bytes)
            smallest = &neighbours->items[i];
    return smallest->record.peak_rss_bytes < bytes ? smallest : NULL;
}

static void note(struct look *look, const struct lw_neighbour *seen, const char *pid)
{
    struct neighbours *neighbours = look->neighbours;
    struct neighbour *item = find(neighbours, seen);
    neighbours->listed++;
    neighbours->all_bytes += seen->rss_bytes;
    if (!item) {
        item = place_for(neighbours, seen->rss_bytes);
        if (!item)
            return;
        *item = (struct neighbour){.record = *seen, .score_adj = neighbours_score_adj(pid)};
        item->record.first_rss_bytes = seen->rss_bytes;
        item->record.first_ns = look->now_ns;
        if (seen->ppid == look->self)
            item->record.flags = LW_NEIGHBOUR_CHILD;
    }
    item->look = neighbours->looks;
    item->record.rss_bytes = seen->rss_bytes;
    item->record.gone_ns = 0;
    memcpy(item->record.name, seen->name, sizeof seen->name); /* exec changes it */
    if (seen->rss_bytes > item->record.peak_rss_bytes)
        item->record.peak_rss_bytes = seen->rss_bytes;
}

static bool see(struct look *look, uint64_t pid)
{
    char digits[24], path[64], stat[1024];
    struct lw_neighbour record = {0};
    struct text text = TEXT_ON(digits);
    if (!pid || pid == look->self)
        return true;
    if (++look->pids > NEIGHBOURS_PIDS_MAX ||
        (look->pids > FEW_PIDS && sys_thread_cpu_ns() - look->started_ns > LOOK_MAX_NS)) {
        look->neighbours->cut = true;
        return false;
    }
    text_u64(&text, pid);
    proc_path(path, sizeof path, digits, "stat");
    if (sys_read_piece(path, stat, sizeof stat) > 0 && neighbours_parse_stat(stat, look->page_bytes, &record) &&
        record.pid == pid)
        note(look, &record, digits);
    return true;
}

static bool on_proc_entry(void *context, const char *name, bool is_directory)
{
    const char *at = name;
    uint64_t pid;
    return !is_directory || !text_parse_u64(&at, &pid) || *at || see(context, pid);
}

static struct text below(char *buffer, size_t capacity, const char *directory, const char *name)
{
    struct text text = {.buffer = buffer, .capacity = capacity};
    text_add(&text, directory);
    text_char(&text, '/');
    text_add(&text, name);
    return text;
}

/* One pid a line; a long list is read in pieces. */
static void see_listed(struct look *look, const char *directory)
{
    char path[PATH_BYTES], chunk[1024];
    uint64_t pid = 0;
    bool digits = false, more = true;
    long n;
    if (below(path, sizeof path, directory, "cgroup.procs").cut)
        return;
    int fd = sys_open(path, 0 /* O_RDONLY */, 0);
    while (fd >= 0 && more && (n = sys_read(fd, chunk, sizeof chunk)) > 0) {
        for (long i = 0; i < n && more; i++) {
            bool digit = chunk[i] >= '0' && chunk[i] <= '9';
            if (digits && !digit)
                more = see(look, pid);
            pid = digit ? (digits ? pid * 10 : 0) + (uint64_t)(chunk[i] - '0') : 0;
            digits = digit;
        }
    }
    sys_close(fd);
}

bool neighbours_alone(const char *directory)
{
    char path[PATH_BYTES], text[64];
    struct stat found;
    /* A directory of cgroups has a link for each directory in it, and two of its own. */
    if (sys_call(SYS_newfstatat, AT_FDCWD, (long)directory, (long)&found, 0, 0, 0) < 0 || found.st_nlink != 2 ||
        below(path, sizeof path, directory, "cgroup.procs").cut || sys_read_file(path, text, sizeof text) <= 0)
        return false;
    const char *end = strchr(text, '\n');
    return end && !end[1];
}

static void see_group(struct look *look, const char *directory);

static bool on_group_entry(void *context, const char *name, bool is_directory)
{
    struct look *look = context;
    char path[PATH_BYTES];
    if (is_directory && look->depth < DEPTH_MAX && !below(path, sizeof path, look->directory, name).cut)
        see_group(look, path);
    return !look->neighbours->cut;
}

/* v1 counts OOM kills where the victim lived, and nowhere above; v2 has no such file. */
static void add_kills(struct look *look, const char *directory)
{
    char path[PATH_BYTES], text[160];
    uint64_t kills;
    if (!below(path, sizeof path, directory, "memory.oom_control").cut && sys_read_piece(path, text, sizeof text) > 0 &&
        text_row(text, "oom_kill", &kills))
        look->neighbours->kills += kills;
}

static void see_group(struct look *look, const char *directory)
{
    const char *before = look->directory;
    look->directory = directory;
    look->depth++;
    see_listed(look, directory);
    add_kills(look, directory); /* after its processes: see neighbours_look */
    if (!look->neighbours->cut)
        sys_each_entry(directory, on_group_entry, look);
    look->depth--;
    look->directory = before;
}

void neighbours_look(struct neighbours *neighbours, const char *directory, uint64_t now_ns)
{
    struct look look = {.neighbours = neighbours,
                        .started_ns = sys_thread_cpu_ns(),
                        .now_ns = now_ns,
                        .page_bytes = (uint64_t)sysconf(_SC_PAGESIZE),
                        .self = sys_getpid()};
    neighbours->looks++;
    neighbours->listed = 0;
    neighbours->cut = false;
    neighbours->all_bytes = neighbours->kills = 0;
    if (directory[0])
        see_group(&look, directory);
    else
        sys_each_entry("/proc", on_proc_entry, &look);
    neighbours->cost_ns = sys_thread_cpu_ns() - look.started_ns;
}

void neighbours_settle(struct neighbours *neighbours, uint64_t now_ns, bool keep_gone, uint32_t flag)
{
    if (neighbours->cut)
        return;
    for (uint32_t i = neighbours->count; i-- > 0;) {
        struct neighbour *item = &neighbours->items[i];
        if (item->look == neighbours->looks || item->record.gone_ns)
            continue;
        if (keep_gone) {
            item->record.gone_ns = now_ns;
            item->record.flags |= flag;
        } else {
            *item = neighbours->items[--neighbours->count];
        }
    }
}

void neighbours_forget(struct neighbours *neighbours)
{
    memset(neighbours, 0, sizeof *neighbours);
}
