/* SPDX-License-Identifier: MIT */
/* copying: relief and copies keep out of each other's way, and neither waits for ever. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "conduct/copying.h"

#define LARGE ((size_t)64 << 20)

static uint32_t begun;

static void *copies_once(void *unused)
{
    bool copying = copying_begin(LARGE);
    __atomic_store_n(&begun, 1, __ATOMIC_RELEASE);
    copying_end(copying);
    return NULL;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void small_ones_do_not_count(void **unused)
{
    assert_false(copying_begin(100));
    assert_true(copying_hold_off());
    copying_resume();
}

static void no_relief_while_somebody_copies(void **unused)
{
    bool one = copying_begin(LARGE), another = copying_begin(LARGE);
    assert_true(one && another);
    assert_false(copying_hold_off());
    copying_end(one);
    assert_false(copying_hold_off());
    copying_end(another);
    assert_true(copying_hold_off());
    copying_resume();
}

static void a_copy_waits_for_the_relief(void **unused)
{
    pthread_t thread;
    begun = 0;
    assert_true(copying_hold_off());
    assert_int_equal(pthread_create(&thread, NULL, copies_once, NULL), 0);
    usleep(20000);
    assert_int_equal(__atomic_load_n(&begun, __ATOMIC_ACQUIRE), 0);
    copying_resume();
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(begun, 1);
    assert_true(copying_hold_off()); /* and nobody is left */
    copying_resume();
}

static void but_not_for_ever(void **unused)
{
    double from = now_s();
    assert_true(copying_hold_off());
    copying_end(copying_begin(LARGE));
    assert_true(now_s() - from >= 0.05);
    assert_true(copying_hold_off());
    copying_resume();
}

static void a_child_begins_anew(void **unused)
{
    assert_true(copying_begin(LARGE));
    copying_reset();
    assert_true(copying_hold_off());
    copying_reset();
    assert_true(copying_begin(LARGE));
    copying_end(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_ones_do_not_count),     cmocka_unit_test(no_relief_while_somebody_copies),
        cmocka_unit_test(a_copy_waits_for_the_relief), cmocka_unit_test(but_not_for_ever),
        cmocka_unit_test(a_child_begins_anew),
    };
    return cmocka_run_group_tests_name("shim_copying", tests, NULL, NULL);
}
