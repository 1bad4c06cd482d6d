/* SPDX-License-Identifier: MIT */
/*
 * cgroup: whole trees, found and read to the byte. tests/data/cgroup has recorded ones, of several kernels, and a few
 * that are composed of what no machine at hand has: no swap accounting, no peak, no hierarchy at all.
 *
 * expected.h holds what another reader (expected.py) makes of the recorded files; the recipe that made the groups is
 * known besides. From elsewhere than the root of the repository name the data by LASTWORDS_TEST_DATA.
 */
#include <dirent.h>
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

#include "judge/headroom.h"
#include "observe/cgroup.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MIB          (UINT64_C(1) << 20)
#define GIB          (UINT64_C(1) << 30)
#define NONE         LW_UNLIMITED /* no limit, or not known */
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

#include "tests/data/cgroup/expected.h"

static const struct tree composed[] = {
    {"kubernetes-v1",
     1,
     "/kubepods/burstable/pod0a9d7b1e-4f0c-4c5e-9a55-2d6e1b7f3c21/" ID,
     "",
     {{"/", GIB, 900 * MIB, (90 + 150 - 5 - 3) * MIB, NONE, NONE, NONE, GIB, 0, 106000000, 620 * MIB, 260 * MIB,
       20 * MIB, 20 * MIB, 8 * MIB, 150 * MIB, NONE}}},
    {"hybrid",
     1,
     "/user.slice/user-1000.slice",
     "/sys/fs/cgroup/unified/user.slice/user-1000.slice/session-3.scope/memory.pressure",
     {{"/user.slice/user-1000.slice", 2 * GIB, 1500 * MIB, 480 * MIB, NONE, NONE, NONE, 1500 * MIB, 0, 0, 950 * MIB,
       500 * MIB, 0, 50 * MIB, 0, 280 * MIB, NONE},
      {"/user.slice", NONE, 2 * GIB, 650 * MIB, NONE, NONE, NONE, 2 * GIB, 0, 0, 1200 * MIB, 700 * MIB, 0, 148 * MIB, 0,
       400 * MIB, NONE},
      {"/", NONE, 6 * GIB, 1824 * MIB, NONE, NONE, NONE, 6 * GIB, 0, 0, 3 * GIB, 2 * GIB, 0, GIB, 0, GIB, NONE}}},
    {"no-limit-v2",
     2,
     "/system.slice/batch.service",
     "/sys/fs/cgroup/system.slice/batch.service/memory.pressure",
     {{"/system.slice/batch.service", NONE, 200 * MIB, 54 * MIB, NONE, NONE, NONE, NONE, 0, 0, 100 * MIB, 50 * MIB, 0,
       NONE, 0, 30 * MIB, NONE},
      {"/system.slice", NONE, 900 * MIB, 54 * MIB, NONE, NONE, NONE, NONE, 0, 0, 100 * MIB, 50 * MIB, 0, NONE, 0,
       30 * MIB, NONE}}},
};

/* ---- a tree of files, from one file ---- */

static char unpacked[64];

static const char *data_path(const char *name)
{
    static char path[800];
    const char *data = getenv("LASTWORDS_TEST_DATA");
    snprintf(path, sizeof path, "%s/cgroup/%s", data ? data : "tests/data", name);
    return path;
}

static FILE *make_file(const char *path)
{
    char full[1200];
    snprintf(full, sizeof full, "%s%s", unpacked, path);
    for (char *slash = full + strlen(unpacked) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        assert_true(mkdir(full, 0755) == 0 || errno == EEXIST);
        *slash = '/';
    }
    FILE *file = fopen(full, "we");
    assert_non_null(file);
    return file;
}

/* A recorded tree becomes files again; "## PATH" begins one. */
static const char *unpack(const char *name)
{
    char with_ending[100], *line = NULL;
    size_t capacity = 0;
    FILE *to = NULL;
    snprintf(with_ending, sizeof with_ending, "%s.tree", name);
    FILE *from = fopen(data_path(with_ending), "re");
    if (!from)
        fail_msg("%s is not there: run from the root of the repository or set LASTWORDS_TEST_DATA",
                 data_path(with_ending));
    strcpy(unpacked, "/tmp/lastwords-cgroup-XXXXXX");
    assert_non_null(mkdtemp(unpacked));
    while (getline(&line, &capacity, from) > 0) {
        if (strncmp(line, "## ", 3) == 0) {
            line[strcspn(line, "\n")] = '\0';
            if (to)
                fclose(to);
            to = make_file(line + 3);
        } else {
            assert_non_null(to);
            fputs(line, to);
        }
    }
    if (to)
        fclose(to);
    free(line);
    fclose(from);
    return unpacked;
}

static void remove_unpacked(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", unpacked);
    assert_int_equal(system(command), 0);
}

/* ---- read to the byte ---- */

static void same(const char *tree, const char *path, const char *what, uint64_t have, uint64_t wanted)
{
    if (have != wanted)
        fail_msg("%s, %s: %s is %llu, not %llu", tree, path, what, (unsigned long long)have,
                 (unsigned long long)wanted);
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
        {"kernel", numbers->kernel_bytes, wanted->kernel},
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

static void check_tree(const struct tree *tree, const char *root)
{
    static struct cgroup cgroup;
    char pressure[700];
    uint32_t count = 0;
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
    for (size_t i = 0; i < COUNT(recorded); i++) {
        check_tree(&recorded[i], unpack(recorded[i].name));
        remove_unpacked();
    }
}

static void composed_trees(void **unused)
{
    for (size_t i = 0; i < COUNT(composed); i++)
        check_tree(&composed[i], data_path(composed[i].name));
}

/* ---- what the recipe says (trees.sh), on every kernel that is here ---- */

static void for_each_kernel(const char *name, void (*check)(const char *name, const char *root))
{
    struct dirent *entry;
    unsigned found = 0;
    DIR *directory = opendir(data_path(""));
    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        char tree[400], file[420];
        snprintf(tree, sizeof tree, "%s/%s", entry->d_name, name);
        snprintf(file, sizeof file, "%s.tree", tree);
        if (access(data_path(file), R_OK) != 0)
            continue;
        check(name, unpack(tree));
        remove_unpacked();
        found++;
    }
    closedir(directory);
    if (!found)
        fail_msg("%s was recorded on no kernel", name);
}

#define FIELD(name)  #name, offsetof(struct lw_level, name##_bytes)
#define EVENTS(name) #name, offsetof(struct lw_level, name)

static const struct {
    const char *tree;
    uint32_t level;
    const char *what;
    size_t offset;
    uint64_t least, most;
} facts[] = {
    {"docker", 0, FIELD(limit), 64 * MIB, 64 * MIB},
    {"docker", 0, FIELD(swap_limit), 32 * MIB, 32 * MIB},
    {"docker", 0, FIELD(peak), 60 * MIB, 64 * MIB}, /* it has read more than fits */
    {"docker", 0, EVENTS(max_events), 1, 1000000},
    {"docker", 0, EVENTS(oom_kills), 0, 0},
    {"systemd", 0, FIELD(limit), NONE, NONE},
    {"systemd", 0, FIELD(used), MIB / 4, 48 * MIB},
    {"systemd", 1, FIELD(high), 200 * MIB, 200 * MIB},
    {"systemd", 3, FIELD(limit), 300 * MIB, 300 * MIB},
    {"systemd", 3, FIELD(swap_limit), 64 * MIB, 64 * MIB},
    {"systemd", 3, FIELD(swap_used), MIB, 64 * MIB}, /* 32 MiB were to be reclaimed; 6.1 takes more */
    {"systemd", 3, FIELD(used), MIB / 2, 80 * MIB},  /* with the other session */
    {"systemd", 4, FIELD(limit), GIB, GIB},
    {"kubernetes", 0, FIELD(limit), 128 * MIB, 128 * MIB},
    {"kubernetes", 0, FIELD(swap_limit), 0, 0},
    {"kubernetes", 0, FIELD(anon), 24 * MIB, 28 * MIB},
    {"kubernetes", 0, FIELD(file), 10 * MIB, 16 * MIB}, /* 8 read, 2 in shared memory */
    {"kubernetes", 0, FIELD(shmem), 2 * MIB, 2 * MIB},
    {"kubernetes", 0, EVENTS(oom_kills), 0, 0},
    {"kubernetes", 1, FIELD(limit), 96 * MIB, 96 * MIB},
    {"kubernetes", 1, FIELD(high), 92 * MIB, 92 * MIB},
    {"kubernetes", 1, FIELD(anon), 32 * MIB, 37 * MIB}, /* with the other container */
    {"kubernetes", 1, EVENTS(oom_kills), 1, 1},
    {"kubernetes", 3, FIELD(limit), GIB, GIB},
    {"kubernetes", 3, EVENTS(oom_kills), 1, 1},
    {"kubernetes-bind", 0, FIELD(limit), 128 * MIB, 128 * MIB},
    {"kubernetes-bind", 0, FIELD(anon), 24 * MIB, 28 * MIB},
    {"slurm", 0, FIELD(limit), NONE, NONE},
    {"slurm", 2, FIELD(limit), 112 * MIB, 112 * MIB},
    {"slurm", 3, FIELD(limit), 96 * MIB, 96 * MIB},
    {"slurm", 3, FIELD(high), 90 * MIB, 90 * MIB},
    {"slurm", 3, FIELD(swap_limit), 0, 0},
    {"slurm", 3, FIELD(anon), 30 * MIB, 34 * MIB},
    {"no-controller", 0, FIELD(limit), 200 * MIB, 200 * MIB},
    {"no-controller", 0, FIELD(anon), 10 * MIB, 14 * MIB},
    {"slurm-v1", 0, FIELD(limit), NONE, NONE},
    {"slurm-v1", 1, FIELD(limit), 112 * MIB, 112 * MIB},
    {"slurm-v1", 1, FIELD(swap_limit), 0, 0},
    {"slurm-v1", 2, FIELD(limit), 96 * MIB, 96 * MIB},
    {"slurm-v1", 2, FIELD(high), 96 * MIB, 96 * MIB},
    {"slurm-v1", 2, FIELD(swap_limit), 32 * MIB, 32 * MIB},
    {"slurm-v1", 2, FIELD(anon), 30 * MIB, 34 * MIB},
    {"slurm-v1", 2, FIELD(shmem), 2 * MIB, 2 * MIB},
    {"kubernetes-v1", 0, FIELD(limit), 64 * MIB, 64 * MIB},
    {"kubernetes-v1", 0, FIELD(swap_limit), 0, 0},
    {"kubernetes-v1", 0, FIELD(peak), 64 * MIB, 64 * MIB},
    {"kubernetes-v1", 0, EVENTS(max_events), 0, 0}, /* memsw says no first, and counts */
    {"hybrid", 0, FIELD(limit), 96 * MIB, 96 * MIB},
    {"hybrid", 0, FIELD(anon), 24 * MIB, 28 * MIB},
};

static void check_facts(const char *name, const char *root)
{
    static struct cgroup cgroup;
    assert_true(cgroup_open(&cgroup, root));
    for (size_t i = 0; i < COUNT(facts); i++) {
        uint64_t value;
        if (strcmp(facts[i].tree, name) != 0)
            continue;
        assert_true(facts[i].level < cgroup.count);
        memcpy(&value, (const char *)&cgroup.levels[facts[i].level].numbers + facts[i].offset, sizeof value);
        if (value < facts[i].least || value > facts[i].most)
            fail_msg("%s, level %u: %s is %llu", name, facts[i].level, facts[i].what, (unsigned long long)value);
    }
    cgroup_close(&cgroup);
}

static void numbers_are_those_of_the_recipe(void **unused)
{
    for (size_t i = 0; i < COUNT(facts); i++)
        if (i == 0 || strcmp(facts[i].tree, facts[i - 1].tree) != 0)
            for_each_kernel(facts[i].tree, check_facts);
}

static const struct {
    const char *tree;
    uint32_t count;
    int binding;
} shapes[] = {
    {"docker", 1, 0},        {"systemd", 5, 3},  {"kubernetes", 4, 1},    {"kubernetes-bind", 1, 0}, {"slurm", 6, 3},
    {"no-controller", 1, 0}, {"slurm-v1", 6, 2}, {"kubernetes-v1", 1, 0}, {"hybrid", 3, 0},
};

static void check_binding(const char *name, const char *root)
{
    static struct cgroup cgroup;
    struct lw_level levels[CGROUP_MAX_LEVELS];
    assert_true(cgroup_open(&cgroup, root));
    for (uint32_t i = 0; i < cgroup.count; i++)
        levels[i] = cgroup.levels[i].numbers;
    for (size_t i = 0; i < COUNT(shapes); i++) {
        if (strcmp(shapes[i].tree, name) != 0)
            continue;
        same(name, root, "levels", cgroup.count, shapes[i].count);
        same(name, root, "the binding level", (uint64_t)headroom_judge(levels, cgroup.count),
             (uint64_t)shapes[i].binding);
    }
    cgroup_close(&cgroup);
}

static void the_nearest_limit_binds(void **unused)
{
    for (size_t i = 0; i < COUNT(shapes); i++)
        for_each_kernel(shapes[i].tree, check_binding);
}

/* ---- no chain ---- */

/* Nothing else but the reason is filled in. */
static void has_no_chain(const char *root, const char *why)
{
    struct cgroup cgroup;
    memset(&cgroup, 0xAA, sizeof cgroup);
    assert_false(cgroup_open(&cgroup, root));
    assert_string_equal(cgroup.why, why);
    assert_int_equal(cgroup.count, 0);
    cgroup_close(&cgroup);
}

static void composed_without_a_chain(void **unused)
{
    has_no_chain(data_path("no-mount"), "no cgroup file system with the memory controller is mounted");
    has_no_chain(data_path("no-files"), "the memory controller's files are not there");
    has_no_chain(data_path("no-mountinfo"), "/proc/self/mountinfo cannot be read");
    has_no_chain(data_path("no-files/sys"), "/proc/self/cgroup cannot be read");
}

static void check_root(const char *name, const char *root)
{
    has_no_chain(root, "the memory controller's files are not there");
}

/* A process that was put into a sibling of its namespace's root, and one whose namespace is younger than its mounts. */
static void check_outside(const char *name, const char *root)
{
    has_no_chain(root, "the own cgroup is not below what is mounted of the hierarchy");
}

static void recorded_without_a_chain(void **unused)
{
    for_each_kernel("root", check_root);
    for_each_kernel("moved", check_outside);
    for_each_kernel("unshared", check_outside);
}

static void a_process_that_was_moved_is_noticed(void **unused)
{
    static struct cgroup cgroup;
    assert_true(cgroup_open(&cgroup, unpack("6.1/kubernetes")));
    assert_false(cgroup_moved(&cgroup, "/nonexistent")); /* no news is no move */
    remove_unpacked();
    assert_false(cgroup_moved(&cgroup, unpack("6.1/kubernetes-bind"))); /* the same path */
    remove_unpacked();
    assert_true(cgroup_moved(&cgroup, unpack("6.1/docker")));
    remove_unpacked();
    cgroup_close(&cgroup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_trees),
        cmocka_unit_test(composed_trees),
        cmocka_unit_test(numbers_are_those_of_the_recipe),
        cmocka_unit_test(the_nearest_limit_binds),
        cmocka_unit_test(recorded_without_a_chain),
        cmocka_unit_test(composed_without_a_chain),
        cmocka_unit_test(a_process_that_was_moved_is_noticed),
    };
    return cmocka_run_group_tests_name("shim_cgroup_trees", tests, NULL, NULL);
}
