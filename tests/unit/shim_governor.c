/* SPDX-License-Identifier: MIT */
/* governor: what samples and the stacks of mappings may cost. No limit is near in this program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conduct/flight.h"
#include "conduct/governor.h"

#define MS UINT64_C(1000000)

static int begin(void **unused)
{
    flight.options.sample.automatic = true;
    flight.sampling_ns = flight.large_sampling_ns = flight.ranges_ns = 0;
    flight.governed_ns = flight.governed_sampling_ns = flight.governed_large_ns = 0;
    governor_begin();
    governor_look(1000 * MS);
    return 0;
}

static void spend_all(void)
{
    flight.sampling_ns = flight.sampling_allowed_ns + 1;
}

static void who_spends_more_holds_back(void **unused)
{
    uint64_t before = flight.sample_interval_bytes, large = flight.large_interval_bytes;
    spend_all();
    governor_hold_back(false, flight.sampling_ns);
    assert_int_equal(flight.sample_interval_bytes, 2 * before);
    assert_int_equal(flight.large_interval_bytes, large);
    governor_hold_back(true, flight.sampling_ns);
    assert_int_equal(flight.large_interval_bytes, 2 * large);
    assert_true(flight.sampling_stop_ns > flight.sampling_ns); /* not again at once */
}

/* What has been saved up may be spent within a second; what is beyond it, and beyond what comes in, makes samples rarer. */
static void a_burst_is_there_to_be_spent(void **unused)
{
    uint64_t before = flight.sample_interval_bytes, large = flight.large_interval_bytes;
    uint64_t burst = flight.sampling_allowed_ns;
    flight.sampling_ns = burst / 8; /* in a fifth of a second: half as much again as comes in */
    governor_look(1200 * MS);
    assert_int_equal(flight.sample_interval_bytes, before);
    flight.sampling_ns += burst;
    governor_look(1400 * MS);
    assert_true(flight.sample_interval_bytes > before);
    assert_int_equal(flight.large_interval_bytes, large);
    flight.sampling_ns += burst; /* by large blocks, all of it */
    flight.large_sampling_ns += burst;
    governor_look(1600 * MS);
    assert_true(flight.large_interval_bytes > large);
}

static void a_given_interval_is_left_alone(void **unused)
{
    flight.options.sample.automatic = false;
    uint64_t before = flight.sample_interval_bytes;
    spend_all();
    governor_hold_back(false, flight.sampling_ns);
    assert_int_equal(flight.sample_interval_bytes, before);
    flight.ranges_ns = flight.ranges_allowed_ns + 1;
    assert_false(governor_spares_range(1 << 20));
    assert_false(governor_spares_range(16 << 10));
}

static void stacks_of_mappings_have_an_allowance_of_their_own(void **unused)
{
    uint64_t before = flight.sample_interval_bytes, allowed = flight.ranges_allowed_ns;
    assert_false(governor_spares_range(1 << 20));
    assert_true(governor_spares_range(16 << 10));
    flight.ranges_ns = allowed;
    assert_false(governor_spares_range(1 << 20));
    flight.ranges_ns = allowed + 1;
    assert_true(governor_spares_range(1 << 20));
    governor_look(1001 * MS); /* too early: it does nothing */
    assert_true(governor_spares_range(1 << 20));
    governor_look(2000 * MS);
    assert_false(governor_spares_range(1 << 20));
    assert_true(flight.sample_interval_bytes <= before); /* no sample has become rarer for it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(who_spends_more_holds_back, begin),
        cmocka_unit_test_setup(a_burst_is_there_to_be_spent, begin),
        cmocka_unit_test_setup(a_given_interval_is_left_alone, begin),
        cmocka_unit_test_setup(stacks_of_mappings_have_an_allowance_of_their_own, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
