/* SPDX-License-Identifier: MIT */
/* neighbours: the parser of /proc/PID/stat, the kernel's choice of a victim, and a look at real processes. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
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

static pid_t child_that_waits(void)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
        pause();
        _exit(0);
    }
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

/* A busy machine may not be seen whole in the time that a look has. */
static void look_whole(struct neighbours *neighbours, uint64_t now_ns, bool keep_gone, uint32_t flag)
{
    for (int i = 0; i < 200; i++) {
        neighbours_look(neighbours, "", now_ns, keep_gone, flag);
        if (!neighbours->cut)
            return;
    }
    fail_msg("200 looks did not see every process");
}

static void looks_at_real_processes(void **unused)
{
    static struct neighbours neighbours;
    pid_t child = child_that_waits(), other = child_that_waits();

    look_whole(&neighbours, 1000, false, 0);
    const struct neighbour *found = with_pid(&neighbours, child);
    assert_non_null(found);
    assert_int_equal(found->record.flags, LW_NEIGHBOUR_CHILD);
    assert_int_equal(found->record.ppid, getpid());
    assert_int_equal(found->record.first_ns, 1000);
    assert_true(found->record.rss_bytes > 0 && found->record.first_rss_bytes == found->record.rss_bytes);
    assert_null(with_pid(&neighbours, getpid()));

    end(child);
    look_whole(&neighbours, 2000, true, LW_NEIGHBOUR_KILLED);
    found = with_pid(&neighbours, child);
    assert_non_null(found);
    assert_int_equal(found->record.gone_ns, 2000);
    assert_true(found->record.flags & LW_NEIGHBOUR_KILLED);

    end(other);
    look_whole(&neighbours, 3000, false, 0);
    assert_null(with_pid(&neighbours, other));     /* nobody asked to keep it */
    assert_non_null(with_pid(&neighbours, child)); /* once gone, it stays */
}

static void a_directory_that_is_not_there(void **unused)
{
    static struct neighbours neighbours;
    neighbours_look(&neighbours, "/nonexistent/cgroup", 1, false, 0);
    assert_int_equal(neighbours.count, 0);
    assert_int_equal(neighbours.listed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_stat),
        cmocka_unit_test(badness_is_the_kernels),
        cmocka_unit_test(the_worst_is_alive),
        cmocka_unit_test(looks_at_real_processes),
        cmocka_unit_test(a_directory_that_is_not_there),
    };
    return cmocka_run_group_tests_name("shim_neighbours", tests, NULL, NULL);
}
