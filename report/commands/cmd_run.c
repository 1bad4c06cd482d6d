/* SPDX-License-Identifier: MIT */
#include "commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/run_options.h"
#include "commands/run_outcome.h"
#include "sources/journal_process.h"
#include "sources/sizes.h"

#define EXIT_CANNOT_RUN 125

static const char help_head[] =
    "usage: lastwords run [options] -- COMMAND [ARGUMENT...]\n"
    "\n"
    "Runs the command with the library preloaded. Signals and the exit status pass through (128+N for death by\n"
    "signal N). When it dies of memory, the post-mortem is printed to standard error and its journal stays.\n"
    "\n"
    "  --limit SIZE                             a memory cgroup of its own with this limit (512M, 2G) and without\n"
    "                                           swap; where none can be made, a limit on each process's own\n"
    "                                           resident memory\n";
static const char help_tail[] = "  --help\n"
                                "\n"
                                "Exit status: the command's own; 125 the job could not be started, 126 it cannot be "
                                "executed, 127 it was not found,\n"
                                "2 usage.\n";

/* With its start the pid names this process for ever. */
static bool own_name(char *out, size_t size)
{
    uint64_t ticks;

    if (!journal_process_start((uint32_t)getpid(), &ticks))
        return false;
    snprintf(out, size, "%d.%llu", (int)getpid(), (unsigned long long)ticks);
    return true;
}

/* LASTWORDS_LIBRARY, else beside this command, else ../lib/lastwords/. */
static bool find_library(char *out, size_t size, struct problem *problem)
{
    static const char *const places[] = {"liblastwords.so", "../lib/lastwords/liblastwords.so"};
    const char *named = getenv("LASTWORDS_LIBRARY");
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

    if (named && *named) {
        snprintf(out, size, "%s", named);
        if (access(out, R_OK) == 0)
            return true;
        problem_set(problem, "%s: the library that LASTWORDS_LIBRARY names cannot be read", named);
        return false;
    }
    self[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
        snprintf(out, size, "%.*s/%s", (int)(slash - self), self, places[i]);
        if (access(out, R_OK) == 0)
            return true;
    }
    problem_set(problem,
                "liblastwords.so: not found beside this command or in ../lib/lastwords: set LASTWORDS_LIBRARY");
    return false;
}

struct surroundings {
    char library[PATH_MAX];
    char preload[2 * PATH_MAX];
    char settings[8192];
    char launcher[32];
};

static bool surround(const struct run_options *options, bool limit_by_library, struct surroundings *around,
                     struct problem *problem)
{
    const char *preload = getenv("LD_PRELOAD");

    if (!find_library(around->library, sizeof(around->library), problem))
        return false;
    if (strpbrk(around->library, ": ")) {
        problem_set(problem, "%s: LD_PRELOAD cannot hold a path with blanks or colons: put the library elsewhere",
                    around->library);
        return false;
    }
    int length = snprintf(around->preload, sizeof(around->preload), "%s%s%s", around->library,
                          preload && *preload ? ":" : "", preload ? preload : "");
    bool fits = length < (int)sizeof(around->preload) && own_name(around->launcher, sizeof(around->launcher)) &&
                run_options_environment(options, getenv("LASTWORDS"), limit_by_library, around->settings,
                                        sizeof(around->settings));
    if (!fits)
        problem_set(problem, "LASTWORDS or LD_PRELOAD is too long: shorten it");
    return fits;
}

/* systemd-run --scope becomes the command itself, under the same process id. */
static char **scoped_command(char **command, uint64_t limit_bytes)
{
    static char limit[64];
    static char *const words[] = {"systemd-run", "--scope", "--quiet",         "--collect", "-p",
                                  limit,         "-p",      "MemorySwapMax=0", "--"};
    size_t count = 0, fixed = sizeof(words) / sizeof(words[0]), at = 0;

    while (command[count])
        count++;
    snprintf(limit, sizeof(limit), "MemoryMax=%llu", (unsigned long long)limit_bytes);
    char **scoped = array_resize(NULL, count + fixed + 2, sizeof(*scoped));
    for (size_t i = 0; i < fixed; i++) {
        scoped[at++] = words[i];
        if (i == 2 && geteuid() != 0)
            scoped[at++] = "--user";
    }
    memcpy(scoped + at, command, (count + 1) * sizeof(*scoped));
    return scoped;
}

static void tell_end(const struct run_options *options, const struct surroundings *around,
                     const struct cgroup_job *cgroup, const struct run_end *end)
{
    char directory[PATH_MAX], keep[32], termination_log[PATH_MAX];
    const char *inherited = getenv("LASTWORDS");

    run_options_effective(options, inherited, "dir", directory, sizeof(directory));
    run_options_effective(options, inherited, "keep", keep, sizeof(keep));
    run_options_effective(options, inherited, "termination_log", termination_log, sizeof(termination_log));
    run_outcome_tell(&(struct run_outcome){
        .job = around->launcher,
        .journal_directory = directory,
        .termination_log = termination_log,
        .keep_always = strcmp(keep, "always") == 0,
        .end = end,
        .cgroup = cgroup,
        .oom_kills_after = cgroup_job_oom_kills(cgroup),
    });
}

static int run(const struct run_options *options)
{
    static struct surroundings around;
    static struct cgroup_job cgroup;
    struct problem problem;
    struct run_end end;
    int status = EXIT_CANNOT_RUN;
    bool contained = cgroup_job_make(options->limit_bytes, &cgroup, &problem);
    bool brake = cgroup.kind == CGROUP_JOB_OWN && cgroup.version == CGROUP_V2; /* memory.high of it is the job's */
    bool limit_by_library = options->limit_bytes > 0 && !contained;

    if (limit_by_library)
        fprintf(stderr, "lastwords: %s: each process's own resident memory is counted against %s instead\n",
                problem.text, size_prose(options->limit_bytes).text);
    if (surround(options, limit_by_library, &around, &problem)) {
        struct run_job job = {
            .command = options->command,
            .cgroup = &cgroup,
            .environment = {{"LD_PRELOAD", around.preload},
                            {"LASTWORDS", around.settings},
                            {"LASTWORDS_LAUNCHER", around.launcher},
                            {"LASTWORDS_BRAKE", cgroup.directory}},
            .environment_count = brake ? 4 : 3,
        };
        if (cgroup.kind == CGROUP_JOB_SYSTEMD)
            job.command = scoped_command(options->command, options->limit_bytes);
        bool ran = run_job(&job, &end, &status, &problem);
        if (ran) {
            status = end.signal ? 128 + end.signal : end.exit_code;
            tell_end(options, &around, &cgroup, &end);
        } else {
            problem_print(&problem);
        }
        if (job.command != options->command)
            free(job.command);
    } else {
        problem_print(&problem);
    }
    if (!cgroup_job_remove(&cgroup))
        fprintf(stderr, "lastwords: %s stays: processes of the job still run in it\n", cgroup.directory);
    return status;
}

int cmd_run(int argc, char **argv)
{
    struct run_options options;
    struct problem problem;

    if (!run_options_parse(argc, argv, &options, &problem))
        return usage_error("run", "%s", problem.text);
    if (options.help) {
        fputs(help_head, stdout);
        run_options_print(stdout);
        fputs(help_tail, stdout);
        return EXIT_DONE;
    }
    return run(&options);
}
