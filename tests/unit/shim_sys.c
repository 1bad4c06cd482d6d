/* SPDX-License-Identifier: MIT */
/* sys: descriptors of ours, and what the program does with their numbers; fence: forks and those who must stay out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ground/fence.h"
#include "ground/sys.h"

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void ours_are_high_and_known(void **unused)
{
    unsigned first;
    int fd = sys_open("/dev/null", O_RDONLY, 0);
    assert_true(fd >= SYS_FIRST_FD);
    assert_true(sys_is_ours(fd));
    assert_true(sys_first_ours(3, UINT32_MAX, &first));
    assert_int_equal(first, fd);
    assert_false(sys_first_ours((unsigned)fd + 1, UINT32_MAX, &first));
    assert_false(sys_first_ours(0, SYS_FIRST_FD - 1, &first));
    sys_close(fd);
    assert_false(sys_is_ours(fd));
    assert_false(is_open(fd));
}

static unsigned lines_of(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* The numbers in them move, the rows do not. */
static void what_comes_in_one_piece_is_whole(void **unused)
{
    static const char *const paths[] = {"/proc/thread-self/status", "/proc/self/stat", "/proc/thread-self/statm",
                                        "/proc/meminfo"};
    char piece[4096], whole[4096], cut[8];
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_true(sys_read_piece(paths[i], piece, sizeof piece) > 0);
        assert_true(sys_read_file(paths[i], whole, sizeof whole) > 0);
        assert_int_equal(lines_of(piece), lines_of(whole));
        assert_int_equal(piece[strlen(piece) - 1], '\n');
    }
    assert_int_equal(sys_read_piece("/proc/meminfo", cut, sizeof cut), 7);
    assert_string_equal(cut, "MemTota");
    assert_int_equal(sys_read_piece("/nowhere", piece, sizeof piece), -ENOENT);
}

static void others_are_not(void **unused)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_false(sys_is_ours(fd));
    assert_false(sys_is_ours(-1));
    assert_false(sys_is_ours(100000));
    close(fd);
}

/* Closed and reused by system calls of its own: another file is there now. */
static void a_reused_number_is_left_alone(void **unused)
{
    int fd = sys_open("/dev/null", O_RDONLY, 0);
    int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    assert_int_equal(dup2(zero, fd), fd);
    sys_close(fd);
    assert_true(is_open(fd));
    close(fd);
    close(zero);
}

static void a_disowned_number_is_neither_read_nor_closed(void **unused)
{
    char byte;
    int fd = sys_open("/dev/zero", O_RDONLY, 0);
    assert_int_equal(sys_pread(fd, &byte, 1, 0), 1);
    sys_disown(fd);
    assert_int_equal(sys_pread(fd, &byte, 1, 0), -EBADF);
    sys_close(fd);
    assert_true(is_open(fd));
    close(fd);
    int again = sys_open("/dev/zero", O_RDONLY, 0); /* the number is ours once more */
    assert_int_equal(again, fd);
    assert_int_equal(sys_pread(again, &byte, 1, 0), 1);
    sys_close(again);
}

static void files_in_memory(void **unused)
{
    int memory = memfd_create("test", MFD_CLOEXEC), proc = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    assert_true(sys_in_memory(memory));
    assert_false(sys_in_memory(proc));
    assert_false(sys_in_memory(-1));
    close(memory);
    close(proc);
}

static void a_fork_keeps_others_out(void **unused)
{
    assert_true(fence_try());
    fence_leave();
    fence_fork_prepare();
    assert_false(fence_try());
    assert_false(fence_enter()); /* after a bounded time */
    fence_fork_parent();
    assert_true(fence_enter());
    fence_leave();
}

static volatile int inside, left_ns_later;

static void *stays_a_while(void *unused)
{
    assert_true(fence_enter());
    inside = 1;
    usleep(20000);
    left_ns_later = 1;
    fence_leave();
    return unused;
}

static void a_fork_waits_for_those_inside(void **unused)
{
    pthread_t thread;
    pthread_create(&thread, NULL, stays_a_while, NULL);
    while (!inside)
        usleep(100);
    fence_fork_prepare();
    assert_int_equal(left_ns_later, 1);
    fence_fork_parent();
    pthread_join(thread, NULL);
}

static void a_child_starts_afresh(void **unused)
{
    assert_true(fence_try()); /* somebody who is not in the child */
    fence_fork_prepare();     /* gives up waiting after a bounded time */
    assert_true(fence_fork_child());
    assert_false(fence_fork_child()); /* nobody is there any more */
    assert_true(fence_try());
    fence_leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ours_are_high_and_known),
        cmocka_unit_test(what_comes_in_one_piece_is_whole),
        cmocka_unit_test(others_are_not),
        cmocka_unit_test(a_reused_number_is_left_alone),
        cmocka_unit_test(a_disowned_number_is_neither_read_nor_closed),
        cmocka_unit_test(files_in_memory),
        cmocka_unit_test(a_fork_keeps_others_out),
        cmocka_unit_test(a_fork_waits_for_those_inside),
        cmocka_unit_test(a_child_starts_afresh),
    };
    return cmocka_run_group_tests_name("sys", tests, NULL, NULL);
}
