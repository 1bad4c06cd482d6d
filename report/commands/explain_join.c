/* SPDX-License-Identifier: MIT */
#include "commands/explain_join.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands/commands.h"
#include "commands/kernel_witness.h"
#include "sources/journal_find.h"
#include "sources/journal_process.h"

#define SEC UINT64_C(1000000000)

struct explain_journals {
    const char *boot_id; /* NULL: the records come from a file */
    struct journal_list list;
    struct profile *profiles[OOM_MAX_JOINS];
    struct story stories[OOM_MAX_JOINS];
    size_t loaded;
};

static bool find_in(struct explain_journals *journals, const char *subject, struct problem *problem)
{
    struct stat status;
    bool directory = stat(subject, &status) == 0 && S_ISDIR(status.st_mode);
    int error = directory ? journal_find(subject, NULL, NULL, &journals->list) : 0;

    if (error)
        problem_set(problem, "%.400s: cannot be read (%s)", subject, strerror(-error));
    if (directory)
        return error == 0;
    if (journal_list_add(subject, NULL, NULL, &journals->list))
        return true;
    problem_set(problem, "%.400s: neither a journal nor a directory of journals", subject);
    return false;
}

struct explain_journals *explain_journals_find(char **subjects, bool live, struct problem *problem)
{
    struct explain_journals *journals = array_resize(NULL, 1, sizeof(*journals));
    const char *directories[3];
    bool good = true;

    memset(journals, 0, sizeof(*journals));
    journals->boot_id = live ? journal_boot_id() : NULL;
    for (char **subject = subjects; good && *subject; subject++)
        good = find_in(journals, *subject, problem);
    size_t count = *subjects ? 0 : journal_default_directories(directories);
    for (size_t i = 0; i < count; i++)
        journal_find(directories[i], NULL, NULL, &journals->list);
    if (good)
        return journals;
    explain_journals_free(journals);
    return NULL;
}

static void unload(struct explain_journals *journals)
{
    while (journals->loaded > 0)
        profile_free(journals->profiles[--journals->loaded]);
}

void explain_journals_free(struct explain_journals *journals)
{
    if (!journals)
        return;
    unload(journals);
    free(journals->list.items);
    free(journals);
}

/* The best match of the record's processes with this life. */
static enum oom_match best_match(const struct oom_record *record, const struct oom_life *life, struct oom_joined *join)
{
    enum oom_match best = OOM_MATCH_NONE;

    for (size_t i = 0; i < record->victim_count && best != OOM_MATCH_SURE; i++) {
        enum oom_match match = oom_match_victim(record, &record->victims[i], life);
        if (match > best) {
            best = match;
            *join = (struct oom_joined){.pid = record->victims[i].pid, .victim = true, .match = match};
        }
    }
    const struct oom_task *task = best == OOM_MATCH_NONE ? oom_record_task(record, life->pid) : NULL;
    enum oom_match match = task ? oom_match_pid(&record->stamp, task->pid, task->name, life) : OOM_MATCH_NONE;
    if (match > best) {
        best = match;
        *join = (struct oom_joined){.pid = task->pid, .match = match};
    }
    return best;
}

/* By what is known before the journal is read: it was changed last when the process died, or later by a copy. */
static bool possible(const struct explain_journals *journals, const struct oom_record *record,
                     const struct journal_found *found)
{
    uint64_t changed_ns = (uint64_t)found->changed.tv_sec * SEC + (uint64_t)found->changed.tv_nsec;
    uint64_t started_ns = found->identity.started_realtime_ns;
    struct oom_life life =
        kernel_life(&found->identity, changed_ns > started_ns ? changed_ns - started_ns : 0, 0, journals->boot_id);
    struct oom_joined ignored;

    if (best_match(record, &life, &ignored) != OOM_MATCH_NONE)
        return true;
    for (size_t i = 0; i < record->victim_count; i++)
        if (strncmp(record->victims[i].name, found->identity.program, 4) == 0)
            return true;
    return false;
}

void explain_journals_join(struct explain_journals *journals, struct oom_story *story)
{
    struct problem ignored;

    unload(journals);
    story->join_count = 0;
    story->searched = true;
    for (size_t i = 0; i < journals->list.count && journals->loaded < OOM_MAX_JOINS; i++) {
        const struct journal_found *found = &journals->list.items[i];
        struct oom_joined join;
        if (!possible(journals, story->record, found))
            continue;
        struct profile *profile = load_profile(found->path, true, &ignored);
        if (!profile)
            continue;
        struct oom_life life = kernel_life(profile->identity, kernel_lived_ns(profile), profile_resident_bytes(profile),
                                           journals->boot_id);
        if (profile->end == PROFILE_LIVE) /* it runs: it lived all the time until now */
            life.lived_ns = 1000000 * SEC;
        if (best_match(story->record, &life, &join) == OOM_MATCH_NONE) {
            profile_free(profile);
            continue;
        }
        size_t slot = journals->loaded++;
        journals->profiles[slot] = profile;
        story_tell(&journals->profiles[slot], 1, &journals->stories[slot]);
        join.story = &journals->stories[slot];
        story->joins[story->join_count++] = join;
    }
    for (size_t i = 1; i < story->join_count; i++) /* the victim first */
        if (story->joins[i].victim && !story->joins[0].victim) {
            struct oom_joined first = story->joins[0];
            story->joins[0] = story->joins[i];
            story->joins[i] = first;
        }
}
