/* SPDX-License-Identifier: MIT */
/* Evidence to cause: one small change to a synthetic journal a row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "judgement/story.h"
#include "load_profile.h"

static struct lw_level *level_of(struct make_journal *made)
{
    return &make_state(made)->levels[0];
}

/* ---- the rows ---- */

static struct make_journal *spike(void)
{
    struct make_journal *made = make_journal_new();
    uint64_t frame = make_python(made, "load", "/srv/job/transform.py", 6);

    make_level(made, LW_LEVEL_CGROUP_V2, "/batch/etl", 512 * MAKE_MIB, 505 * MAKE_MIB, 0);
    make_state(made)->rss_bytes = 500 * MAKE_MIB;
    make_state(made)->stage = LW_STAGE_MARGIN;
    make_site(made, make_stack(made, &frame, 1), 400 * MAKE_MIB, 400 * MAKE_MIB, 0);
    for (uint64_t i = 0; i < 20; i++)
        make_tick(made, 500 * i, 60 * MAKE_MIB, 50 * MAKE_MIB);
    make_tick(made, 10000, 505 * MAKE_MIB, 500 * MAKE_MIB);
    make_outcome(made, -1, 9, 1);
    return made;
}

static struct make_journal *slack(void)
{
    struct make_journal *made = make_leak();

    make_other(made, LW_OTHER_SLACK, 200 * MAKE_MIB);
    return made;
}

static struct make_journal *own_shared(void)
{
    struct make_journal *made = make_leak();

    make_state(made)->shmem_bytes = 200 * MAKE_MIB;
    return made;
}

static struct make_journal *tmpfs(void)
{
    struct make_journal *made = make_sibling();

    level_of(made)->shmem_bytes = 890 * MAKE_MIB;
    level_of(made)->anon_bytes = 105 * MAKE_MIB;
    return made;
}

static struct make_journal *kernel(void)
{
    struct make_journal *made = make_sibling();

    level_of(made)->kernel_bytes = 800 * MAKE_MIB;
    return made;
}

static struct make_journal *dirty(void)
{
    struct make_journal *made = make_sibling();

    level_of(made)->file_bytes = 890 * MAKE_MIB;
    return made;
}

static struct make_journal *host(void)
{
    struct make_journal *made = make_sibling();

    level_of(made)->kind = LW_LEVEL_HOST;
    return made;
}

static struct make_journal *swap(void)
{
    struct make_journal *made = make_leak();

    level_of(made)->swap_limit_bytes = 100 * MAKE_MIB;
    level_of(made)->swap_used_bytes = 99 * MAKE_MIB;
    return made;
}

static struct make_journal *refused(void)
{
    struct make_journal *made = make_journal_new();

    make_header(made)->life = LW_LIFE_EXITED;
    make_header(made)->exit_code = 1;
    make_state(made)->refused_count = 2;
    make_state(made)->refused_bytes = 1 << 30;
    return made;
}

static struct make_journal *aborted_far_away(void)
{
    struct make_journal *made = make_journal_new();

    make_level(made, LW_LEVEL_CGROUP_V2, "/a", 4096 * MAKE_MIB, 100 * MAKE_MIB, 0);
    make_outcome(made, -1, 11, 2);
    return made;
}

static struct make_journal *gone_near(void)
{
    struct make_journal *made = make_journal_new();
    uint64_t frame = make_python(made, "load", "/srv/job/transform.py", 6);

    make_level(made, LW_LEVEL_CGROUP_V2, "/a", 512 * MAKE_MIB, 508 * MAKE_MIB, 0);
    make_state(made)->rss_bytes = 500 * MAKE_MIB;
    make_site(made, make_stack(made, &frame, 1), 400 * MAKE_MIB, 400 * MAKE_MIB, 1000000);
    return made;
}

static struct make_journal *gone_far(void)
{
    struct make_journal *made = make_journal_new();

    make_level(made, LW_LEVEL_CGROUP_V2, "/a", 4096 * MAKE_MIB, 100 * MAKE_MIB, 0);
    return made;
}

static struct make_journal *gone_between(void)
{
    struct make_journal *made = make_journal_new();

    make_level(made, LW_LEVEL_CGROUP_V2, "/a", 512 * MAKE_MIB, 420 * MAKE_MIB, 0);
    return made;
}

static struct make_journal *gone_counter_rose(void)
{
    struct make_journal *made = gone_near();

    level_of(made)->oom_kills = 3;
    level_of(made)->oom_kills_start = 2;
    return made;
}

static struct make_journal *no_state(void)
{
    struct make_journal *made = make_leak();

    make_no_state(made);
    return made;
}

static struct make_journal *unseen_counter_still(void)
{
    struct make_journal *made = gone_near();

    make_outcome(made, -1, 0, 2);
    return made;
}

static struct make_journal *own_limit(void)
{
    struct make_journal *made = make_etl();

    make_level(made, LW_LEVEL_USER, "", 501 * MAKE_MIB, 500 * MAKE_MIB, 0);
    return made;
}

static struct make_journal *killed_near_own_limit(void)
{
    struct make_journal *made = gone_far();

    make_level(made, LW_LEVEL_USER, "", 101 * MAKE_MIB, 100 * MAKE_MIB, 0);
    make_state(made)->stage = LW_STAGE_WARN;
    return made;
}

static const struct {
    const char *name;
    struct make_journal *(*make)(void);
    enum verdict_cause cause;
    enum verdict_oom_kill oom_kill;
    const char *title;
} rows[] = {
    {"etl", make_etl, CAUSE_SITE_GROWTH, OOM_KILL_NO, "was about to be OOM-killed"},
    {"leak", make_leak, CAUSE_SITE_GROWTH, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"calm", make_calm, CAUSE_NOT_MEMORY, OOM_KILL_NO, "was killed by SIGKILL, and not for memory"},
    {"sibling", make_sibling, CAUSE_SIBLING, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"spike", spike, CAUSE_SITE_SPIKE, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"slack", slack, CAUSE_ALLOCATOR_SLACK, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"own shared", own_shared, CAUSE_SHARED_MEMORY, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"tmpfs", tmpfs, CAUSE_SHARED_MEMORY, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"kernel", kernel, CAUSE_KERNEL_MEMORY, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"dirty", dirty, CAUSE_PAGE_CACHE, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"host", host, CAUSE_HOST_MEMORY, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"swap", swap, CAUSE_SWAP_EXHAUSTED, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"refused", refused, CAUSE_ALLOCATION_REFUSED, OOM_KILL_NO, "was refused memory and ended with exit code 1"},
    {"segfault", aborted_far_away, CAUSE_NOT_MEMORY, OOM_KILL_NO, "was ended by signal 11 (Segmentation fault)"},
    {"gone near", gone_near, CAUSE_SITE_GROWTH, OOM_KILL_LIKELY, "was probably OOM-killed"},
    {"gone far", gone_far, CAUSE_NOT_MEMORY, OOM_KILL_NO, "died, and not for memory"},
    {"gone between", gone_between, CAUSE_UNKNOWN, OOM_KILL_UNKNOWN, "died, nobody saw how"},
    {"gone, counter rose", gone_counter_rose, CAUSE_SITE_GROWTH, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"own limit", own_limit, CAUSE_SITE_GROWTH, OOM_KILL_NO, "reached the limit that it was given, and was ended"},
    {"killed near limit=", killed_near_own_limit, CAUSE_NOT_MEMORY, OOM_KILL_NO, "died, and not for memory"},
    {"no state", no_state, CAUSE_UNKNOWN, OOM_KILL_CONFIRMED, "was OOM-killed"},
    {"unseen, counter still", unseen_counter_still, CAUSE_NOT_MEMORY, OOM_KILL_NO, "died, and not for memory"},
};

static void decides_every_row(void **unused)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct profile *profile = load_made(rows[i].make(), "row.lw");
        struct story story;
        char title[200];
        story_tell(&profile, 1, &story);
        verdict_title(profile, &story.verdict, title, sizeof(title));
        if (story.verdict.cause != rows[i].cause || story.verdict.oom_kill != rows[i].oom_kill ||
            strcmp(title, rows[i].title) != 0)
            fail_msg("%s: %s, %s, '%s': %s", rows[i].name, verdict_cause_name(story.verdict.cause),
                     verdict_oom_kill_name(story.verdict.oom_kill), title, story.verdict.sentence);
        assert_true(story.verdict.sentence[0]);
        assert_true(story.verdict.confidence >= 0 && story.verdict.confidence <= 1);
        profile_free(profile);
    }
}

static void a_good_end_needs_no_cause(void **unused)
{
    struct make_journal *made = make_journal_new();

    make_header(made)->life = LW_LIFE_EXITED;
    struct profile *profile = load_made(made, "well.lw");
    struct story story;
    story_tell(&profile, 1, &story);
    assert_int_equal(story.verdict.cause, CAUSE_NONE);
    assert_int_equal(story.advice_count, 0);
    assert_false(merge_incident(profile));
    profile_free(profile);
}

static void names_the_sibling_when_it_left_a_journal(void **unused)
{
    struct make_journal *other = make_etl();

    make_identity(other)->pid = 4712;
    make_state(other)->rss_bytes = 880 * MAKE_MIB;
    struct profile *both[] = {load_made(make_sibling(), "a.lw"), load_made(other, "b.lw")};
    struct story story;
    story_tell(both, 2, &story);
    assert_int_equal(story.verdict.cause, CAUSE_SIBLING);
    assert_non_null(strstr(story.verdict.sentence, "(python3, pid 4712, 880 MiB"));
    profile_free(both[0]);
    profile_free(both[1]);
}

static void a_child_is_called_a_child(void **unused)
{
    struct make_journal *other = make_etl();

    make_identity(other)->ppid = 4711;
    make_state(other)->rss_bytes = 880 * MAKE_MIB;
    struct profile *both[] = {load_made(make_sibling(), "a.lw"), load_made(other, "b.lw")};
    struct story story;
    story_tell(both, 2, &story);
    assert_int_equal(story.verdict.cause, CAUSE_CHILD);
    profile_free(both[0]);
    profile_free(both[1]);
}

static void a_neighbour_needs_no_journal(void **unused)
{
    struct make_journal *made = make_sibling();
    struct story story;

    make_neighbour(made, 4711 + 2, "steady", 300 * MAKE_MIB, 300 * MAKE_MIB);
    make_neighbour(made, 4711 + 1, "grower", 10 * MAKE_MIB, 600 * MAKE_MIB);
    struct profile *profile = load_made(made, "a.lw");
    story_tell(&profile, 1, &story);
    assert_int_equal(story.verdict.cause, CAUSE_SIBLING);
    assert_int_equal(story.verdict.culprit.pid, 4712);
    assert_non_null(strstr(story.verdict.sentence, "grower, pid 4712, 600 MiB, 590 MiB more than when it was seen"));
    assert_non_null(strstr(story.advices[0].text, "look at grower (pid 4712) instead; it left no journal"));
    profile_free(profile);
}

/* Large and steady: what the other one added is what filled the limit. */
static void the_large_can_be_innocent(void **unused)
{
    struct make_journal *made = make_sibling();
    struct story story;

    make_state(made)->rss_bytes = 600 * MAKE_MIB;
    make_neighbour(made, 4712, "grower", 10 * MAKE_MIB, 390 * MAKE_MIB)->flags = LW_NEIGHBOUR_CHILD;
    struct profile *profile = load_made(made, "a.lw");
    story_tell(&profile, 1, &story);
    assert_int_equal(story.verdict.cause, CAUSE_CHILD);
    profile_free(profile);
}

/* A pool: three that have just begun, one that grew three times as much as each of them. */
static void the_grower_of_a_pool_stands_out(void **unused)
{
    static const struct {
        uint64_t rss, others_first, others_now, came_after;
        enum verdict_cause cause;
    } pools[] = {
        {400, 100, 210, 200, CAUSE_SITE_SPIKE},
        {400, 10, 210, 200, CAUSE_SIBLING},  /* they grew more than half as much, each, and were the last to grow */
        {400, 10, 210, 0, CAUSE_SITE_SPIKE}, /* the same, but it was the last */
        {300, 10, 210, 0, CAUSE_SIBLING},    /* the last, but they grew more, each */
        {205, 170, 210, 0, CAUSE_SIBLING},   /* it is not the largest */
        {400, 10, 60, 0, CAUSE_SIBLING},     /* most of what others hold is of nobody who was seen */
    };
    for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
        struct make_journal *made = make_sibling();
        struct verdict verdict;
        make_tick(made, 5100, 1020 * MAKE_MIB, pools[i].rss * MAKE_MIB); /* from 110 MiB */
        make_tick(made, 5300, (1020 + pools[i].came_after) * MAKE_MIB, pools[i].rss * MAKE_MIB);
        make_state(made)->rss_bytes = pools[i].rss * MAKE_MIB;
        for (uint32_t other = 0; other < 3; other++)
            make_neighbour(made, 4712 + other, "worker", pools[i].others_first * MAKE_MIB,
                           pools[i].others_now * MAKE_MIB);
        struct profile *profile = load_made(made, "a.lw");
        verdict_decide(profile, NULL, 0, &verdict);
        assert_int_equal(verdict.cause, pools[i].cause);
        profile_free(profile);
    }
}

/* Readings that do not add up, and nobody else was there: it was us. */
static void alone_there_is_no_sibling(void **unused)
{
    struct make_journal *made = make_sibling();
    struct verdict verdict;

    make_neighbour(made, 4712, "sh", 1 * MAKE_MIB, 1 * MAKE_MIB);
    struct profile *profile = load_made(made, "a.lw");
    verdict_decide(profile, NULL, 0, &verdict);
    assert_int_equal(verdict.cause, CAUSE_SITE_GROWTH);
    profile_free(profile);
}

static struct make_journal *survivor(int exit_code)
{
    struct make_journal *made = make_calm();
    struct lw_neighbour *victim = make_neighbour(made, 4712, "worker", 40 * MAKE_MIB, 190 * MAKE_MIB);

    make_header(made)->life = LW_LIFE_EXITED;
    make_header(made)->exit_code = exit_code;
    make_state(made)->worst_stage = LW_STAGE_MARGIN;
    victim->gone_ns = 4800000000;
    victim->rss_bytes = 170 * MAKE_MIB; /* as it was on its way out */
    victim->flags = LW_NEIGHBOUR_KILLED;
    return made;
}

static void survivors_name_the_victim(void **unused)
{
    for (int exit_code = 0; exit_code < 2; exit_code++) {
        struct profile *profile = load_made(survivor(exit_code), "a.lw");
        struct story story;
        char title[200];
        profile->has_outcome = false; /* make_calm has one */
        profile->exit_code = exit_code;
        story_tell(&profile, 1, &story);
        verdict_title(profile, &story.verdict, title, sizeof(title));
        assert_int_equal(story.verdict.cause, CAUSE_SIBLING);
        assert_int_equal(story.verdict.by_memory, exit_code != 0);
        assert_string_equal(title, exit_code ? "ended with exit code 1" : "ended well");
        assert_non_null(strstr(story.verdict.sentence, "another process (worker, pid 4712, 190 MiB, 150 MiB more"));
        assert_non_null(strstr(story.verdict.sentence, "was taken by the OOM killer"));
        profile_free(profile);
    }
}

/* The counter rose for the neighbour: somebody who was killed later was not killed for memory. */
static void the_neighbours_kill_is_not_ours(void **unused)
{
    struct make_journal *made = gone_between();
    struct verdict verdict;

    make_neighbour(made, 4712, "worker", 40 * MAKE_MIB, 190 * MAKE_MIB)->flags = LW_NEIGHBOUR_KILLED;
    struct profile *profile = load_made(made, "a.lw");
    profile->oom_kills_now = 1;
    verdict_decide(profile, NULL, 0, &verdict);
    assert_int_equal(verdict.oom_kill, OOM_KILL_NO);
    profile->oom_kills_now = 2;
    verdict_decide(profile, NULL, 0, &verdict);
    assert_int_equal(verdict.oom_kill, OOM_KILL_CONFIRMED);
    profile_free(profile);
}

/* Near the end, and the neighbour gone in the last second: the watcher may have lived to see its own kill. */
static void a_kill_of_the_last_second_may_be_ours(void **unused)
{
    for (int late = 0; late < 2; late++) {
        struct make_journal *made = make_leak();
        struct lw_neighbour *child = make_neighbour(made, 4712, "worker", 4 * MAKE_MIB, 4 * MAKE_MIB);
        struct verdict verdict;

        child->flags = LW_NEIGHBOUR_KILLED | LW_NEIGHBOUR_CHILD;
        child->gone_ns = late ? UINT64_MAX : 1;
        struct profile *profile = load_made(made, "a.lw");
        profile->has_outcome = false;
        profile->end = PROFILE_GONE;
        profile->oom_kills_now = profile->levels[0].record.oom_kills_start + 1;
        verdict_decide(profile, NULL, 0, &verdict);
        assert_int_equal(verdict.oom_kill, late ? OOM_KILL_LIKELY : OOM_KILL_NO);
        profile_free(profile);
    }
}

static void the_counter_of_today_decides(void **unused)
{
    struct profile *profile = load_made(gone_between(), "gone.lw");
    struct verdict verdict;

    profile->oom_kills_now = 1;
    verdict_decide(profile, NULL, 0, &verdict);
    assert_int_equal(verdict.oom_kill, OOM_KILL_CONFIRMED);
    profile->oom_kills_now = 0;
    verdict_decide(profile, NULL, 0, &verdict);
    assert_int_equal(verdict.oom_kill, OOM_KILL_NO);
    assert_non_null(strstr(verdict.sentence, "the OOM killer's counter stood still; headroom was "));
    profile_free(profile);
}

static void the_victim_comes_first(void **unused)
{
    struct profile *all[] = {load_made(make_calm(), "calm"), load_made(make_leak(), "leak"),
                             load_made(make_etl(), "etl")};

    merge_order(all, 3);
    assert_string_equal(all[0]->name, "etl");
    assert_string_equal(all[1]->name, "leak");
    assert_string_equal(all[2]->name, "calm");
    for (size_t i = 0; i < 3; i++)
        profile_free(all[i]);
}

static void advice_follows_the_frames(void **unused)
{
    struct profile *profile = load_made(make_etl(), "etl.lw");
    struct story story;

    story_tell(&profile, 1, &story);
    assert_int_equal(story.advice_count, 3);
    assert_int_equal(story.advices[0].kind, ADVICE_QUICK);
    assert_non_null(strstr(story.advices[0].text, "at least 640 MiB"));
    assert_non_null(strstr(story.advices[1].text, "usecols="));
    assert_non_null(strstr(story.advices[2].text, "merge"));
    profile_free(profile);
}

static void an_input_half_read_tells_the_need(void **unused)
{
    struct make_journal *made = make_etl();
    struct profile *profile;
    struct story story;

    make_input(made, "/srv/job/large.csv", 200 * MAKE_MIB);
    profile = load_made(made, "etl.lw");
    profile->inputs[0].offset_bytes = 100 * MAKE_MIB;
    story_tell(&profile, 1, &story);
    assert_non_null(strstr(story.advices[0].text, "at least 1280 MiB: large.csv was read to 50 %, all of it"));
    profile_free(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decides_every_row),
        cmocka_unit_test(a_good_end_needs_no_cause),
        cmocka_unit_test(names_the_sibling_when_it_left_a_journal),
        cmocka_unit_test(a_child_is_called_a_child),
        cmocka_unit_test(a_neighbour_needs_no_journal),
        cmocka_unit_test(the_large_can_be_innocent),
        cmocka_unit_test(the_grower_of_a_pool_stands_out),
        cmocka_unit_test(alone_there_is_no_sibling),
        cmocka_unit_test(survivors_name_the_victim),
        cmocka_unit_test(the_neighbours_kill_is_not_ours),
        cmocka_unit_test(a_kill_of_the_last_second_may_be_ours),
        cmocka_unit_test(the_counter_of_today_decides),
        cmocka_unit_test(the_victim_comes_first),
        cmocka_unit_test(advice_follows_the_frames),
        cmocka_unit_test(an_input_half_read_tells_the_need),
    };

    return cmocka_run_group_tests_name("report_verdict", tests, NULL, NULL);
}
