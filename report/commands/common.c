/* SPDX-License-Identifier: MIT */
#include "commands/commands.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "commands/kernel_witness.h"
#include "sources/cgroup_tree.h"

int usage_error(const char *command, const char *format, ...)
{
    struct problem problem, whole;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(problem.text, sizeof(problem.text), format, arguments);
    va_end(arguments);
    problem_set(&whole, "%.500s (lastwords %s --help)", problem.text, command);
    problem_print(&whole);
    return EXIT_USAGE;
}

/* The counter of the cgroup that the process was in, if that still exists: its path below the mount is in the journal.
 */
static uint64_t counter_today(const struct profile *profile)
{
    char directory[PATH_MAX];
    struct cgroup_place place;

    if (profile->end != PROFILE_GONE || profile->other_machine || profile->level_count == 0)
        return LW_UNKNOWN;
    uint32_t kind = profile->levels[0].record.kind;
    enum cgroup_version version = kind == LW_LEVEL_CGROUP_V1   ? CGROUP_V1
                                  : kind == LW_LEVEL_CGROUP_V2 ? CGROUP_V2
                                                               : CGROUP_NONE;
    if (cgroup_place_read(0, &place) != 0 || place.version != version)
        return LW_UNKNOWN;
    snprintf(directory, sizeof(directory), "%.2000s%s", place.mount, profile->levels[0].record.path);
    return cgroup_oom_kills(version, directory, NULL, 0);
}

struct profile *load_profile(const char *path, bool symbols, struct problem *problem)
{
    struct journal *journal = journal_open(path, problem);

    if (!journal)
        return NULL;
    struct profile *profile = profile_new(journal, journal_process(journal_identity(journal)), symbols);
    profile->oom_kills_now = counter_today(profile);
    if (profile->end == PROFILE_GONE || (profile->end == PROFILE_SIGNALLED && profile->signal == SIGKILL))
        kernel_witness(profile);
    return profile;
}
