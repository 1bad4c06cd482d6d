/* SPDX-License-Identifier: MIT */
/* refusal: what a scan found granted and untouched is held against a request; what moved while it looked is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "conduct/binding.h"
#include "conduct/flight.h"
#include "conduct/refusal.h"
#include "fresh_journal.h"

#define MIB (UINT64_C(1) << 20)

/* A limit with 90 MiB of headroom, whatever this program does, and one site. */
static int begin(void **unused)
{
    const struct lw_level level = {.kind = LW_LEVEL_USER, .limit_bytes = 160 * MIB, .headroom_bytes = 90 * MIB};
    fresh(unused);
    flight.journal = journal;
    flight.residency.page_bytes = 4096;
    flight.options.verbose = 0;
    journal_next(journal_section(&flight.journal, LW_SECTION_SITES));
    journal_publish(journal_section(&flight.journal, LW_SECTION_SITES));
    binding_set(&level, NULL);
    refusal_arm(2 * MIB);
    return 0;
}

static int end(void **unused)
{
    refusal_disarm();
    binding_drop();
    return done(unused);
}

static bool refuses(uint64_t bytes)
{
    bool refused = refusal_of(bytes);
    if (!refused)
        refusal_recorded(bytes);
    return refused;
}

static void own(uint64_t bytes)
{
    flight.journal.sites[0].exact_bytes = bytes;
}

static void touch(uint64_t bytes)
{
    unsigned char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    assert_int_equal(madvise(memory, bytes, MADV_NOHUGEPAGE), 0);
    for (uint64_t i = 0; i < bytes; i += 4096)
        ((volatile unsigned char *)memory)[i] = 1;
    assert_int_equal(munmap(memory, bytes), 0);
}

static void what_nobody_touched_is_held_against_a_request(void **unused)
{
    own(60 * MIB);
    refusal_begin_scan();
    refusal_settle(60 * MIB);
    assert_true(refuses(40 * MIB));
    assert_false(refuses(20 * MIB));
    own(20 * MIB); /* given back since */
    assert_false(refuses(40 * MIB));
    own(80 * MIB); /* granted since */
    assert_true(refuses(20 * MIB));
}

static void what_was_touched_during_the_scan_is_not(void **unused)
{
    own(60 * MIB);
    refusal_begin_scan();
    touch(40 * MIB);
    refusal_settle(60 * MIB);
    assert_false(refuses(40 * MIB));
    assert_true(refuses(80 * MIB));
}

static void what_was_freed_during_the_scan_is_not(void **unused)
{
    own(60 * MIB);
    refusal_begin_scan();
    own(20 * MIB);
    refusal_settle(60 * MIB);
    assert_false(refuses(40 * MIB));
    assert_true(refuses(80 * MIB));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_nobody_touched_is_held_against_a_request, begin, end),
        cmocka_unit_test_setup_teardown(what_was_touched_during_the_scan_is_not, begin, end),
        cmocka_unit_test_setup_teardown(what_was_freed_during_the_scan_is_not, begin, end),
    };
    return cmocka_run_group_tests_name("shim_refusal", tests, NULL, NULL);
}
