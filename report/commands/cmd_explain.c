/* SPDX-License-Identifier: MIT */
#include "commands/commands.h"

#include <stdlib.h>
#include <string.h>

#include "commands/explain_follow.h"
#include "commands/explain_join.h"
#include "sources/journal_file.h"
#include "sources/kernel_log_read.h"

static const char help[] =
    "usage: lastwords explain [options] [FILE [JOURNAL|DIRECTORY...]]\n"
    "\n"
    "Decodes the records of the kernel's OOM killer, field by field and in plain words, and says who held the memory.\n"
    "FILE is the text of dmesg, journalctl -k, syslog or /dev/kmsg; \"-\" is standard input; without a FILE it is the\n"
    "log of this machine, which takes root or CAP_SYSLOG on most. Journals of the processes in it are looked for in\n"
    "this directory, TMPDIR and /tmp, or where the further arguments say; the line of code is named then.\n"
    "\n"
    "  --last         only the last record\n"
    "  --pid N        only records that killed process N\n"
    "  --follow       print each kill as it happens, until SIGINT; where the kernel log may not be read, from the\n"
    "                 counters of the cgroups that can be seen\n"
    "  --json         for programs: schema lastwords-explain/1\n"
    "  -o, --output FILE    write there; - is standard output\n"
    "  --help\n"
    "\n"
    "Exit status: 0 done, 1 the input could not be read or holds no record, 2 usage.\n";

struct explain {
    bool json;
    bool last;
    bool follow;
    uint32_t pid; /* 0: all */
    const char *output;
    char **subjects;

    struct sink sink;
    struct explain_journals *journals;
    struct oom_record kept; /* with --last */
    bool has_kept;
    size_t seen;
    size_t told;
};

static void tell(struct explain *explain, const struct oom_record *record)
{
    static struct oom_words words;
    struct oom_story story = {.record = record, .words = &words};

    oom_words_say(record, &words);
    explain_journals_join(explain->journals, &story);
    if (explain->json) {
        sink_printf(&explain->sink, explain->follow || explain->told == 0 ? "" : ",\n");
        write_oom_json(&explain->sink, &story);
        sink_printf(&explain->sink, explain->follow ? "\n" : "");
    } else {
        sink_printf(&explain->sink, explain->told > 0 ? "\n" : "");
        write_oom_text(&explain->sink, &story);
    }
    explain->told++;
}

static bool wanted(const struct explain *explain, const struct oom_record *record)
{
    for (size_t i = 0; i < record->victim_count; i++)
        if (record->victims[i].pid == explain->pid)
            return true;
    return explain->pid == 0;
}

static void found_record(struct oom_record *record, void *context)
{
    struct explain *explain = context;

    explain->seen++;
    if (!wanted(explain, record))
        return;
    if (!explain->last) {
        tell(explain, record);
        return;
    }
    oom_record_move(&explain->kept, record);
    explain->has_kept = true;
}

/* A journal where the log is expected: easily done. */
static bool is_journal(const char *name)
{
    static struct lw_header header;
    static struct lw_identity identity;

    return strcmp(name, "-") != 0 && journal_peek(name, &header, &identity);
}

/* Where it looked, when nothing was found. */
static void nothing_found(const struct explain *explain, const char *name, uint64_t lines)
{
    struct problem problem;

    if (explain->seen == 0 && is_journal(name))
        problem_set(&problem,
                    "%.300s: is a journal, no kernel log: lastwords report tells it; to join them name the log first",
                    name);
    else if (explain->seen > 0)
        problem_set(&problem, "%.300s: %zu OOM records, but none killed process %u: try without --pid", name,
                    explain->seen, explain->pid);
    else
        problem_set(&problem,
                    "%.300s: no OOM record in %llu lines: looked for \"invoked oom-killer\", \"oom-kill:constraint=\", "
                    "\"Killed process\" and \"out of memory\" of the kernel; it may have left the log: try an older "
                    "file, or journalctl -k -b -1",
                    name, (unsigned long long)lines);
    problem_print(&problem);
}

static int explain_log(struct explain *explain, struct problem *problem)
{
    struct kernel_log *log = kernel_log_new(found_record, explain);
    const char *name = explain->subjects[0];
    int error;

    if (explain->json)
        sink_printf(&explain->sink, "{\"schema\": \"lastwords-explain/1\", \"records\": [\n");
    if (name)
        error = kernel_log_read_file(name, log, problem);
    else
        error = kernel_log_read_machine(log, &name, problem);
    if (explain->has_kept)
        tell(explain, &explain->kept);
    if (explain->json)
        sink_printf(&explain->sink, "]}\n");
    if (error)
        problem_print(problem);
    else if (explain->told == 0)
        nothing_found(explain, strcmp(name, "-") == 0 ? "standard input" : name, kernel_log_lines(log));
    kernel_log_free(log);
    return error || explain->told == 0 ? EXIT_UNREADABLE : EXIT_DONE;
}

/* ---- options ---- */

enum { OPTION_LAST = OPTION_OWN, OPTION_PID, OPTION_FOLLOW, OPTION_JSON };

static const struct option long_options[] = {
    {"last", no_argument, NULL, OPTION_LAST},
    {"pid", required_argument, NULL, OPTION_PID},
    {"follow", no_argument, NULL, OPTION_FOLLOW},
    {"json", no_argument, NULL, OPTION_JSON},
    {"output", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static int take(int option, void *context)
{
    struct explain *explain = context;
    uint64_t pid;

    switch (option) {
    case OPTION_LAST:
        explain->last = true;
        return -1;
    case OPTION_PID:
        if (!parse_number(optarg, UINT32_MAX, &pid))
            return usage_error("explain", "--pid=%s: is not a process id", optarg);
        explain->pid = (uint32_t)pid;
        return -1;
    case OPTION_FOLLOW:
        explain->follow = true;
        return -1;
    case OPTION_JSON:
        explain->json = true;
        return -1;
    default: /* 'o' */
        explain->output = optarg;
        return -1;
    }
}

static const struct option_set option_set = {.help = help, .letters = ":o:", .table = long_options, .take = take};

int cmd_explain(int argc, char **argv)
{
    struct explain explain = {.json = false};
    struct problem problem;
    int status = take_options(argc, argv, &option_set, &explain);

    if (status >= 0)
        return status;
    explain.subjects = argv + optind;
    if (explain.follow && (explain.last || (explain.subjects[0] && strcmp(explain.subjects[0], "-") == 0)))
        return usage_error("explain", "--follow: goes with neither --last nor standard input");
    bool file = explain.subjects[0] && !explain.follow;
    explain.journals = explain_journals_find(explain.subjects + file, !file, &problem);
    if (!explain.journals || sink_open(&explain.sink, explain.output, &problem) != 0) {
        problem_print(&problem);
        explain_journals_free(explain.journals);
        return EXIT_UNREADABLE;
    }
    status = explain.follow ? explain_follow(&explain.sink, found_record, &explain) : explain_log(&explain, &problem);
    if (sink_close(&explain.sink, &problem) != 0) {
        problem_print(&problem);
        status = EXIT_UNREADABLE;
    }
    oom_record_clear(&explain.kept);
    explain_journals_free(explain.journals);
    return status;
}
