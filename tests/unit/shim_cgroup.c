/* SPDX-License-Identifier: MIT */
/*
 * cgroup: the parsers, and a tree that changes. Whole trees: shim_cgroup_trees.c.
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
#include "observe/cgroup_search.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MIB          (UINT64_C(1) << 20)
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
    uint32_t killed = 7;
    assert_true(cgroup_refresh_kills(&cgroup, &killed)); /* though that refresh has read the counter before */
    assert_int_equal(killed, 0);
    assert_false(cgroup_refresh_kills(&cgroup, &killed));

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

/* In a container whose process was put into a sibling: what its mount shows does not limit it. */
static void outside_of_the_own_namespace(void **unused)
{
    static const struct {
        const char *mount_root, *own;
        bool below;
    } rows[] = {
        {"/pod", "/../sibling", false},
        {"/", "/../sibling", false},
        {"/", "/..", false},
        {"/pod", "/pod-2/x", false}, /* a name that only begins alike */
        {"/pod", "/", false},
        {"/..", "/", false},
        {"/pod", "/pod", true},
        {"/", "/", true},
        {"/..", "/../sibling", true},
        {"/", "/..x", true},
    };
    write_file("/cg two/memory.current", "1000\n");
    write_file("/cg two/memory.max", "5000\n");
    write_file("/cg two/sibling/memory.current", "2\n");
    write_file("/cg two/-2/x/memory.current", "1\n");
    write_file("/memory.current", "1\n"); /* not below the mount: never looked at */
    write_file("/sibling/memory.current", "1\n");
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct cgroup cgroup;
        char text[100];
        snprintf(text, sizeof text, "29 22 0:26 %s /cg\\040two rw - cgroup2 cgroup2 rw\n", rows[i].mount_root);
        write_file("/proc/self/mountinfo", text);
        snprintf(text, sizeof text, "0::%s\n", rows[i].own);
        write_file("/proc/self/cgroup", text);
        if (cgroup_open(&cgroup, root) != rows[i].below)
            fail_msg("%s below %s", rows[i].own, rows[i].mount_root);
        if (rows[i].below) {
            const struct lw_level *outermost = &cgroup.levels[cgroup.count - 1].numbers;
            assert_int_equal(outermost->limit_bytes, 5000);
            assert_string_equal(outermost->path, "/");
        } else {
            assert_string_equal(cgroup.why, "the own cgroup is not below what is mounted of the hierarchy");
            assert_string_equal(cgroup.pressure, "");
        }
        cgroup_close(&cgroup);
    }
}

/* A namespace hides the names above its root; the process is found by its pid, so many levels down and nowhere else. */
static void below_a_name_that_is_hidden(void **unused)
{
    static struct cgroup cgroup;
    char procs[100], expected[200];
    snprintf(procs, sizeof procs, "1\n%d\n12345678\n", (int)getpid());
    write_file("/proc/self/mountinfo", "29 22 0:26 /../.. /cg\\040two rw - cgroup2 cgroup2 rw\n");
    write_file("/proc/self/cgroup", "0::/job\n");
    write_file("/cg two/memory.stat", "");
    write_file("/cg two/first/other/job/cgroup.procs", "1\n2\n");
    write_file("/cg two/job/cgroup.procs", procs);            /* not deep enough */
    write_file("/cg two/first/job/cgroup.procs", procs);      /* likewise */
    write_file("/cg two/second/sandbox/cgroup.procs", procs); /* in the root of the namespace, which it is not */
    write_file("/cg two/second/sandbox/job/memory.current", "1000\n");
    write_file("/cg two/second/sandbox/memory.current", "2000\n");
    write_file("/cg two/second/memory.current", "3000\n");
    assert_false(cgroup_open(&cgroup, root));
    write_file("/cg two/second/sandbox/job/cgroup.procs", procs);
    assert_true(cgroup_open(&cgroup, root));
    assert_int_equal(cgroup.count, 3);
    assert_string_equal(cgroup.levels[0].numbers.path, "/second/sandbox/job");
    assert_int_equal(cgroup.levels[0].numbers.used_bytes, 1000);
    assert_int_equal(cgroup.levels[2].numbers.used_bytes, 3000);
    assert_string_equal(cgroup.own, "/job");
    snprintf(expected, sizeof expected, "%s/cg two/second/sandbox/job/memory.pressure", root);
    assert_string_equal(cgroup.pressure, expected);
    assert_false(cgroup_moved(&cgroup, root));
    cgroup_close(&cgroup);

    write_file("/proc/self/cgroup", "0::/../job\n"); /* outside of its namespace: not looked for */
    assert_false(cgroup_open(&cgroup, root));
}

static void levels_above(void **unused)
{
    static const struct {
        const char *root;
        uint32_t levels;
    } rows[] = {{"/", 0}, {"", 0}, {"/..", 1}, {"/../..", 2}, {"/../a", 0}, {"/a/..", 0}, {"/...", 0}, {"/..a", 0}};
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(cgroup_levels_above(rows[i].root), rows[i].levels);
    char found[8] = "xy";
    assert_false(cgroup_search("/tmp", CGROUP_SEARCH_DEPTH + 1, "/", 1, found, sizeof found));
    assert_false(cgroup_search("/nonexistent", 1, "/", 1, found, sizeof found));
    assert_string_equal(found, "xy");
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
        cmocka_unit_test(own_paths),
        cmocka_unit_test(mounts),
        cmocka_unit_test(limits),
        cmocka_unit_test(slab_is_estimated),
        cmocka_unit_test(what_reclaim_can_take),
        IN_TREE(numbers_are_read_again),
        IN_TREE(what_cannot_be_read_leaves_the_output_alone),
        IN_TREE(deep_chains_are_cut),
        IN_TREE(outside_of_the_own_namespace),
        IN_TREE(below_a_name_that_is_hidden),
        cmocka_unit_test(levels_above),
    };
    return cmocka_run_group_tests_name("shim_cgroup", tests, NULL, NULL);
}
