/* SPDX-License-Identifier: MIT */
#include "commands/doctor_checks.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "commands/doctor_score.h"
#include "sources/cgroup_tree.h"
#include "sources/journal_find.h"
#include "sources/sizes.h"
#include "sources/small_file.h"
#include "sources/text.h"

/* A file of one line, without its end; "" when it cannot be read. */
static const char *line_of(const char *path, char *text, size_t size)
{
    if (small_file_read(path, text, size) < 0)
        text[0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text;
}

/* "MemAvailable:   123456 kB" of /proc/meminfo, in bytes; LW_UNKNOWN. */
static uint64_t meminfo(const char *name)
{
    char text[8192];
    size_t length = strlen(name);

    if (small_file_read("/proc/meminfo", text, sizeof(text)) <= 0)
        return LW_UNKNOWN;
    for (char *row = text; row; row = strchr(row, '\n')) {
        row += *row == '\n';
        if (strncmp(row, name, length) == 0 && row[length] == ':')
            return strtoull(row + length + 1, NULL, 10) * 1024;
    }
    return LW_UNKNOWN;
}

static void check_limit(struct finding *finding)
{
    static struct cgroup_place place;
    static struct cgroup_level levels[CGROUP_MAX_LEVELS];
    size_t count = cgroup_place_read(0, &place) == 0 ? cgroup_levels(&place, levels) : 0;
    size_t size = sizeof(finding->text);
    uint64_t least = LW_UNLIMITED;

    if (count == 0) {
        finding->grade = FINDING_NOTE;
        snprintf(finding->text, sizeof(finding->text), "no memory controller is mounted: only the host can be watched");
        return;
    }
    snprintf(finding->text, size, "%s", place.version == CGROUP_V1 ? "v1" : "v2");
    for (size_t i = 0; i < count && strlen(finding->text) < size - 160; i++) {
        const struct cgroup_level *level = &levels[i];
        bool unlimited = level->limit_bytes == LW_UNLIMITED;
        text_append(finding->text, size, "; %.60s limit %s", level->path,
                    unlimited ? "none" : size_prose(level->limit_bytes).text);
        if (!unlimited)
            text_append(finding->text, size, ", used %s, headroom %s", size_prose(level->used_bytes).text,
                        size_prose(level->headroom_bytes).text);
        least = level->headroom_bytes < least ? level->headroom_bytes : least;
    }
    if (least == LW_UNLIMITED)
        text_append(finding->text, size, "; the host is the limit");
}

static void check_run(struct finding *finding)
{
    static struct cgroup_place place;
    bool systemd = access("/run/systemd/system", F_OK) == 0;
    bool writable = cgroup_place_read(0, &place) == 0 && access(place.directory, W_OK) == 0;

    finding->grade = writable || systemd ? FINDING_GOOD : FINDING_NOTE;
    if (writable)
        snprintf(finding->text, sizeof(finding->text), "lastwords run --limit can make a cgroup in %.300s",
                 place.directory);
    else if (systemd)
        snprintf(finding->text, sizeof(finding->text), "lastwords run --limit asks systemd-run for a scope");
    else
        snprintf(finding->text, sizeof(finding->text),
                 "no cgroup can be made here: lastwords run --limit counts each process's own resident memory");
}

static void check_host(struct finding *finding)
{
    snprintf(finding->text, sizeof(finding->text), "%s, %s available", size_prose(meminfo("MemTotal")).text,
             size_prose(meminfo("MemAvailable")).text);
}

static void check_swap(struct finding *finding)
{
    uint64_t total = meminfo("SwapTotal");

    if (total == 0 || total == LW_UNKNOWN)
        snprintf(finding->text, sizeof(finding->text), "off: memory that is full is full at once");
    else
        snprintf(finding->text, sizeof(finding->text), "%s, %s free: a job slows down before it dies",
                 size_prose(total).text, size_prose(meminfo("SwapFree")).text);
}

static void check_overcommit(struct finding *finding)
{
    static const char *const modes[] = {"0, heuristic: allocations succeed, touching kills",
                                        "1, always: allocations succeed, touching kills",
                                        "2, never: allocations fail at the commit limit, nobody is killed"};
    char text[32];
    unsigned mode = (unsigned)atoi(line_of("/proc/sys/vm/overcommit_memory", text, sizeof(text)));

    snprintf(finding->text, sizeof(finding->text), "%s", text[0] && mode < 3 ? modes[mode] : "unknown");
}

/* some avg10=0.00 avg60=0.00 avg300=0.00 total=0 */
static void check_pressure(struct finding *finding)
{
    static struct cgroup_place place;
    char path[PATH_MAX + 32], text[256];
    bool known = cgroup_place_read(0, &place) == 0;
    const char *directory = !known ? "" : place.version == CGROUP_V2 ? place.directory : place.unified_directory;

    snprintf(path, sizeof(path), "%s/memory.pressure", directory);
    if (directory[0] && small_file_read(path, text, sizeof(text)) > 0) {
        snprintf(finding->text, sizeof(finding->text), "of the own cgroup (%.300s)", path);
        return;
    }
    ssize_t n = small_file_read("/proc/pressure/memory", text, sizeof(text));
    finding->grade = n > 0 ? FINDING_GOOD : FINDING_NOTE;
    if (n > 0)
        snprintf(finding->text, sizeof(finding->text), "of the whole host only (/proc/pressure/memory)");
    else
        snprintf(finding->text, sizeof(finding->text), "not available (%s): the kernel needs psi=1",
                 n < 0 ? strerror((int)-n) : "empty");
}

static void check_faults(struct finding *finding)
{
    struct perf_event_attr attribute = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof(attribute),
        .config = PERF_COUNT_SW_PAGE_FAULTS,
        .disabled = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    char paranoid[32];
    long fd = syscall(SYS_perf_event_open, &attribute, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
    int error = errno;

    line_of("/proc/sys/kernel/perf_event_paranoid", paranoid, sizeof(paranoid));
    if (fd >= 0) {
        close((int)fd);
        snprintf(finding->text, sizeof(finding->text), "works (perf_event_paranoid %s)", paranoid);
        return;
    }
    finding->grade = FINDING_NOTE;
    snprintf(finding->text, sizeof(finding->text),
             "perf_event_open: %s (perf_event_paranoid %s): the margin must be wider; 2 or less, and a seccomp profile "
             "that allows perf_event_open, would help; else CAP_SYS_NICE, where many threads grow",
             strerror(error), paranoid[0] ? paranoid : "unknown");
}

static void check_huge_pages(struct finding *finding)
{
    char text[128];

    line_of("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text));
    snprintf(finding->text, sizeof(finding->text), "%.100s%s", text[0] ? text : "not available",
             strstr(text, "[always]") ? ": a touched byte can cost 2 MiB" : "");
}

static bool in_kubernetes(void)
{
    char text[4096];

    if (getenv("KUBERNETES_SERVICE_HOST") || access("/var/run/secrets/kubernetes.io", F_OK) == 0)
        return true;
    return small_file_read("/proc/self/cgroup", text, sizeof(text)) > 0 && strstr(text, "kubepods");
}

static void check_score(struct finding *finding)
{
    char text[32];

    line_of("/proc/self/oom_score_adj", text, sizeof(text));
    finding->grade = strcmp(text, "-1000") == 0 ? FINDING_NOTE : FINDING_GOOD;
    if (text[0])
        doctor_score_text(atoi(text), meminfo("MemTotal"), in_kubernetes(), finding->text, sizeof(finding->text));
    else
        snprintf(finding->text, sizeof(finding->text), "oom_score_adj unknown");
}

static void check_kernel_log(struct finding *finding)
{
    int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), error = errno;

    finding->grade = fd >= 0 ? FINDING_GOOD : FINDING_NOTE;
    if (fd >= 0)
        snprintf(finding->text, sizeof(finding->text), "can be read: reports and lastwords explain say what is in it");
    else
        snprintf(finding->text, sizeof(finding->text),
                 "/dev/kmsg: %s: whether it was an OOM kill is told by counters only; lastwords explain wants a file",
                 strerror(error));
    if (fd >= 0)
        close(fd);
}

/* From include/uapi/linux/fs.h of Linux 6.7, for older headers. */
struct scan_argument {
    uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
    uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN_IOCTL _IOWR('f', 16, struct scan_argument)

static void check_residency(struct finding *finding)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)finding & ~(page - 1), regions[6], entry;
    struct scan_argument argument = {.size = sizeof(argument),
                                     .start = start,
                                     .end = start + page,
                                     .vec = (uintptr_t)regions,
                                     .vec_len = 1,
                                     .category_anyof_mask = 8,
                                     .return_mask = 8};
    int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    const char *method = "mincore only: swapped pages cannot be told from missing ones";

    finding->grade = FINDING_NOTE;
    if (fd >= 0 && ioctl(fd, SCAN_IOCTL, &argument) >= 0) {
        method = "PAGEMAP_SCAN";
        finding->grade = FINDING_GOOD;
    } else if (fd >= 0 && pread(fd, &entry, sizeof(entry), (off_t)(start / page * 8)) == sizeof(entry)) {
        method = "/proc/self/pagemap (PAGEMAP_SCAN needs Linux 6.7)";
        finding->grade = FINDING_GOOD;
    }
    if (fd >= 0)
        close(fd);
    snprintf(finding->text, sizeof(finding->text), "%s", method);
}

static void check_unwinder(struct finding *finding)
{
    void *library = dlopen("libunwind.so.8", RTLD_LAZY | RTLD_LOCAL);

    finding->grade = library ? FINDING_GOOD : FINDING_NOTE;
    snprintf(finding->text, sizeof(finding->text), "%s",
             library ? "libunwind.so.8 is here"
                     : "libunwind.so.8 is missing: native stacks by frame pointers only (package libunwind8)");
    if (library)
        dlclose(library);
}

static void check_jemalloc(struct finding *finding)
{
#ifdef LASTWORDS_JEMALLOC
    const char *found = "allocator=jemalloc: built in";
    finding->grade = FINDING_GOOD;
#else
    const char *found = "allocator=jemalloc: built without; build again where package libjemalloc-dev is installed";
    finding->grade = FINDING_NOTE;
#endif
    snprintf(finding->text, sizeof(finding->text), "%s", found);
}

static void check_journals(struct finding *finding)
{
    const char *directories[3];
    size_t count = journal_default_directories(directories);
    char here[PATH_MAX];

    for (size_t i = 0; i < count; i++) {
        if (access(directories[i], W_OK | X_OK) != 0)
            continue;
        bool current = i == 0 && getcwd(here, sizeof(here));
        finding->grade = i == 0 ? FINDING_GOOD : FINDING_NOTE;
        snprintf(finding->text, sizeof(finding->text), "go to %.300s%s", current ? here : directories[i],
                 i == 0 ? "" : ": the current directory is not writable");
        return;
    }
    finding->grade = FINDING_BAD;
    snprintf(finding->text, sizeof(finding->text), "no directory for journals is writable: set LASTWORDS=dir=PATH");
}

static const struct {
    const char *what;
    void (*check)(struct finding *finding);
} checks[] = {
    {"cgroup", check_limit},          {"run --limit", check_run},
    {"host memory", check_host},      {"swap", check_swap},
    {"overcommit", check_overcommit}, {"pressure", check_pressure},
    {"fault counter", check_faults},  {"huge pages", check_huge_pages},
    {"OOM score", check_score},       {"residency", check_residency},
    {"unwinder", check_unwinder},     {"jemalloc", check_jemalloc},
    {"journals", check_journals},     {"kernel log", check_kernel_log},
};

bool doctor_check(size_t index, struct finding *finding)
{
    if (index >= sizeof(checks) / sizeof(checks[0]))
        return false;
    memset(finding, 0, sizeof(*finding));
    snprintf(finding->what, sizeof(finding->what), "%s", checks[index].what);
    checks[index].check(finding);
    return true;
}
