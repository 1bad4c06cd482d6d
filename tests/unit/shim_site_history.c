/* SPDX-License-Identifier: MIT */
/* site_history: growth over the last four scans, over a younger site's life, and not between scans that are too close.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "store/site_history.h"

#define SITES 3u
#define S     UINT64_C(1000000000)
#define MIB   (UINT64_C(1) << 20)

static struct arena arena;
static struct site_history history;
static struct lw_site sites[SITES];

static int before_each(void **unused)
{
    for (uint32_t i = 0; i < SITES; i++)
        sites[i] = (struct lw_site){.first_ns = S};
    if (!arena_open(&arena, 64u << 10))
        return -1;
    return site_history_open(&history, &arena, SITES) ? 0 : -1;
}

static int after_each(void **unused)
{
    arena_close(&arena);
    return 0;
}

static void scan(uint64_t now_ns, uint32_t site, uint64_t resident_bytes)
{
    site_history_begin(&history, now_ns);
    site_history_tell(&history, site, &sites[site], resident_bytes, 0);
    site_history_end(&history);
}

static void first_scan_tells_of_the_whole_life(void **unused)
{
    scan(3 * S, 0, 8 * MIB);
    assert_int_equal(sites[0].growth_bytes_per_s, 4 * MIB);
    assert_int_equal(sites[0].growth_run_bytes_per_s, 4 * MIB);
    assert_int_equal(sites[0].resident_bytes, 8 * MIB);
    assert_int_equal(sites[0].scanned_ns, 3 * S);
}

static void growth_is_of_the_last_scans(void **unused)
{
    for (uint64_t i = 0; i < 3; i++)
        scan((2 + i) * S, 0, 10 * MIB);
    scan(5 * S, 0, 13 * MIB); /* since the scan at 2 s */
    assert_int_equal(sites[0].growth_bytes_per_s, 1 * MIB);
    scan(6 * S, 0, 14 * MIB); /* the one at 2 s is the fourth back still */
    assert_int_equal(sites[0].growth_bytes_per_s, 1 * MIB);
    scan(7 * S, 0, 18 * MIB); /* since 3 s */
    assert_int_equal(sites[0].growth_bytes_per_s, 2 * MIB);
    for (uint64_t i = 0; i < 4; i++)
        scan((8 + i) * S, 0, 18 * MIB);
    assert_int_equal(sites[0].growth_bytes_per_s, 0);
    assert_int_equal(sites[0].growth_run_bytes_per_s, (int64_t)(18 * MIB * S / (10 * S)));
}

static void shrinking_is_growth_below_zero(void **unused)
{
    scan(2 * S, 0, 9 * MIB);
    scan(4 * S, 0, 5 * MIB);
    assert_int_equal(sites[0].growth_bytes_per_s, -2 * (int64_t)MIB);
    assert_int_equal(sites[0].peak_resident_bytes, 9 * MIB);
}

static void a_younger_site_began_with_nothing(void **unused)
{
    scan(2 * S, 0, 1 * MIB);
    scan(3 * S, 0, 1 * MIB);
    sites[1].first_ns = 4 * S;
    scan(6 * S, 1, 6 * MIB);
    assert_int_equal(sites[1].growth_bytes_per_s, 3 * MIB);
}

static void close_scans_are_told_but_not_kept(void **unused)
{
    scan(2 * S, 0, 10 * MIB);
    for (uint64_t i = 1; i <= 8; i++)
        scan(2 * S + i * S / 20, 0, 50 * MIB); /* eight, in less than half a second */
    assert_int_equal(sites[0].resident_bytes, 50 * MIB);
    scan(4 * S, 0, 12 * MIB); /* still since 2 s: the crowd has pushed nothing out, and is no beginning */
    assert_int_equal(sites[0].growth_bytes_per_s, 1 * MIB);
}

static void no_time_is_no_growth(void **unused)
{
    scan(S, 0, 7 * MIB);
    assert_int_equal(sites[0].growth_bytes_per_s, 0);
    assert_int_equal(sites[0].growth_run_bytes_per_s, 0);
}

static void sites_have_histories_of_their_own(void **unused)
{
    for (uint64_t i = 0; i < 4; i++) {
        site_history_begin(&history, (2 + i) * S);
        for (uint32_t site = 0; site < SITES; site++)
            site_history_tell(&history, site, &sites[site], site * i * MIB, site * MIB);
        site_history_end(&history);
    }
    for (uint32_t site = 0; site < SITES; site++) {
        assert_int_equal(sites[site].growth_bytes_per_s, site * MIB);
        assert_int_equal(sites[site].swapped_bytes, site * MIB);
    }
}

static void more_sites_than_there_is_memory_for(void **unused)
{
    struct site_history none;
    assert_false(site_history_open(&none, &arena, 1u << 20));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(first_scan_tells_of_the_whole_life, before_each, after_each),
        cmocka_unit_test_setup_teardown(growth_is_of_the_last_scans, before_each, after_each),
        cmocka_unit_test_setup_teardown(shrinking_is_growth_below_zero, before_each, after_each),
        cmocka_unit_test_setup_teardown(a_younger_site_began_with_nothing, before_each, after_each),
        cmocka_unit_test_setup_teardown(close_scans_are_told_but_not_kept, before_each, after_each),
        cmocka_unit_test_setup_teardown(no_time_is_no_growth, before_each, after_each),
        cmocka_unit_test_setup_teardown(sites_have_histories_of_their_own, before_each, after_each),
        cmocka_unit_test_setup_teardown(more_sites_than_there_is_memory_for, before_each, after_each),
    };
    return cmocka_run_group_tests_name("shim: site history", tests, NULL, NULL);
}
