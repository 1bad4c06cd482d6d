/* SPDX-License-Identifier: MIT */
/* Many processes as one job: nothing counted twice, and who grew when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "judgement/job.h"
#include "load_profile.h"

#define NS_PER_S UINT64_C(1000000000)

/* A worker of the same program at one line, started `start_s` after the job, alive for five seconds. */
static struct make_journal *process(uint32_t pid, uint32_t ppid, uint64_t start_s, uint64_t anon_mib)
{
    struct make_journal *made = make_journal_new();
    struct lw_identity *identity = make_identity(made);
    struct lw_state *state = make_state(made);
    uint64_t line = make_python(made, "work", "/srv/job/pool.py", 7);

    identity->pid = pid;
    identity->ppid = ppid;
    identity->started_realtime_ns += start_s * NS_PER_S;
    identity->activation_anon_bytes = 0;
    make_site(made, make_stack(made, &line, 1), 30 * MAKE_MIB, 40 * MAKE_MIB, 0);
    state->anon_bytes = anon_mib * MAKE_MIB;
    state->file_bytes = 12 * MAKE_MIB;
    state->shmem_bytes = 64 * MAKE_MIB;
    state->rss_bytes = state->peak_rss_bytes = state->anon_bytes + 76 * MAKE_MIB;
    state->written_ns = 5 * NS_PER_S;
    make_header(made)->life = LW_LIFE_EXITED;
    make_header(made)->ended_ns = 5 * NS_PER_S;
    return made;
}

static struct make_journal *child(uint32_t pid, uint64_t inherited_mib, uint64_t own_mib)
{
    struct make_journal *made = process(pid, 100, 1, inherited_mib + own_mib);

    make_identity(made)->activation_anon_bytes = inherited_mib * MAKE_MIB;
    return made;
}

static void make(struct job *job, struct story *story, struct profile **profiles, size_t count)
{
    story_tell(profiles, count, story);
    job_make(job, story);
}

static void frees(struct job *job, struct profile **profiles, size_t count)
{
    job_free(job);
    for (size_t i = 0; i < count; i++)
        profile_free(profiles[i]);
}

static void counts_inherited_and_shared_memory_once(void **unused)
{
    struct profile *profiles[] = {load_made(process(100, 1, 0, 300), "parent"), load_made(child(101, 280, 50), "one"),
                                  load_made(child(102, 280, 35), "two")};
    struct story story;
    struct job job;

    make(&job, &story, profiles, 3);
    assert_int_equal(job.present, 3);
    assert_null(job.processes[0].fork);
    assert_ptr_equal(job.processes[1].fork, profiles[0]);
    assert_int_equal(job.processes[1].own_bytes, 50 * MAKE_MIB);
    assert_int_equal(job.processes[1].inherited_bytes, 280 * MAKE_MIB);
    assert_int_equal(job.own_bytes, 385 * MAKE_MIB);
    assert_int_equal(job.shared_bytes, 64 * MAKE_MIB);
    assert_int_equal(job.file_bytes, 12 * MAKE_MIB);
    assert_int_equal(job.resident_bytes, 461 * MAKE_MIB);
    assert_int_equal(job.inherited_bytes, 560 * MAKE_MIB);
    /* The same line in all of them. */
    assert_int_equal(job.line_count, 1);
    assert_int_equal(job.lines[0].processes, 3);
    assert_int_equal(job.lines[0].resident_bytes, 90 * MAKE_MIB);
    frees(&job, profiles, 3);
}

/* What its own sites hold is a child's own, whatever its size was when recording began. */
static void never_takes_from_a_child_what_it_obtained(void **unused)
{
    struct profile *profiles[] = {load_made(process(100, 1, 0, 300), "parent"), load_made(child(101, 300, 10), "one")};
    struct story story;
    struct job job;

    make(&job, &story, profiles, 2);
    assert_int_equal(job.processes[1].own_bytes, 30 * MAKE_MIB);
    assert_int_equal(job.processes[1].inherited_bytes, 280 * MAKE_MIB);
    frees(&job, profiles, 2);
}

static void knows_who_shares_nothing(void **unused)
{
    struct make_journal *other = child(101, 280, 50), *stranger = child(102, 280, 50), *host = child(103, 280, 50);
    struct story story;
    struct job job;

    snprintf(make_identity(other)->executable, 512, "/usr/bin/sort"); /* it is another program now */
    make_identity(stranger)->ppid = 1;
    snprintf(make_identity(host)->host, 64, "worker8.example"); /* the same numbers on another machine */
    struct profile *profiles[] = {load_made(process(100, 1, 0, 300), "parent"), load_made(other, "other"),
                                  load_made(stranger, "stranger"), load_made(host, "host")};
    make(&job, &story, profiles, 4);
    for (int i = 1; i < 4; i++) {
        assert_null(job.processes[i].fork);
        assert_int_equal(job.processes[i].own_bytes, 330 * MAKE_MIB);
    }
    frees(&job, profiles, 4);
}

static void adds_only_what_was_there_at_the_same_time(void **unused)
{
    struct profile *profiles[] = {load_made(process(100, 1, 10, 300), "now"),
                                  load_made(process(90, 1, 0, 200), "gone before"),
                                  load_made(process(110, 1, 20, 100), "came later")};
    struct story story;
    struct job job;

    make(&job, &story, profiles, 3);
    assert_int_equal(job.present, 1);
    assert_false(job.processes[1].present);
    assert_int_equal(job.own_bytes, 300 * MAKE_MIB);
    frees(&job, profiles, 3);
}

static void says_who_grew_when(void **unused)
{
    struct make_journal *late = process(101, 1, 2, 200);
    struct story story;
    struct job job;

    for (uint64_t i = 0; i < 10; i++)
        make_tick(late, i * 500, 0, (i < 6 ? 100 : i < 8 ? 200 : 150) * MAKE_MIB);
    struct profile *profiles[] = {load_made(process(100, 1, 0, 100), "a"), load_made(late, "b")};
    make(&job, &story, profiles, 2);
    assert_int_equal(job.processes[0].grew_bytes, 0);
    assert_int_equal(job.processes[1].grew_bytes, 100 * MAKE_MIB);
    assert_int_equal(job.processes[1].grew_from_ns, 4500 * NS_PER_S / 1000); /* of the job: it began 2 s later */
    assert_int_equal(job.processes[1].grew_to_ns, 5 * NS_PER_S);
    assert_int_equal(job.processes[1].peak_ns, 5 * NS_PER_S);
    frees(&job, profiles, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_inherited_and_shared_memory_once),
        cmocka_unit_test(never_takes_from_a_child_what_it_obtained),
        cmocka_unit_test(knows_who_shares_nothing),
        cmocka_unit_test(adds_only_what_was_there_at_the_same_time),
        cmocka_unit_test(says_who_grew_when),
    };

    return cmocka_run_group_tests_name("report_job", tests, NULL, NULL);
}
