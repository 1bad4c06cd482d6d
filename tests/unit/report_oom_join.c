/* SPDX-License-Identifier: MIT */
/* Which journal belongs to which kernel record; and what an oom_score_adj stands for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "commands/doctor_score.h"
#include "judgement/oom_join.h"
#include "judgement/verdict.h"
#include "load_profile.h"

#define SEC     UINT64_C(1000000000)
#define STARTED UINT64_C(1795267181) /* 2026-11-21 13:19:41 UTC; it lived for 100 s, from 1000 s after the boot on */

static struct oom_life life(void)
{
    return (struct oom_life){.pid = 4711,
                             .program = "python3.11",
                             .started_realtime_ns = STARTED * SEC,
                             .started_mono_ns = 1000 * SEC,
                             .lived_ns = 100 * SEC,
                             .slack_ns = 15 * SEC,
                             .rss_bytes = 100 << 20};
}

static struct kernel_stamp at(uint64_t monotonic_s, uint64_t realtime_s)
{
    return (struct kernel_stamp){.monotonic_us = monotonic_s ? monotonic_s * 1000000 : LW_UNKNOWN,
                                 .realtime_s = realtime_s ? realtime_s : LW_UNKNOWN,
                                 .has_year = true,
                                 .has_zone = true};
}

static void joins_by_pid_and_time(void **unused)
{
    static const struct {
        uint64_t monotonic_s, realtime_s;
        uint32_t pid;
        const char *name;
        bool same_boot, other_boot;
        enum oom_match match;
    } rows[] = {
        {0, STARTED + 50, 4711, "python3", false, false, OOM_MATCH_SURE},
        {0, STARTED + 110, 4711, "python3", false, false, OOM_MATCH_SURE},
        {0, STARTED + 130, 4711, "python3", false, false, OOM_MATCH_NONE},
        {0, STARTED - 10, 4711, "python3", false, false, OOM_MATCH_NONE},
        {0, STARTED + 50, 4712, "python3", false, false, OOM_MATCH_NONE},
        {0, STARTED + 50, 4711, "renamed", false, false, OOM_MATCH_PROBABLE},
        {1050, 0, 4711, "python3", true, false, OOM_MATCH_SURE},
        {1050, 0, 4711, "renamed", true, false, OOM_MATCH_SURE},
        {1050, 0, 4711, "python3", false, false, OOM_MATCH_PROBABLE},
        {1050, 0, 4711, "python3", false, true, OOM_MATCH_NONE},
        {1300, 0, 4711, "python3", true, false, OOM_MATCH_NONE},
        {900, 0, 4711, "python3", true, false, OOM_MATCH_NONE},
        {0, 0, 4711, "python3", false, false, OOM_MATCH_PROBABLE},
        {0, 0, 4711, "renamed", false, false, OOM_MATCH_NONE},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct oom_life tested = life();
        struct kernel_stamp stamp = at(rows[i].monotonic_s, rows[i].realtime_s);
        tested.same_boot = rows[i].same_boot;
        tested.other_boot = rows[i].other_boot;
        print_message("# row %zu\n", i);
        assert_int_equal(oom_match_pid(&stamp, rows[i].pid, rows[i].name, &tested), rows[i].match);
    }
}

static void reads_local_time_without_a_year(void **unused)
{
    struct oom_life tested = life();
    struct kernel_stamp stamp = {.monotonic_us = LW_UNKNOWN, .realtime_s = 324 * 86400 + 47981 + 50};

    assert_int_equal(oom_match_pid(&stamp, 4711, "python3", &tested), OOM_MATCH_SURE);
    stamp.realtime_s += 3600;
    assert_int_equal(oom_match_pid(&stamp, 4711, "python3", &tested), OOM_MATCH_NONE);
    tested.zone_s = 3600;
    assert_int_equal(oom_match_pid(&stamp, 4711, "python3", &tested), OOM_MATCH_SURE);
}

/* In a container the process has a number of its own. */
static void joins_by_name_time_and_size(void **unused)
{
    struct oom_life tested = life();
    struct oom_record record = {.stamp = at(0, STARTED + 101)};
    struct oom_victim victim = {.pid = 99, .name = "python3", .anon_bytes = 95 << 20, .file_bytes = 4 << 20};

    assert_int_equal(oom_match_victim(&record, &victim, &tested), OOM_MATCH_PROBABLE);
    victim.anon_bytes = 40 << 20;
    assert_int_equal(oom_match_victim(&record, &victim, &tested), OOM_MATCH_NONE);
    victim.anon_bytes = 95 << 20;
    record.stamp = at(0, STARTED + 40); /* it lived on after that */
    assert_int_equal(oom_match_victim(&record, &victim, &tested), OOM_MATCH_NONE);
    record.stamp = at(0, STARTED + 101);
    strcpy(victim.name, "java");
    assert_int_equal(oom_match_victim(&record, &victim, &tested), OOM_MATCH_NONE);
}

static void the_kernel_log_confirms(void **unused)
{
    struct make_journal *made = make_etl();
    make_header(made)->life = LW_LIFE_LIVE;
    struct profile *profile = load_made(made, "x.lw");
    const struct profile *alone[] = {profile};
    static struct verdict verdict;

    assert_int_equal(profile->end, PROFILE_GONE);
    verdict_decide(profile, alone, 1, &verdict);
    assert_int_not_equal(verdict.oom_kill, OOM_KILL_CONFIRMED);
    strcpy(profile->kernel_says, "the kernel log says so");
    verdict_decide(profile, alone, 1, &verdict);
    assert_int_equal(verdict.oom_kill, OOM_KILL_CONFIRMED);
    bool said = false;
    for (size_t i = 0; i < verdict.evidence_count; i++)
        said = said || strcmp(verdict.evidence[i], profile->kernel_says) == 0;
    assert_true(said);
    profile_free(profile);
}

static void names_the_class(void **unused)
{
    static const struct {
        int adj;
        uint64_t node_bytes;
        bool kubernetes;
        const char *says;
    } rows[] = {
        {-1000, 0, false, "never chosen"},
        {-999, 0, true, "kubelet"},
        {-998, 0, true, "Guaranteed, or a node-critical pod (-998"},
        {-997, 0, true, "Guaranteed, or a node-critical pod: "},
        {1000, 0, true, "BestEffort"},
        {999, UINT64_C(16) << 30, true, "Burstable, this container requests less than"},
        {985, UINT64_C(16) << 30, true,
         "Burstable, this container requests some 1.5 % of the node's memory, about 246 MiB of 16 GiB"},
        {500, LW_UNKNOWN, true, "some 50.0 % of the node's memory"},
        {3, UINT64_C(16) << 30, true, "nearly all"},
        {985, UINT64_C(16) << 30, false, "in Kubernetes that would be the QoS class Burstable"},
        {0, 0, true, "not set by the kubelet"},
        {-500, 0, false, "later"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[600];
        doctor_score_text(rows[i].adj, rows[i].node_bytes, rows[i].kubernetes, text, sizeof(text));
        if (!strstr(text, rows[i].says))
            fail_msg("%d: %s", rows[i].adj, text);
    }
    char plain[600];
    doctor_score_text(0, 0, false, plain, sizeof(plain));
    assert_string_equal(plain, "oom_score_adj 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_by_pid_and_time),
        cmocka_unit_test(reads_local_time_without_a_year),
        cmocka_unit_test(joins_by_name_time_and_size),
        cmocka_unit_test(the_kernel_log_confirms),
        cmocka_unit_test(names_the_class),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
