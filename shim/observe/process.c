/* SPDX-License-Identifier: MIT */
#include "observe/process.h"
#include "ground/sys.h"
#include "ground/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define SYSTEM_FILE_BYTES 4096

static uint64_t status_kib(const char *status, const char *name)
{
    uint64_t kib;
    return text_row(status, name, &kib) ? kib * 1024 : 0;
}

/* /proc/self/stat: "pid (comm) S ppid ..."; comm may hold anything, so fields are counted from the last ')'. */
static const char *stat_fields(const char *stat)
{
    const char *close = strrchr(stat, ')');
    return close ? close + 2 : NULL;
}

static uint64_t stat_field(const char *stat, int number) /* as in proc(5); the state letter is 3 */
{
    const char *at = stat_fields(stat);
    uint64_t value = 0;
    for (int i = 3; at && i < number; i++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    return at && text_parse_u64(&at, &value) ? value : 0;
}

void process_note(const struct process_numbers *numbers, struct lw_state *state)
{
    state->rss_bytes = numbers->rss_bytes;
    state->anon_bytes = numbers->anon_bytes;
    state->file_bytes = numbers->file_bytes;
    state->shmem_bytes = numbers->shmem_bytes;
    state->swap_bytes = numbers->swap_bytes;
    state->page_tables_bytes = numbers->page_tables_bytes;
    state->peak_rss_bytes = numbers->peak_rss_bytes;
    state->major_faults = numbers->major_faults;
    state->minor_faults = numbers->minor_faults;
    state->threads = numbers->threads;
}

/* Who has ended has no memory any more. */
static bool leader_is_gone(void)
{
    char text[128];
    return sys_read_piece("/proc/self/statm", text, sizeof text) > 0 && strncmp(text, "0 0 ", 4) == 0;
}

bool process_read(struct process_numbers *numbers)
{
    char text[SYSTEM_FILE_BYTES];
    struct process_numbers found = {0};
    /* The thread's own files: those of the process are empty once its first thread is gone (pthread_exit in main). */
    if (sys_read_piece("/proc/thread-self/status", text, sizeof text) <= 0 &&
        sys_read_piece("/proc/self/status", text, sizeof text) <= 0)
        return false;
    found.rss_bytes = status_kib(text, "VmRSS");
    found.anon_bytes = status_kib(text, "RssAnon");
    found.file_bytes = status_kib(text, "RssFile");
    found.shmem_bytes = status_kib(text, "RssShmem");
    found.swap_bytes = status_kib(text, "VmSwap");
    found.page_tables_bytes = status_kib(text, "VmPTE");
    found.peak_rss_bytes = status_kib(text, "VmHWM");
    found.data_bytes = status_kib(text, "VmData");
    found.size_bytes = status_kib(text, "VmSize");
    uint64_t threads = 0;
    text_row(text, "Threads", &threads);
    found.threads = (uint32_t)threads;
    found.leader_gone = threads == 2 && leader_is_gone();
    struct rusage usage; /* of all threads, as in /proc/self/stat, which takes twenty times as long to write */
    if (sys_call(SYS_getrusage, RUSAGE_SELF, (long)&usage, 0, 0, 0, 0) == 0) {
        found.minor_faults = (uint64_t)usage.ru_minflt;
        found.major_faults = (uint64_t)usage.ru_majflt;
    }
    *numbers = found;
    return true;
}

void process_renew(struct lw_state *state)
{
    struct process_numbers numbers;
    if (process_read(&numbers))
        process_note(&numbers, state);
}

/* "size resident shared text lib data dt", in pages */
bool process_statm(uint64_t *rss_bytes, uint64_t *data_bytes)
{
    char text[128];
    uint64_t field[6];
    const char *at = text;
    if (sys_read_piece("/proc/thread-self/statm", text, sizeof text) <= 0)
        return false;
    for (int i = 0; i < 6; i++) {
        if (!text_parse_u64(&at, &field[i]))
            return false;
        at += *at == ' ';
    }
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    *rss_bytes = field[1] * page;
    *data_bytes = field[5] * page;
    return true;
}

/* Of a level that is no cgroup little is known. */
static void bare_level(struct lw_level *level, enum lw_level_kind kind, uint64_t limit, uint64_t used, const char *path)
{
    *level = (struct lw_level){.kind = kind,
                               .limit_bytes = limit,
                               .used_bytes = used,
                               .high_bytes = LW_UNLIMITED,
                               .swap_limit_bytes = LW_UNLIMITED,
                               .peak_bytes = LW_UNKNOWN,
                               .anon_bytes = LW_UNKNOWN,
                               .file_bytes = LW_UNKNOWN,
                               .shmem_bytes = LW_UNKNOWN,
                               .kernel_bytes = LW_UNKNOWN,
                               .dirty_bytes = LW_UNKNOWN,
                               .max_events = LW_UNKNOWN,
                               .oom_kills = LW_UNKNOWN,
                               .oom_kills_start = LW_UNKNOWN};
    text_copy(level->path, sizeof level->path, path);
}

bool process_host_level(struct lw_level *level)
{
    char text[SYSTEM_FILE_BYTES];
    uint64_t total, available, swap_free = 0, swap_total = 0, value;
    if (sys_read_piece("/proc/meminfo", text, sizeof text) <= 0 || !text_row(text, "MemTotal", &total) ||
        !text_row(text, "MemAvailable", &available))
        return false;
    text_row(text, "SwapFree", &swap_free);
    text_row(text, "SwapTotal", &swap_total);
    uint64_t free_bytes = text_row(text, "MemFree", &value) ? value * 1024 : 0;
    bare_level(level, LW_LEVEL_HOST, total * 1024, total * 1024 - free_bytes, "host");
    level->flags = LW_LEVEL_KILLS;
    level->reclaimable_bytes = available * 1024 > free_bytes ? available * 1024 - free_bytes : 0;
    level->swap_limit_bytes = swap_total * 1024;
    level->swap_used_bytes = (swap_total - swap_free) * 1024;
    return true;
}

void process_user_level(struct lw_level *level, uint64_t limit_bytes, uint64_t rss_bytes, uint64_t peak_rss_bytes)
{
    bare_level(level, LW_LEVEL_USER, limit_bytes, rss_bytes, "limit=");
    level->flags = LW_LEVEL_KILLS;
    level->peak_bytes = peak_rss_bytes;
}

static bool rlimit_of(int resource, uint64_t *bytes)
{
    struct rlimit limit;
    if (sys_call(SYS_prlimit64, 0, resource, 0, (long)&limit, 0, 0) < 0 || limit.rlim_cur == RLIM_INFINITY)
        return false;
    *bytes = limit.rlim_cur;
    return true;
}

static bool commit_limit(uint64_t *limit_bytes, uint64_t *used_bytes)
{
    char text[SYSTEM_FILE_BYTES];
    if (sys_read_file("/proc/sys/vm/overcommit_memory", text, sizeof text) <= 0 || text[0] != '2' ||
        sys_read_piece("/proc/meminfo", text, sizeof text) <= 0 || !text_row(text, "CommitLimit", limit_bytes) ||
        !text_row(text, "Committed_AS", used_bytes))
        return false;
    *limit_bytes *= 1024;
    *used_bytes *= 1024;
    return true;
}

uint32_t process_refusing_levels(const struct process_numbers *numbers, struct lw_level *levels)
{
    uint64_t limit, used;
    uint32_t count = 0;
    if (rlimit_of(RLIMIT_AS, &limit))
        bare_level(&levels[count++], LW_LEVEL_RLIMIT_AS, limit, numbers->size_bytes, "RLIMIT_AS");
    if (rlimit_of(RLIMIT_DATA, &limit))
        bare_level(&levels[count++], LW_LEVEL_RLIMIT_DATA, limit, numbers->data_bytes, "RLIMIT_DATA");
    if (commit_limit(&limit, &used))
        bare_level(&levels[count++], LW_LEVEL_COMMIT, limit, used, "commit limit");
    return count;
}

static void read_line(const char *path, char *to, size_t capacity)
{
    char text[SYSTEM_FILE_BYTES];
    long n = sys_read_file(path, text, sizeof text);
    text[n > 0 ? strcspn(text, "\n") : 0] = '\0';
    text_copy(to, capacity, text);
}

static void identity_times(struct lw_identity *identity)
{
    char text[SYSTEM_FILE_BYTES];
    uint64_t now_mono = sys_now_ns(), now_real = sys_realtime_ns(), age = 0;
    if (sys_read_piece("/proc/self/stat", text, sizeof text) > 0) {
        struct timespec boot = {0};
        identity->ppid = (uint32_t)stat_field(text, 4);
        identity->start_ticks = stat_field(text, 22);
        clock_gettime(CLOCK_BOOTTIME, &boot);
        uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
        uint64_t since_boot = (uint64_t)boot.tv_sec * 1000000000u + (uint64_t)boot.tv_nsec;
        uint64_t started = identity->start_ticks * (1000000000u / ticks);
        age = since_boot > started ? since_boot - started : 0;
    }
    identity->epoch_mono_ns = now_mono > age ? now_mono - age : 0;
    identity->started_realtime_ns = now_real - age;
}

static void identity_command(struct lw_identity *identity)
{
    int fd = sys_open("/proc/self/cmdline", O_RDONLY, 0);
    long n = fd < 0 ? 0 : sys_read(fd, identity->command, sizeof identity->command - 1);
    char more;
    identity->command_bytes = n > 0 ? (uint32_t)n : 0;
    identity->command_cut = n == (long)sizeof identity->command - 1 && sys_read(fd, &more, 1) == 1;
    sys_close(fd);
}

void process_identity(struct lw_identity *identity, const char *options, const char *job)
{
    struct utsname system;
    identity->pid = sys_getpid();
    identity->uid = (uint32_t)sys_call(SYS_getuid, 0, 0, 0, 0, 0, 0);
    identity->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    identity_times(identity);
    identity_command(identity);
    read_line("/proc/sys/kernel/random/boot_id", identity->boot_id, sizeof identity->boot_id);
    text_copy(identity->options, sizeof identity->options, options ? options : "");
    text_copy(identity->job, sizeof identity->job, job ? job : "");
    text_copy(identity->shim_version, sizeof identity->shim_version, LASTWORDS_VERSION);
    sys_program(identity->program, sizeof identity->program);
    sys_call(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)identity->executable,
             sizeof identity->executable - 1, 0, 0);
    sys_call(SYS_getcwd, (long)identity->directory, sizeof identity->directory, 0, 0, 0, 0);
    if (sys_call(SYS_uname, (long)&system, 0, 0, 0, 0, 0) == 0) {
        struct text text = TEXT_ON(identity->kernel);
        text_add(&text, system.release);
        text_char(&text, ' ');
        text_add(&text, system.version);
        text_copy(identity->host, sizeof identity->host, system.nodename);
    }
}

bool process_thread(uint32_t tid, char *run_state, char name[16])
{
    char path[64], text[512];
    struct text where = TEXT_ON(path);
    text_add(&where, "/proc/self/task/");
    text_u64(&where, tid);
    text_add(&where, "/stat");
    if (sys_read_piece(path, text, sizeof text) <= 0)
        return false;
    const char *fields = stat_fields(text), *open = strchr(text, '(');
    if (!fields || !open)
        return false;
    *run_state = *fields;
    size_t n = (size_t)(fields - 2 - open - 1);
    if (n > 15)
        n = 15;
    memcpy(name, open + 1, n);
    name[n] = '\0';
    return true;
}

char process_run_state(uint32_t tid)
{
    char name[16], run_state;
    return process_thread(tid, &run_state, name) ? run_state : '?';
}

/* The number that a whole name is; false: it is none. */
static bool number_of(const char *name, uint64_t *number)
{
    return text_parse_u64(&name, number) && !*name;
}

struct tid_list {
    uint32_t *tids;
    uint32_t count, capacity;
};

static bool add_tid(void *context, const char *name, bool is_directory)
{
    struct tid_list *list = context;
    uint64_t tid;
    if (!number_of(name, &tid))
        return true;
    if (list->count < list->capacity)
        list->tids[list->count] = (uint32_t)tid;
    list->count++;
    return true;
}

uint32_t process_threads(uint32_t *tids, uint32_t capacity)
{
    struct tid_list list = {tids, 0, capacity};
    sys_each_entry("/proc/self/task", add_tid, &list);
    return list.count;
}

struct input_search {
    void (*found)(void *, const char *, uint32_t, uint64_t, uint64_t);
    void *context;
    uint32_t count;
};

static bool look_at_descriptor(void *context, const char *name, bool is_directory)
{
    struct input_search *search = context;
    struct stat info;
    char link[64], path[512];
    uint64_t fd;
    if (!number_of(name, &fd) || fstat((int)fd, &info) < 0 || !S_ISREG(info.st_mode))
        return true;
    long flags = sys_call(SYS_fcntl, (long)fd, F_GETFL, 0, 0, 0, 0);
    if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY)
        return true;
    struct text text = TEXT_ON(link);
    text_add(&text, "/proc/self/fd/");
    text_u64(&text, fd);
    long n = sys_call(SYS_readlinkat, AT_FDCWD, (long)link, (long)path, sizeof path - 1, 0, 0);
    if (n <= 0 || text_starts(path, "/proc/") || text_starts(path, "/sys/"))
        return true;
    path[n] = '\0';
    long offset = sys_call(SYS_lseek, (long)fd, 0, SEEK_CUR, 0, 0, 0);
    search->found(search->context, path, (uint32_t)fd, (uint64_t)info.st_size, offset > 0 ? (uint64_t)offset : 0);
    return ++search->count < 64;
}

uint32_t process_inputs(void (*found)(void *context, const char *path, uint32_t fd, uint64_t size, uint64_t offset),
                        void *context)
{
    struct input_search search = {found, context, 0};
    sys_each_entry("/proc/self/fd", look_at_descriptor, &search);
    return search.count;
}

enum process_huge process_huge_pages(void)
{
    char text[64];
    if (sys_read_file("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof text) <= 0)
        return PROCESS_HUGE_NEVER;
    return strstr(text, "[always]")    ? PROCESS_HUGE_ALWAYS
           : strstr(text, "[madvise]") ? PROCESS_HUGE_MADVISE
                                       : PROCESS_HUGE_NEVER;
}
