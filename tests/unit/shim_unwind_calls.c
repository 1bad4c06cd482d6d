/* SPDX-License-Identifier: MIT */
/* unwind_calls: signals are shut out for a walk and let in again, whatever the unwinder asks for meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>

#include "observe/unwind_calls.h"

static sigset_t mine;

static int prepare(void **unused)
{
    sigemptyset(&mine);
    sigaddset(&mine, SIGUSR2);
    return sigprocmask(SIG_SETMASK, &mine, NULL);
}

static sigset_t mask_now(void)
{
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    return now;
}

static bool is_shut_out(int signal)
{
    sigset_t now = mask_now();
    return sigismember(&now, signal) == 1;
}

static void are_as_before(void)
{
    assert_false(is_shut_out(SIGUSR1));
    assert_true(is_shut_out(SIGUSR2));
    assert_false(is_shut_out(SIGTERM));
}

/* As the unwinder does around each of its locks. */
static void lock_and_unlock(void)
{
    sigset_t saved;
    assert_int_equal(unwind_calls_mask(&saved), 0);
    assert_true(is_shut_out(SIGUSR1));
    assert_int_equal(sigismember(&saved, SIGUSR1), 0);
    assert_int_equal(sigismember(&saved, SIGUSR2), 1);
    assert_int_equal(unwind_calls_mask(NULL), 0);
}

static void shut_out_until_the_end(void **unused)
{
    for (int i = 0; i < 3; i++) {
        are_as_before();
        assert_true(unwind_calls_begin());
        assert_true(is_shut_out(SIGUSR1));
        lock_and_unlock();
        lock_and_unlock();
        assert_true(is_shut_out(SIGUSR1));
        unwind_calls_end();
    }
    are_as_before();
}

static void what_would_kill_comes_through(void **unused)
{
    static const int own_doing[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    assert_true(unwind_calls_begin());
    for (size_t i = 0; i < sizeof own_doing / sizeof own_doing[0]; i++)
        assert_false(is_shut_out(own_doing[i]));
    unwind_calls_end();
}

static void not_inside_twice(void **unused)
{
    assert_true(unwind_calls_begin());
    assert_false(unwind_calls_begin());
    unwind_calls_end();
    are_as_before();
}

static void only_of_the_library(void **unused)
{
    const void *here = (const void *)(uintptr_t)&only_of_the_library, *libc = (const void *)(uintptr_t)&sigfillset;
    unwind_calls_of(here);
    assert_false(unwind_calls_are(here)); /* no walk */
    assert_true(unwind_calls_begin());
    assert_true(unwind_calls_are(here));
    assert_false(unwind_calls_are(libc));
    unwind_calls_end();
    assert_false(unwind_calls_are(here));
}

#define TEST(name) cmocka_unit_test_setup(name, prepare)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(shut_out_until_the_end),
        TEST(what_would_kill_comes_through),
        TEST(not_inside_twice),
        TEST(only_of_the_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
