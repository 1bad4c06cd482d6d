/* SPDX-License-Identifier: MIT */
#include "commands/commands.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands/kernel_witness.h"
#include "sources/cgroup_tree.h"
#include "sources/journal_file.h"
#include "sources/journal_process.h"

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

bool parse_number(const char *text, uint64_t most, uint64_t *number)
{
    char *end;

    errno = 0;
    unsigned long long read = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || read == 0 || read > most)
        return false;
    *number = read;
    return true;
}

int take_options(int argc, char **argv, const struct option_set *set, void *options)
{
    int option, status = -1;

    opterr = 0;
    optind = 1;
    while (status < 0 && (option = getopt_long(argc, argv, set->letters, set->table, NULL)) != -1) {
        if (option == OPTION_HELP) {
            fputs(set->help, stdout);
            status = EXIT_DONE;
        } else if (option == ':' || option == '?') {
            status = usage_error(argv[0], option == ':' ? "%s: wants a value" : "%s: no such option", argv[optind - 1]);
        } else {
            status = set->take(option, options);
        }
    }
    return status;
}

/* Of the cgroup that the process was in, if that still exists: its path below the mount is in the journal. */
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
