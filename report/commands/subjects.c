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

/* Of the same `lastwords run`; without a launcher: on the same machine at the same time. */
static bool same_job(const struct journal_found *a, const struct journal_found *b)
{
    if (a->identity.job[0] || b->identity.job[0])
        return strcmp(a->identity.job, b->identity.job) == 0 && strcmp(a->identity.boot_id, b->identity.boot_id) == 0;
    return strcmp(a->identity.boot_id, b->identity.boot_id) == 0 && a->identity.started_realtime_ns <= changed_ns(b) &&
           b->identity.started_realtime_ns <= changed_ns(a);
}

/* The newest incident, or the newest of all; then those of the same job. The others are closed again. */
static void keep_job(const struct journal_list *list, struct profile **loaded, size_t count, struct subjects *subjects)
{
    size_t base = 0;

    while (base < count && (!loaded[base] || !merge_incident(loaded[base])))
        base++;
    for (size_t i = 0; base == count && i < count; i++)
        base = loaded[i] ? i : base;
    for (size_t i = 0; i < count; i++) {
        if (loaded[i] && base < count && (i == base || same_job(&list->items[base], &list->items[i])))
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
