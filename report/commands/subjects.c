/* SPDX-License-Identifier: MIT */
#include "commands/subjects.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "judgement/merge.h"
#include "sources/journal_live.h"

bool subjects_is_process(const char *subject)
{
    return *subject && subject[strspn(subject, "0123456789")] == '\0' && strlen(subject) < 10 &&
           access(subject, F_OK) != 0;
}

static bool wanted_pid(const struct journal_found *found, const void *context)
{
    return found->identity.pid == *(const uint32_t *)context;
}

bool subjects_process_path(const char *subject, char *path, size_t size, struct problem *problem)
{
    const char *directories[3];
    uint32_t pid = (uint32_t)strtoul(subject, NULL, 10);
    struct journal_list list = {.count = 0};

    if (journal_live_of(pid, path, size))
        return true;
    size_t count = journal_default_directories(directories);
    for (size_t i = 0; i < count; i++)
        journal_find(directories[i], wanted_pid, &pid, &list);
    bool found = list.count > 0;
    if (found)
        snprintf(path, size, "%s", list.items[0].path);
    else
        problem_set(problem,
                    "process %u: it has no journal open, and none of it is in this directory, TMPDIR or /tmp: name the "
                    "journal",
                    pid);
    free(list.items);
    return found;
}

static uint64_t changed_ns(const struct journal_found *found)
{
    return (uint64_t)found->changed.tv_sec * 1000000000 + (uint64_t)found->changed.tv_nsec;
}

/*
 * The last sign of life. The time of the file is not enough: the kernel changes it when a page of a mapped file is
 * written that was clean, and near a limit all pages are from the beginning on.
 */
static uint64_t seen_ns(const struct journal_found *found, const struct profile *profile)
{
    uint64_t changed = changed_ns(found), told = profile_ended_realtime_ns(profile);

    return told > changed ? told : changed;
}

/* Of the same `lastwords run`; without a launcher: on the same machine at the same time. */
static bool same_job(const struct profile *a, uint64_t a_seen_ns, const struct profile *b, uint64_t b_seen_ns)
{
    const struct lw_identity *left = a->identity, *right = b->identity;

    if (strcmp(left->boot_id, right->boot_id) != 0)
        return false;
    if (left->job[0] || right->job[0])
        return strcmp(left->job, right->job) == 0;
    return left->started_realtime_ns <= b_seen_ns && right->started_realtime_ns <= a_seen_ns;
}

/* The newest incident, or the newest of all; then those of the same job. The others are closed again. */
static void keep_job(const struct journal_list *list, struct profile **loaded, size_t count, struct subjects *subjects)
{
    uint64_t seen[SUBJECTS_MAX];
    bool incident[SUBJECTS_MAX];
    size_t base = count;

    for (size_t i = 0; i < count; i++) {
        if (!loaded[i])
            continue;
        seen[i] = seen_ns(&list->items[i], loaded[i]);
        incident[i] = merge_incident(loaded[i]);
        if (base == count || incident[i] > incident[base] || (incident[i] == incident[base] && seen[i] > seen[base]))
            base = i;
    }
    for (size_t i = 0; i < count; i++) {
        if (loaded[i] && (i == base || same_job(loaded[base], seen[base], loaded[i], seen[i])))
            subjects->items[subjects->count++] = loaded[i];
        else
            profile_free(loaded[i]);
    }
}

static bool load_directory(const char *directory, bool symbols, struct subjects *subjects, struct problem *problem)
{
    struct journal_list list = {0};
    struct profile *loaded[SUBJECTS_MAX];
    int error = journal_find(directory, NULL, NULL, &list);
    size_t count = list.count < SUBJECTS_MAX ? list.count : SUBJECTS_MAX;

    if (error)
        problem_set(problem, "%s: cannot be read (%s)", directory, strerror(-error));
    else if (count == 0)
        problem_set(problem, "%s: holds no journal: a run without an incident leaves none (LASTWORDS=keep=always)",
                    directory);
    for (size_t i = 0; i < count; i++)
        loaded[i] = load_profile(list.items[i].path, symbols, problem);
    keep_job(&list, loaded, count, subjects);
    free(list.items);
    return subjects->count > 0;
}

static bool load_several(char *const *names, bool symbols, struct subjects *subjects, struct problem *problem)
{
    for (; *names; names++) {
        struct profile *profile = load_profile(*names, symbols, problem);
        if (!profile || subjects->count == SUBJECTS_MAX) {
            if (profile)
                problem_set(problem, "%s: more than %u journals: name their directory", *names, SUBJECTS_MAX);
            profile_free(profile);
            return false;
        }
        subjects->items[subjects->count++] = profile;
    }
    return true;
}

static bool load_one(const char *subject, bool symbols, struct subjects *subjects, struct problem *problem)
{
    char path[PATH_MAX];
    struct stat status;

    if (strcmp(subject, "-") != 0 && stat(subject, &status) == 0 && S_ISDIR(status.st_mode))
        return load_directory(subject, symbols, subjects, problem);
    if (subjects_is_process(subject)) {
        if (!subjects_process_path(subject, path, sizeof(path), problem))
            return false;
        subject = path;
    }
    subjects->items[0] = load_profile(subject, symbols, problem);
    subjects->count = subjects->items[0] != NULL;
    return subjects->count > 0;
}

bool subjects_load(char *const *names, bool symbols, struct subjects *subjects, struct problem *problem)
{
    subjects->count = 0;
    bool good = names[0] && names[1] ? load_several(names, symbols, subjects, problem)
                                     : load_one(names[0] ? names[0] : ".", symbols, subjects, problem);

    if (good)
        merge_order(subjects->items, subjects->count);
    else
        subjects_free(subjects);
    return good;
}

void subjects_free(struct subjects *subjects)
{
    for (size_t i = 0; i < subjects->count; i++)
        profile_free(subjects->items[i]);
    subjects->count = 0;
}
