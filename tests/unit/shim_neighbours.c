/* SPDX-License-Identifier: MIT */
/* neighbours: the parser of /proc/PID/stat, the kernel's choice of a victim, and a look at real processes. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "observe/neighbours.h"
#include "store/journal.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define MIB          (UINT64_C(1) << 20)

static void parses_stat(void **unused)
{
    static const struct {
        const char *stat;
        bool good;
        uint32_t pid, ppid;
        uint64_t start, rss;
        const char *name;
    } rows[] = {
        {"4711 (python3) S 4700 1 1 0 -1 4194304 8216 0 0 0 0 2 0 0 20 0 2 0 154469 140402688 9389 1 2", true, 4711,
         4700, 154469, 9389 * 4096, "python3"},
        {"12 (a) (b) x) R 1 1 1 0 -1 0 0 0 0 0 0 2 0 0 20 0 2 0 77 1 3 1", true, 12, 1, 77, 3 * 4096, "a) (b) x"},
        {"12 (0123456789abcdefgh) R 1 1 1 0 -1 0 0 0 0 0 0 2 0 0 20 0 2 0 77 1 3 1", true, 12, 1, 77, 3 * 4096,
         "0123456789abcde"},
        {"12 (gone) Z 1 1 1 0 -1 0 0 0 0 0 0 2 0 0 20 0 2 0 77 0 3 1", false, 0, 0, 0, 0, ""},
        {"12 (kthread) S 2 0 0 0 -1 0 0 0 0 0 0 2 0 0 20 0 2 0 77 0 0 1", false, 0, 0, 0, 0, ""},
        {"12 (cut) S 2 0 0", false, 0, 0, 0, 0, ""},
        {"", false, 0, 0, 0, 0, ""},
        {")(", false, 0, 0, 0, 0, ""},
        {"x (y) S", false, 0, 0, 0, 0, ""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct lw_neighbour record = {0};
        assert_int_equal(neighbours_parse_stat(rows[i].stat, 4096, &record), rows[i].good);
        if (!rows[i].good)
            continue;
        assert_int_equal(record.pid, rows[i].pid);
        assert_int_equal(record.ppid, rows[i].ppid);
        assert_int_equal(record.start_ticks, rows[i].start);
        assert_int_equal(record.rss_bytes, rows[i].rss);
        assert_string_equal(record.name, rows[i].name);
    }
}

static void badness_is_the_kernels(void **unused)
{
    assert_int_equal(neighbours_badness(100 * MIB, 0, 256 * MIB), 100 * MIB);
    assert_int_equal(neighbours_badness(100 * MIB, -1000, 256 * MIB), 0);
    assert_int_equal(neighbours_badness(100 * MIB, -999, 256 * MIB), 1);
    assert_true(neighbours_badness(10 * MIB, 500, 256 * MIB) > 130 * MIB);
    assert_true(neighbours_badness(100 * MIB, -100, 256 * MIB) < 80 * MIB);
}

static void the_worst_is_alive(void **unused)
{
    static struct neighbours neighbours;
    assert_null(neighbours_worst(&neighbours, 256 * MIB));
    neighbours.count = 3;
    neighbours.items[0].record = (struct lw_neighbour){.pid = 1, .rss_bytes = 90 * MIB, .gone_ns = 5};
    neighbours.items[1].record = (struct lw_neighbour){.pid = 2, .rss_bytes = 50 * MIB};
    neighbours.items[2].record = (struct lw_neighbour){.pid = 3, .rss_bytes = 60 * MIB};
    assert_int_equal(neighbours_worst(&neighbours, 256 * MIB)->record.pid, 3);
    neighbours.items[2].score_adj = -1000;
    assert_int_equal(neighbours_worst(&neighbours, 256 * MIB)->record.pid, 2);
}

static const struct neighbour *with_pid(const struct neighbours *neighbours, pid_t pid)
{
    for (uint32_t i = 0; i < neighbours->count; i++)
        if (neighbours->items[i].record.pid == (uint32_t)pid)
            return &neighbours->items[i];
    return NULL;
}

/* Holds a few MiB: the kernel's count of a smaller one may read 0. It is there when this returns, and does not last. */
static pid_t child_that_waits(void)
{
    enum { BYTES = 8 << 20 };
    char byte;
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        char *volatile memory = malloc(BYTES);
        memset(memory, 1, BYTES);
        close(1); /* whoever reads the results does not wait for us */
        close(2);
        if (write(ready[1], memory, 1) == 1)
            pause();
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* A cgroup's folder with one below it, as the kernel shows them; the second pid lives in the lower one. */
static void write_group(const char *top, pid_t first, pid_t second, unsigned kills)
{
    char path[200], lower[120];
    snprintf(lower, sizeof lower, "%s/lower", top);
    mkdir(lower, 0700);
    const struct {
        const char *directory, *file;
        long a, b;
    } files[] = {{top, "cgroup.procs", first, getpid()}, {lower, "cgroup.procs", 0, second}};
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", files[i].directory, files[i].file);
        FILE *file = fopen(path, "we");
        assert_non_null(file);
        fprintf(file, "%ld\n%ld\n", files[i].a, files[i].b); /* 0: outside of this pid namespace */
        fclose(file);
    }
    snprintf(path, sizeof path, "%s/memory.oom_control", lower);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "oom_kill_disable 0\nunder_oom 0\noom_kill %u\n", kills);
    fclose(file);
}

static void remove_group(const char *top)
{
    static const char *const names[] = {"lower/cgroup.procs", "lower/memory.oom_control", "cgroup.procs"};
    char path[200];
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", top, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/lower", top);
    rmdir(path);
    rmdir(top);
}

static void look(struct neighbours *neighbours, const char *directory, uint64_t now_ns, bool keep_gone, uint32_t flag)
{
    neighbours_look(neighbours, directory, now_ns);
    neighbours_settle(neighbours, now_ns, keep_gone, flag);
}

static void looks_at_real_processes(void **unused)
{
    static struct neighbours neighbours;
    char top[] = "/tmp/lastwords-group.XXXXXX";
    pid_t child = child_that_waits(), other = child_that_waits();

    assert_non_null(mkdtemp(top));
    write_group(top, child, other, 3);
    look(&neighbours, top, 1000, false, 0);
    assert_int_equal(neighbours.count, 2);
    assert_int_equal(neighbours.kills, 3);
    const struct neighbour *found = with_pid(&neighbours, other);
    assert_non_null(found);
    assert_int_equal(found->record.flags, LW_NEIGHBOUR_CHILD);
    assert_int_equal(found->record.ppid, getpid());
    assert_int_equal(found->record.first_ns, 1000);
    assert_true(found->record.rss_bytes > 0 && found->record.first_rss_bytes == found->record.rss_bytes);
    assert_true(neighbours.all_bytes > found->record.rss_bytes);

    end(other);
    look(&neighbours, top, 2000, true, LW_NEIGHBOUR_KILLED);
    found = with_pid(&neighbours, other);
    assert_non_null(found);
    assert_int_equal(found->record.gone_ns, 2000);
    assert_true(found->record.flags & LW_NEIGHBOUR_KILLED);
    assert_int_equal(neighbours.listed, 1);

    end(child);
    look(&neighbours, top, 3000, false, 0);
    assert_null(with_pid(&neighbours, child));     /* nobody asked to keep it */
    assert_non_null(with_pid(&neighbours, other)); /* once gone, it stays */
    remove_group(top);
}

static void the_whole_machine_can_be_looked_at(void **unused)
{
    static struct neighbours neighbours;
    look(&neighbours, "", 1000, false, 0);
    assert_true(neighbours.count > 0);
    assert_null(with_pid(&neighbours, getpid()));
}

static void a_directory_that_is_not_there(void **unused)
{
    static struct neighbours neighbours;
    look(&neighbours, "/nonexistent/cgroup", 1, false, 0);
    assert_int_equal(neighbours.count, 0);
    assert_int_equal(neighbours.listed, 0);
}

static void write_procs(const char *directory, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/cgroup.procs", directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void alone_is_one_line_and_no_group_below(void **unused)
{
    char directory[] = "/tmp/lastwords-neighbours.XXXXXX", below[64];
    struct stat found;
    assert_non_null(mkdtemp(directory));
    assert_false(neighbours_alone(directory)); /* nothing to read */
    write_procs(directory, "4711\n");
    assert_int_equal(stat(directory, &found), 0);
    assert_int_equal(neighbours_alone(directory), found.st_nlink == 2);
    write_procs(directory, "0\n"); /* as another pid namespace sees it */
    assert_int_equal(neighbours_alone(directory), found.st_nlink == 2);
    write_procs(directory, "4711\n4712\n");
    assert_false(neighbours_alone(directory));
    write_procs(directory, "");
    assert_false(neighbours_alone(directory));
    write_procs(directory, "4711\n");
    snprintf(below, sizeof below, "%s/below", directory);
    assert_int_equal(mkdir(below, 0700), 0);
    assert_false(neighbours_alone(directory));
    assert_false(neighbours_alone("/nowhere"));
    rmdir(below);
    snprintf(below, sizeof below, "%s/cgroup.procs", directory);
    unlink(below);
    rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_is_one_line_and_no_group_below),
        cmocka_unit_test(parses_stat),
        cmocka_unit_test(badness_is_the_kernels),
        cmocka_unit_test(the_worst_is_alive),
        cmocka_unit_test(looks_at_real_processes),
        cmocka_unit_test(the_whole_machine_can_be_looked_at),
        cmocka_unit_test(a_directory_that_is_not_there),
    };
    return cmocka_run_group_tests_name("shim_neighbours", tests, NULL, NULL);
}
