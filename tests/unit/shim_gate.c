/* SPDX-License-Identifier: MIT */
/* gate: whoever closed it, and at whatever moment, somebody opens it again. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conduct/gate.h"
#include "conduct/ladder.h"
#include "conduct/look.h"
#include "ground/sys.h"

static int clear(void **unused)
{
    gate_reset();
    ladder_reset();
    look_reset();
    return 0;
}

static void open_nobody_has_reached_anything(void **unused)
{
    assert_false(gate_reached());
    gate_close();
    gate_open();
    assert_false(gate_reached());
}

/*
 * A toucher finds the margin; before it has closed the gate the report's signal stops it, which the watcher was making
 * anyway. It goes on when the report is made, and closes the gate behind everybody who was let go.
 */
static void *closes_late(void *unused)
{
    gate_close();
    return NULL;
}

static void closed_behind_a_report_it_is_opened(void **unused)
{
    pthread_t late;
    gate_close();
    gate_open();
    assert_int_equal(pthread_create(&late, NULL, closes_late, NULL), 0);
    pthread_join(late, NULL);
    assert_true(gate_reached());
    ladder_climb(sys_now_ns()); /* of this machine's memory enough is left: nothing is to be reported */
    assert_false(gate_reached());
    assert_false(ladder_is_reported());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(open_nobody_has_reached_anything, clear),
        cmocka_unit_test_setup(closed_behind_a_report_it_is_opened, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
