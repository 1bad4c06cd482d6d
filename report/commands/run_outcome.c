/* SPDX-License-Identifier: MIT */
#include "commands/run_outcome.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands.h"
#include "judgement/story.h"
#include "sources/journal_file.h"
#include "sources/journal_find.h"
#include "sources/journal_process.h"
#include "voices/write_summary.h"

#define MAX_JOURNALS 256u

static bool wanted_job(const struct journal_found *found, const void *job)
{
    return strcmp(found->identity.job, job) == 0;
}

static void find_journals(const struct run_outcome *outcome, struct journal_list *list)
{
    const char *directories[3];
    size_t count = journal_default_directories(directories);

    if (outcome->journal_directory[0])
        journal_find(outcome->journal_directory, wanted_job, outcome->job, list);
    for (size_t i = 0; i < count; i++)
        journal_find(directories[i], wanted_job, outcome->job, list);
    if (list->count > MAX_JOURNALS)
        list->count = MAX_JOURNALS;
}

/* How often the OOM killer struck while the job ran; LW_UNKNOWN. */
static uint64_t struck(const struct run_outcome *outcome)
{
    if (outcome->oom_kills_after == LW_UNKNOWN || outcome->cgroup->oom_kills_before == LW_UNKNOWN)
        return LW_UNKNOWN;
    return outcome->oom_kills_after - outcome->cgroup->oom_kills_before;
}

static bool killed_silently(const struct journal_found *found)
{
    return found->header.life == LW_LIFE_LIVE && journal_process(&found->identity) == JOURNAL_PROCESS_GONE;
}

static bool is_child(const struct run_outcome *outcome, const struct journal_found *found)
{
    return found->identity.pid == (uint32_t)outcome->end->pid && found->header.life != LW_LIFE_EXECED;
}

/*
 * The direct child was waited for. Of a descendant only this is known: it ended without a word, and whether the OOM
 * killer struck. When it struck as often as processes ended so, each of them was its victim.
 */
static bool compose(const struct run_outcome *outcome, const struct journal_found *found, uint64_t silent,
                    struct lw_outcome *record)
{
    uint64_t kills = struck(outcome);
    bool child = is_child(outcome, found);

    if (!child && (!killed_silently(found) || kills == LW_UNKNOWN))
        return false;
    *record = (struct lw_outcome){
        .known = 1,
        .exit_code = child ? outcome->end->exit_code : -1,
        .signal = child ? outcome->end->signal : 0,
        .ended_realtime_ns = outcome->end->ended_realtime_ns,
        .oom_kills_before = outcome->cgroup->oom_kills_before,
        .oom_kills_after = outcome->oom_kills_after,
    };
    if (kills == 0)
        record->oom_kill = 2;
    else if (kills != LW_UNKNOWN && kills >= silent && killed_silently(found))
        record->oom_kill = 1;
    if (!child && record->oom_kill == 1)
        record->signal = SIGKILL;
    if (!child && record->oom_kill == 0)
        return false;
    snprintf(record->source, sizeof(record->source), "%.95s", outcome->cgroup->source);
    record->checksum = lw_checksum(record, offsetof(struct lw_outcome, checksum));
    return true;
}

static void write_outcome(const char *path, const struct lw_outcome *record)
{
    struct problem ignored;
    struct journal *journal = journal_open(path, &ignored);
    uint64_t offset = journal ? journal_outcome_offset(journal) : 0;
    uint64_t section = offset ? journal_outcome_used_offset(journal) : 0, one = 1;

    journal_close(journal);
    int fd = offset ? open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0)
        return;
    if (pwrite(fd, record, sizeof(*record), (off_t)offset) == sizeof(*record) &&
        pwrite(fd, &one, sizeof(one), (off_t)section) != sizeof(one))
        fputs("lastwords: the end of the job could not be noted in its journal\n", stderr);
    close(fd);
}

static void complete_journals(const struct run_outcome *outcome, const struct journal_list *list)
{
    uint64_t silent = 0;
    struct lw_outcome record;

    for (size_t i = 0; i < list->count; i++)
        silent += killed_silently(&list->items[i]);
    for (size_t i = 0; i < list->count; i++)
        if (compose(outcome, &list->items[i], silent, &record))
            write_outcome(list->items[i].path, &record);
}

/* 137 is also what a shell says when its child got SIGKILL. */
static bool looks_killed(const struct run_end *end)
{
    return end->signal == SIGKILL || end->exit_code == 128 + SIGKILL;
}

static bool worth_telling(const struct run_outcome *outcome, const struct profile *profile)
{
    struct verdict verdict;
    bool silent = profile->end == PROFILE_GONE || profile->end == PROFILE_SIGNALLED;
    bool failed = outcome->end->exit_code != 0;

    verdict_decide(profile, &profile, 1, &verdict);
    if (profile->end == PROFILE_CONTROLLED || verdict.oom_kill == OOM_KILL_CONFIRMED)
        return true;
    return failed && ((silent && (verdict.by_memory || looks_killed(outcome->end))) ||
                      (profile->end == PROFILE_EXITED && verdict.by_memory));
}

/* In place of what the library wrote there in its last moment. A container's file exists already: never created. */
static void write_termination_log(const struct run_outcome *outcome, const char *text, size_t length)
{
    const char *path = outcome->termination_log;

    if (strcmp(path, "off") == 0)
        return;
    if (!path[0] || strcmp(path, "auto") == 0)
        path = "/dev/termination-log";
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0)
        return;
    if (write(fd, text, length) != (ssize_t)length)
        fprintf(stderr, "lastwords: %s: the termination log is incomplete\n", path);
    close(fd);
}

/* The title stands out where that is possible. */
static void print_summary(const char *text)
{
    struct problem problem;
    struct sink sink;
    int title = (int)strcspn(text, "\n");

    sink_over(&sink, stderr, "standard error");
    sink_style(&sink, SINK_BOLD);
    sink_printf(&sink, "%.*s", title, text);
    sink_style(&sink, SINK_PLAIN);
    sink_printf(&sink, "%s", text + title);
    sink_close(&sink, &problem);
}

static void tell_story(const struct run_outcome *outcome, struct profile **profiles, size_t count)
{
    char text[SUMMARY_BYTES + 1];
    struct story story;

    story_tell(profiles, count, &story);
    size_t length = write_summary(&story, text);
    fflush(stdout);
    print_summary(text);
    write_termination_log(outcome, text, length);
}

/* Proof without a story: the counter rose, and nobody left a journal. */
static void tell_without_journal(const struct run_outcome *outcome, bool victim_told)
{
    uint64_t kills = struck(outcome);
    bool own = outcome->cgroup->kind == CGROUP_JOB_OWN;

    if (victim_told || kills == LW_UNKNOWN || kills == 0 || (!own && !looks_killed(outcome->end)))
        return;
    fprintf(
        stderr,
        "lastwords: the OOM killer struck in this job (oom_kill rose from %" PRIu64 " to %" PRIu64 ", %s),\n"
        "  but its victim left no journal: it was smaller than activate=, statically linked or set-user-id, or the\n"
        "  journal could not be written (lastwords doctor -- COMMAND)\n",
        outcome->cgroup->oom_kills_before, outcome->oom_kills_after, outcome->cgroup->source);
}

static void remove_uneventful(const struct run_outcome *outcome, const struct journal_list *list,
                              struct profile *const *profiles, size_t count)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct profile *profile = NULL;
        for (size_t p = 0; p < count && !profile; p++)
            profile = strcmp(journal_name(profiles[p]->journal), list->items[i].path) == 0 ? profiles[p] : NULL;
        if (profile && !outcome->keep_always && killed_silently(&list->items[i]) &&
            profile->state.worst_stage < LW_STAGE_WARN && profile->state.refused_count == 0)
            unlink(list->items[i].path);
    }
}

void run_outcome_tell(const struct run_outcome *outcome)
{
    struct journal_list list = {0};
    struct profile *profiles[MAX_JOURNALS];
    struct problem ignored;
    size_t count = 0;
    bool tell = false;

    find_journals(outcome, &list);
    complete_journals(outcome, &list);
    for (size_t i = 0; i < list.count; i++) {
        profiles[count] = load_profile(list.items[i].path, true, &ignored);
        tell = (profiles[count] && worth_telling(outcome, profiles[count])) || tell;
        count += profiles[count] != NULL;
    }
    merge_order(profiles, count);
    if (tell)
        tell_story(outcome, profiles, count);
    else
        remove_uneventful(outcome, &list, profiles, count);
    tell_without_journal(outcome, tell);
    for (size_t i = 0; i < count; i++)
        profile_free(profiles[i]);
    free(list.items);
}
