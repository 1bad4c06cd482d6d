/* SPDX-License-Identifier: MIT */
/*
 * cgroup: recorded trees of real set-ups, found and read to the byte; the parsers; a tree that changes.
 *
 * The trees lie in tests/data/cgroup; from elsewhere than the root of the repository name it by LASTWORDS_TEST_DATA.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "observe/cgroup.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MIB          (UINT64_C(1) << 20)
#define GIB          (UINT64_C(1) << 30)
#define NONE         LW_UNLIMITED /* no limit, or not known */
#define POD          "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a9d7b1e_4f0c_4c5e_9a55_2d6e1b7f3c21.slice"
#define ID           "5c1f0e6a8c1f4f7a9b0d3e2c1a4b5d6f7e8a9b0c1d2e3f405162738495a6b7c8"

struct expected_level {
    const char *path;
    uint64_t limit, used, reclaimable, high, swap_limit, swap_used, peak, oom_kills, max_events;
    uint64_t anon, file, shmem, kernel, dirty, inactive, refaults;
};

struct tree {
    const char *name;
    int version;
    const char *own;
    const char *pressure; /* below the tree; "": none */
    struct expected_level levels[7];
};

static const struct tree trees[] = {
    {"docker-v2",
     2,
     "/",
     "/sys/fs/cgroup/memory.pressure",
     {{"/", 512 * MIB, 430 * MIB, (40 + 70 - 8 - 2 + 6) * MIB, NONE, 512 * MIB, 0, 460 * MIB, 0, 17, 300 * MIB,
       114 * MIB, 4 * MIB, 15 * MIB, 10 * MIB, 70 * MIB, 1200}}},
    {"kubernetes-v2",
     2,
     POD "/cri-containerd-" ID ".scope",
     "/sys/fs/cgroup" POD "/cri-containerd-" ID ".scope/memory.pressure",
     {{POD "/cri-containerd-" ID ".scope", 2 * GIB, 1200 * MIB, 150 * MIB, NONE, 0, 0, 1300 * MIB, 0, 0, 1000 * MIB,
       140 * MIB, 0, 23 * MIB, 0, 80 * MIB, 50},
      {POD, 1536 * MIB, 1450 * MIB, 184 * MIB, NONE, NONE, 0, 1500 * MIB, 2, 4, 1210 * MIB, 170 * MIB, 0, 31 * MIB, 0,
       100 * MIB, 90},
      {"/kubepods.slice/kubepods-burstable.slice", NONE, 3 * GIB, 780 * MIB, NONE, NONE, 0, NONE, 0, 0, 2 * GIB,
       700 * MIB, 0, 163 * MIB, 0, 500 * MIB, 0},
      {"/kubepods.slice", 15 * GIB, 9 * GIB, 2224 * MIB, NONE, NONE, 0, 10 * GIB, 0, 0, 6 * GIB, 1924 * MIB, 0,
       603 * MIB, 0, GIB, 0}}},
    {"kubernetes-v2-bind",
     2,
     POD "/cri-containerd-" ID ".scope",
     "/sys/fs/cgroup/memory.pressure",
     {{"/", 2 * GIB, 1200 * MIB, 150 * MIB, NONE, 0, 0, 1300 * MIB, 0, 0, 1000 * MIB, 140 * MIB, 0, 23 * MIB, 0,
       80 * MIB, 50}}},
    {"kubernetes-v1",
     1,
     "/kubepods/burstable/pod0a9d7b1e-4f0c-4c5e-9a55-2d6e1b7f3c21/" ID,
     "",
     {{"/", GIB, 900 * MIB, (90 + 150 - 5 - 3) * MIB, NONE, NONE, NONE, GIB, 0, 106000000, 620 * MIB, 260 * MIB,
       20 * MIB, NONE, 8 * MIB, 150 * MIB, NONE}}},
    {"systemd-user-v2",
     2,
     "/user.slice/user-1000.slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope",
     "/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope/"
     "memory.pressure",
     {{"/user.slice/user-1000.slice/user@1000.service/app.slice/run-r9f86d081884c7d65.scope", NONE, 700 * MIB, 75 * MIB,
       NONE, NONE, 0, 800 * MIB, 0, 0, 600 * MIB, 70 * MIB, 0, 13 * MIB, 0, 40 * MIB, 0},
      {"/user.slice/user-1000.slice/user@1000.service/app.slice", NONE, 3 * GIB, 750 * MIB, 4 * GIB, NONE, 0, NONE, 0,
       0, 2 * GIB, 700 * MIB, 0, 103 * MIB, 0, 400 * MIB, 0},
      {"/user.slice/user-1000.slice/user@1000.service", NONE, 3300 * MIB, 785 * MIB, NONE, NONE, 0, NONE, 0, 0,
       2200 * MIB, 730 * MIB, 0, 113 * MIB, 0, 420 * MIB, 0},
      {"/user.slice/user-1000.slice", 4 * GIB, 3900 * MIB, 1190 * MIB, NONE, GIB, 100 * MIB, NONE, 0, 3, 2500 * MIB,
       1130 * MIB, 0, 123 * MIB, 0, 800 * MIB, 0},
      {"/user.slice", 24 * GIB, 5 * GIB, 1490 * MIB, NONE, NONE, 0, NONE, 0, 0, 3 * GIB, 1400 * MIB, 0, 183 * MIB, 0,
       900 * MIB, 0}}},
    {"slurm-v1",
     1,
     "/slurm/uid_1000/job_4711/step_0/task_0",
     "",
     {{"/slurm/uid_1000/job_4711/step_0/task_0", NONE, 3000 * MIB, 270 * MIB, NONE, NONE, 0, 3000 * MIB, 0, 0,
       2650 * MIB, 300 * MIB, 0, NONE, 10 * MIB, 180 * MIB, 400},
      {"/slurm/uid_1000/job_4711/step_0", 4 * GIB, 3100 * MIB, 310 * MIB, NONE, 0, 0, 3100 * MIB, 0, 0, 2700 * MIB,
       350 * MIB, 0, NONE, 10 * MIB, 200 * MIB, 410},
      {"/slurm/uid_1000/job_4711", 4 * GIB, 3900 * MIB, 330 * MIB, 4 * GIB, GIB, 50 * MIB, 3900 * MIB, 1, 12,
       3450 * MIB, 400 * MIB, 0, NONE, 40 * MIB, 240 * MIB, 500},
      {"/slurm/uid_1000", NONE, 5 * GIB, 900 * MIB, NONE, NONE, 0, 5 * GIB, 0, 0, 4 * GIB, GIB, 0, NONE, 0, 600 * MIB,
       NONE},
      {"/slurm", NONE, 60 * GIB, 8 * GIB, NONE, NONE, 0, 60 * GIB, 0, 0, 50 * GIB, 9 * GIB, 0, NONE, 0, 5 * GIB, NONE},
      {"/", NONE, 64 * GIB, 10 * GIB, NONE, NONE, 0, 64 * GIB, 0, 0, 51 * GIB, 11 * GIB, 0, NONE, 0, 6 * GIB, NONE}}},
    {"hybrid",
     1,
     "/user.slice/user-1000.slice",
     "/sys/fs/cgroup/unified/user.slice/user-1000.slice/session-3.scope/memory.pressure",
     {{"/user.slice/user-1000.slice", 2 * GIB, 1500 * MIB, 480 * MIB, NONE, NONE, NONE, 1500 * MIB, 0, 0, 950 * MIB,
       500 * MIB, 0, NONE, 0, 280 * MIB, NONE},
      {"/user.slice", NONE, 2 * GIB, 650 * MIB, NONE, NONE, NONE, 2 * GIB, 0, 0, 1200 * MIB, 700 * MIB, 0, NONE, 0,
       400 * MIB, NONE},
      {"/", NONE, 6 * GIB, 1824 * MIB, NONE, NONE, NONE, 6 * GIB, 0, 0, 3 * GIB, 2 * GIB, 0, NONE, 0, GIB, NONE}}},
    {"no-limit-v2",
     2,
     "/system.slice/batch.service",
     "/sys/fs/cgroup/system.slice/batch.service/memory.pressure",
     {{"/system.slice/batch.service", NONE, 200 * MIB, 54 * MIB, NONE, NONE, NONE, NONE, 0, 0, 100 * MIB, 50 * MIB, 0,
       NONE, 0, 30 * MIB, NONE},
      {"/system.slice", NONE, 900 * MIB, 54 * MIB, NONE, NONE, NONE, NONE, 0, 0, 100 * MIB, 50 * MIB, 0, NONE, 0,
       30 * MIB, NONE}}},
};

static const char *tree_path(const char *name)
{
    static char path[300];
    const char *data = getenv("LASTWORDS_TEST_DATA");
    snprintf(path, sizeof path, "%s/cgroup/%s", data ? data : "tests/data", name);
    if (access(path, R_OK) != 0)
        fail_msg("%s is not there: run from the root of the repository or set LASTWORDS_TEST_DATA", path);
    return path;
}

static void same(const char *tree, const char *path, const char *what, uint64_t have, uint64_t wanted)
{
    if (have != wanted)
        fail_msg("%s, %s: %s is %llu, not %llu", tree, path, what, (unsigned long long)have,
                 (unsigned long long)wanted);
}

/* v1 has no row for it: what is neither anonymous nor cache. */
static uint64_t kernel_of(const struct tree *tree, const struct expected_level *wanted)
{
    if (tree->version == 2)
        return wanted->kernel;
    uint64_t pages = wanted->anon + wanted->file;
    return wanted->used > pages ? wanted->used - pages : 0;
}

static void check_level(const struct tree *tree, const struct cgroup_level *have, const struct expected_level *wanted)
{
    const struct lw_level *numbers = &have->numbers;
    const struct {
        const char *what;
        uint64_t have, wanted;
    } rows[] = {
        {"the limit", numbers->limit_bytes, wanted->limit},
        {"usage", numbers->used_bytes, wanted->used},
        {"reclaimable", numbers->reclaimable_bytes, wanted->reclaimable},
        {"high", numbers->high_bytes, wanted->high},
        {"the swap limit", numbers->swap_limit_bytes, wanted->swap_limit},
        {"swap", numbers->swap_used_bytes, wanted->swap_used},
        {"the peak", numbers->peak_bytes, wanted->peak},
        {"oom_kill", numbers->oom_kills, wanted->oom_kills},
        {"oom_kill at the start", numbers->oom_kills_start, wanted->oom_kills},
        {"max or failcnt", numbers->max_events, wanted->max_events},
        {"anon", numbers->anon_bytes, wanted->anon},
        {"file", numbers->file_bytes, wanted->file},
        {"shmem", numbers->shmem_bytes, wanted->shmem},
        {"kernel", numbers->kernel_bytes, kernel_of(tree, wanted)},
        {"dirty", numbers->dirty_bytes, wanted->dirty},
        {"inactive_file", have->inactive_file_bytes, wanted->inactive},
        {"refaults", have->refaults_file, wanted->refaults},
    };
    assert_string_equal(numbers->path, wanted->path);
    for (size_t i = 0; i < COUNT(rows); i++)
        same(tree->name, wanted->path, rows[i].what, rows[i].have, rows[i].wanted);
    assert_int_equal(numbers->kind, tree->version == 2 ? LW_LEVEL_CGROUP_V2 : LW_LEVEL_CGROUP_V1);
    assert_true(have->usage_fd >= 0 && have->stat_fd >= 0);
}

static void check_tree(const struct tree *tree)
{
    static struct cgroup cgroup;
    char pressure[700];
    uint32_t count = 0;
    const char *root = tree_path(tree->name);
    if (!cgroup_open(&cgroup, root))
        fail_msg("%s: %s", tree->name, cgroup.why);
    while (count < COUNT(tree->levels) && tree->levels[count].path)
        count++;
    same(tree->name, "", "levels", cgroup.count, count);
    assert_int_equal(cgroup.version, tree->version);
    assert_string_equal(cgroup.own, tree->own);
    assert_string_equal(cgroup.why, "");
    for (uint32_t i = 0; i < count; i++) {
        check_level(tree, &cgroup.levels[i], &tree->levels[i]);
        same(tree->name, tree->levels[i].path, "flags", cgroup.levels[i].numbers.flags,
             LW_LEVEL_KILLS | (i == 0 ? LW_LEVEL_OWN : 0));
    }
    snprintf(pressure, sizeof pressure, "%s%s", tree->pressure[0] ? root : "", tree->pressure);
    assert_string_equal(cgroup.pressure, pressure);
    assert_false(cgroup_moved(&cgroup, root));
    cgroup_close(&cgroup);
    assert_int_equal(cgroup.count, 0);
}

static void recorded_trees(void **unused)
{
    for (size_t i = 0; i < COUNT(trees); i++)
        check_tree(&trees[i]);
}

/* Nothing else but the reason is filled in. */
static void trees_without_a_chain(void **unused)
{
    static const struct {
        const char *name, *why;
    } rows[] = {
        {"no-mount", "no cgroup file system with the memory controller is mounted"},
        {"no-files", "the memory controller's files are not there"},
        {"no-mountinfo", "/proc/self/mountinfo cannot be read"},
        {"no-files/sys", "/proc/self/cgroup cannot be read"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cgroup cgroup;
        memset(&cgroup, 0xAA, sizeof cgroup);
        assert_false(cgroup_open(&cgroup, tree_path(rows[i].name)));
        assert_string_equal(cgroup.why, rows[i].why);
        assert_int_equal(cgroup.count, 0);
        cgroup_close(&cgroup);
    }
}

static void a_process_that_was_moved_is_noticed(void **unused)
{
    struct cgroup cgroup;
    assert_true(cgroup_open(&cgroup, tree_path("kubernetes-v2")));
    assert_true(cgroup_moved(&cgroup, tree_path("docker-v2")));
    assert_false(cgroup_moved(&cgroup, tree_path("kubernetes-v2-bind"))); /* the same path */
    assert_false(cgroup_moved(&cgroup, "/nonexistent"));                  /* no news is no move */
    cgroup_close(&cgroup);
}

static void own_paths(void **unused)
{
    static const char v1[] = "12:pids:/a\n11:memory:/job:1/x\n1:name=systemd:/b\n0::/u";
    static const char joined[] = "3:cpuset,memory,devices:/j\n2:memory2:/no\n";
    static const struct {
        const char *file;
        bool v2;
        const char *path; /* NULL: none */
    } rows[] = {
        {v1, false, "/job:1/x"},
        {v1, true, "/u"},
        {joined, false, "/j"},
        {joined, true, NULL},
        {"2:memory2:/no\n4:name=memory:/no\n5:xmemory:/no\n", false, NULL},
        {"0::/\n", true, "/"},
        {"0::/a/b (deleted)\n", true, "/a/b (deleted)"},
        {"0::/\n", false, NULL},
        {"", true, NULL},
        {"garbage\n0::/ok\n", true, "/ok"},
        {"0:\n0::/ok\n", true, "/ok"},
        {"memory\n", false, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char path[64] = "untouched";
        bool found = cgroup_parse_path(rows[i].file, rows[i].v2, path, sizeof path);
        if (found != (rows[i].path != NULL))
            fail_msg("row %zu", i);
        assert_string_equal(path, rows[i].path ? rows[i].path : "untouched");
    }
    char small[4] = "xy";
    assert_false(cgroup_parse_path("0::/abcdef\n", true, small, sizeof small));
    assert_string_equal(small, "xy");
}

static void mounts(void **unused)
{
    static const struct {
        const char *line;
        bool v2;
        const char *root, *point; /* NULL: not this one */
    } rows[] = {
        {"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory", false, "/",
         "/sys/fs/cgroup/memory"},
        {"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 master:1 propagate_from:2 - cgroup cgroup rw,memory",
         false, "/", "/sys/fs/cgroup/memory"},
        {"35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,cpu,memory,devices", false, "/docker/ab",
         "/sys/fs/cgroup/memory"},
        {"35 31 0:32 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu", false, NULL, NULL},
        {"35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory", true, NULL, NULL},
        {"35 31 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot", true, "/",
         "/sys/fs/cgroup"},
        {"35 31 0:28 / /sys/fs/cgroup rw - cgroup2 none rw", true, "/", "/sys/fs/cgroup"},
        {"35 31 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,memory_recursiveprot", false, NULL, NULL},
        {"35 31 0:28 /a\\040b /mnt/c\\011d\\134e rw - cgroup2 cgroup2 rw", true, "/a b", "/mnt/c\td\\e"},
        {"27 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,memory", false, NULL, NULL},
        {"35 31 0:28 / /sys/fs/cgroup rw", true, NULL, NULL},
        {"35 31", true, NULL, NULL},
        {"", true, NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char root[64] = "untouched", point[64] = "untouched";
        bool found = cgroup_parse_mount(rows[i].line, rows[i].v2, root, point, sizeof root);
        if (found != (rows[i].root != NULL))
            fail_msg("row %zu", i);
        assert_string_equal(root, found ? rows[i].root : "untouched");
        assert_string_equal(point, found ? rows[i].point : "untouched");
    }
}

static void limits(void **unused)
{
    static const struct {
        const char *text;
        uint64_t limit;
    } rows[] = {
        {"max\n", LW_UNLIMITED},
        {"0\n", 0},
        {"536870912\n", 512 * MIB},
        {"9223372036854771712\n", LW_UNLIMITED},
        {"18446744073709551615\n", LW_UNLIMITED},
        {"", LW_UNLIMITED},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(cgroup_parse_limit(rows[i].text), rows[i].limit);
}

static void what_reclaim_can_take(void **unused)
{
    static const struct {
        int version;
        const char *stat;
        uint64_t reclaimable;
    } rows[] = {
        {2, "", 0},
        {2, "anon 100\nfile 90\nshmem 50\ninactive_file 30\nactive_file 10\n", 40}, /* shmem is on neither list */
        {2, "inactive_file 30\nactive_file 10\nslab_reclaimable 5\nslab_unreclaimable 7\n", 45},
        {2, "inactive_file 30\nactive_file 10\nfile_dirty 12\nfile_writeback 3\nslab_reclaimable 5\n", 30},
        {2, "inactive_file 30\nfile_dirty 100\nslab_reclaimable 5\n", 5}, /* not yet written: nothing */
        {2, "inactive_file 30\nunevictable 20\n", 30},
        {1, "inactive_file 1\nactive_file 1\ntotal_inactive_file 30\ntotal_active_file 10\n", 40},
        {1, "total_inactive_file 30\ntotal_active_file 10\ntotal_dirty 4\ntotal_writeback 1\ndirty 30\n", 35},
        {1, "inactive_file 30\nactive_file 10\nslab_reclaimable 5\n", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cgroup_level level = {.usage_fd = -1};
        cgroup_parse_stat(rows[i].stat, rows[i].version, &level);
        assert_int_equal(level.numbers.reclaimable_bytes, rows[i].reclaimable);
    }
}

/* A tree in a temporary folder, to be changed under the eyes of the reader. */
static char root[64];

static void write_file(const char *path, const char *text)
{
    char full[1200];
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
    int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int make_tree(void **unused)
{
    strcpy(root, "/tmp/lastwords-cgroup-XXXXXX");
    assert_non_null(mkdtemp(root));
    write_file("/proc/self/mountinfo", "29 22 0:26 / /cg\\040two rw shared:4 - cgroup2 cgroup2 rw\n");
    return 0;
}

static int remove_tree(void **unused)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static void numbers_are_read_again(void **unused)
{
    struct cgroup cgroup;
    uint64_t used = 7, reclaimable = 7;
    char buffer[512];
    write_file("/proc/self/cgroup", "0::/a\n");
    write_file("/cg two/a/memory.current", "1000\n");
    write_file("/cg two/a/memory.max", "5000\n");
    write_file("/cg two/a/memory.stat", "inactive_file 100\nactive_file 10\n");
    write_file("/cg two/a/memory.events", "low 0\nhigh 0\nmax 1\noom 0\noom_kill 3\n");
    assert_true(cgroup_open(&cgroup, root));
    assert_int_equal(cgroup.count, 1);
    const struct cgroup_level *level = &cgroup.levels[0];

    write_file("/cg two/a/memory.current", "2000\n");
    assert_true(cgroup_peek(level->usage_fd, &used));
    assert_int_equal(used, 2000);
    assert_int_equal(level->numbers.used_bytes, 1000);
    cgroup_refresh_usage(&cgroup);
    assert_int_equal(level->numbers.used_bytes, 2000);

    write_file("/cg two/a/memory.stat", "inactive_file 50\nactive_file 10\nfile_dirty 1\n");
    assert_true(cgroup_peek_reclaimable(level->stat_fd, 2, buffer, sizeof buffer, &reclaimable));
    assert_int_equal(reclaimable, 59);
    assert_int_equal(level->numbers.reclaimable_bytes, 110);
    cgroup_refresh_stat(&cgroup, 1); /* no such level */
    cgroup_refresh_stat(&cgroup, 0);
    assert_int_equal(level->numbers.reclaimable_bytes, 59);

    write_file("/cg two/a/memory.max", "max\n");
    write_file("/cg two/a/memory.events", "low 0\nhigh 0\nmax 9\noom 0\noom_kill 4\n");
    cgroup_refresh(&cgroup);
    assert_int_equal(level->numbers.limit_bytes, LW_UNLIMITED);
    assert_int_equal(level->numbers.oom_kills, 4);
    assert_int_equal(level->numbers.oom_kills_start, 3);
    assert_int_equal(level->numbers.max_events, 9);

    write_file("/proc/self/cgroup", "0::/b\n");
    assert_true(cgroup_moved(&cgroup, root));
    cgroup_close(&cgroup);
}

static void what_cannot_be_read_leaves_the_output_alone(void **unused)
{
    uint64_t value = 7;
    char buffer[64];
    assert_false(cgroup_peek(-1, &value));
    assert_false(cgroup_peek_reclaimable(-1, 2, buffer, sizeof buffer, &value));
    write_file("/empty", "");
    write_file("/garbage", "x\n");
    for (int i = 0; i < 2; i++) {
        char path[100];
        snprintf(path, sizeof path, "%s/%s", root, i ? "garbage" : "empty");
        int fd = open(path, O_RDONLY);
        assert_true(fd >= 0);
        assert_false(cgroup_peek(fd, &value));
        close(fd);
    }
    assert_int_equal(value, 7);
}

/* More levels than there is room for, and a path longer than a record keeps: the innermost ones count. */
static void deep_chains_are_cut(void **unused)
{
    enum { DEPTH = 26 };
    static struct cgroup cgroup;
    char own[400] = "", line[420], name[500];
    for (int i = 0; i < DEPTH; i++) {
        snprintf(own + strlen(own), sizeof own - strlen(own), "/level-%05d", i);
        snprintf(name, sizeof name, "/cg two%s/memory.current", own);
        write_file(name, i == DEPTH - 1 ? "77\n" : "99\n");
    }
    snprintf(line, sizeof line, "0::%s\n", own);
    write_file("/proc/self/cgroup", line);
    assert_true(cgroup_open(&cgroup, root));
    assert_int_equal(cgroup.count, CGROUP_MAX_LEVELS);
    assert_string_equal(cgroup.own, own);
    assert_int_equal(cgroup.levels[0].numbers.used_bytes, 77);
    assert_int_equal(cgroup.levels[1].numbers.used_bytes, 99);
    assert_int_equal(cgroup.levels[0].numbers.limit_bytes, LW_UNLIMITED); /* a file that is missing limits nothing */
    assert_int_equal(cgroup.levels[0].numbers.oom_kills, LW_UNKNOWN);
    const char *kept = cgroup.levels[0].numbers.path;
    assert_int_equal(strlen(kept), sizeof cgroup.levels[0].numbers.path - 1);
    assert_string_equal(kept, own + strlen(own) - strlen(kept)); /* cut at the front */
    cgroup_close(&cgroup);
}

/* In a container whose process was put into a sibling: what can be seen is the root of the mount. */
static void outside_of_the_own_namespace(void **unused)
{
    struct cgroup cgroup;
    write_file("/proc/self/mountinfo", "29 22 0:26 /pod /cg\\040two rw - cgroup2 cgroup2 rw\n");
    write_file("/proc/self/cgroup", "0::/../sibling\n");
    write_file("/cg two/memory.current", "1000\n");
    write_file("/cg two/memory.max", "5000\n");
    write_file("/memory.current", "1\n"); /* not below the mount: never looked at */
    write_file("/sibling/memory.current", "1\n");
    assert_true(cgroup_open(&cgroup, root));
    assert_int_equal(cgroup.count, 1);
    assert_int_equal(cgroup.levels[0].numbers.limit_bytes, 5000);
    assert_string_equal(cgroup.levels[0].numbers.path, "/");
    cgroup_close(&cgroup);
}

/* A mount of /pod does not hold /pod-2. */
static void a_name_that_only_begins_alike_is_another(void **unused)
{
    struct cgroup cgroup;
    write_file("/proc/self/mountinfo", "29 22 0:26 /pod /cg\\040two rw - cgroup2 cgroup2 rw\n");
    write_file("/proc/self/cgroup", "0::/pod-2/x\n");
    write_file("/cg two/-2/x/memory.current", "1\n");
    write_file("/cg two/memory.current", "2\n");
    bool open = cgroup_open(&cgroup, root);
    assert_true(open);
    assert_int_equal(cgroup.count, 1);
    assert_int_equal(cgroup.levels[0].numbers.used_bytes, 2);
    cgroup_close(&cgroup);
}

#define IN_TREE(function) cmocka_unit_test_setup_teardown(function, make_tree, remove_tree)

/* v1 does not say which kernel memory can be taken away. */
static void slab_is_estimated(void **unused)
{
    assert_int_equal(cgroup_v1_slab(128 * MIB, 40 * MIB, 50 * MIB), 40 * MIB);
    assert_int_equal(cgroup_v1_slab(128 * MIB, 40 * MIB, 30 * MIB), 30 * MIB);
    assert_int_equal(cgroup_v1_slab(128 * MIB, 40 * MIB, 0), 0);       /* pipes, sockets */
    assert_int_equal(cgroup_v1_slab(128 * MIB, 7 * MIB, 50 * MIB), 0); /* page tables and stacks */
    assert_int_equal(cgroup_v1_slab(LW_UNLIMITED, 40 * MIB, 50 * MIB), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_trees),
        cmocka_unit_test(trees_without_a_chain),
        cmocka_unit_test(a_process_that_was_moved_is_noticed),
        cmocka_unit_test(own_paths),
        cmocka_unit_test(mounts),
        cmocka_unit_test(limits),
        cmocka_unit_test(slab_is_estimated),
        cmocka_unit_test(what_reclaim_can_take),
        IN_TREE(numbers_are_read_again),
        IN_TREE(what_cannot_be_read_leaves_the_output_alone),
        IN_TREE(deep_chains_are_cut),
        IN_TREE(outside_of_the_own_namespace),
        IN_TREE(a_name_that_only_begins_alike_is_another),
    };
    return cmocka_run_group_tests_name("shim_cgroup", tests, NULL, NULL);
}
