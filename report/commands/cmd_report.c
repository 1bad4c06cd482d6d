/* SPDX-License-Identifier: MIT */
#include "commands/commands.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "judgement/story.h"
#include "sources/journal_find.h"
#include "voices/write_html.h"
#include "voices/write_json.h"
#include "voices/write_text.h"

#define MAX_PROFILES 64u /* of a directory, the newest */

static const char help[] =
    "usage: lastwords report [options] [JOURNAL...|DIRECTORY|PID]\n"
    "\n"
    "Says what a process died of, from its journal. Without an argument: the newest incident in this directory.\n"
    "A directory stands for the newest incident in it and the processes of the same job; a process id for the journal\n"
    "of that process, in this directory, TMPDIR or /tmp; \"-\" is standard input. Of several journals the one with "
    "the\n"
    "most to tell comes first, the others follow in a line each.\n"
    "\n"
    "  --html         one page to look into, beside the journal unless -o says where\n"
    "  --json         for programs: schema lastwords/1\n"
    "  --full         all call sites, thread stacks, limits, timeline, events after the first screen\n"
    "  --sites N      lines of the table (default 5)\n"
    "  -o, --output FILE    write there; - is standard output\n"
    "  --no-symbols   do not look at binaries on this machine for files and lines\n"
    "  --help\n"
    "\n"
    "Exit status: 0 done, 1 the input could not be read, 2 usage.\n";

struct report_options {
    bool json;
    bool html;
    bool symbols;
    const char *output;
    char **subjects; /* NULL-terminated */
    struct text_options text;
};

struct profiles {
    struct profile *items[MAX_PROFILES];
    size_t count;
};

static void profiles_free(struct profiles *profiles)
{
    for (size_t i = 0; i < profiles->count; i++)
        profile_free(profiles->items[i]);
}

/* ---- which journals ---- */

static bool all_digits(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0' && strlen(text) < 10;
}

static bool wanted_pid(const struct journal_found *found, const void *context)
{
    return found->identity.pid == *(const uint32_t *)context;
}

static bool load_pid(const char *subject, bool symbols, struct profiles *profiles, struct problem *problem)
{
    const char *directories[3];
    uint32_t pid = (uint32_t)strtoul(subject, NULL, 10);
    struct journal_list list = {0};
    size_t count = journal_default_directories(directories);

    for (size_t i = 0; i < count; i++)
        journal_find(directories[i], wanted_pid, &pid, &list);
    if (list.count == 0)
        problem_set(problem, "process %u: no journal of it in this directory, TMPDIR or /tmp: name the journal", pid);
    else if ((profiles->items[0] = load_profile(list.items[0].path, symbols, problem)))
        profiles->count = 1;
    free(list.items);
    return profiles->count > 0;
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
static void keep_job(const struct journal_list *list, struct profile **loaded, size_t count, struct profiles *profiles)
{
    size_t base = 0;

    while (base < count && (!loaded[base] || !merge_incident(loaded[base])))
        base++;
    for (size_t i = 0; base == count && i < count; i++)
        base = loaded[i] ? i : base;
    for (size_t i = 0; i < count; i++) {
        if (loaded[i] && base < count && (i == base || same_job(&list->items[base], &list->items[i])))
            profiles->items[profiles->count++] = loaded[i];
        else
            profile_free(loaded[i]);
    }
}

static bool load_directory(const char *directory, bool symbols, struct profiles *profiles, struct problem *problem)
{
    struct journal_list list = {0};
    struct profile *loaded[MAX_PROFILES];
    int error = journal_find(directory, NULL, NULL, &list);
    size_t count = list.count < MAX_PROFILES ? list.count : MAX_PROFILES;

    if (error)
        problem_set(problem, "%s: cannot be read (%s)", directory, strerror(-error));
    else if (count == 0)
        problem_set(problem, "%s: holds no journal: a run without an incident leaves none (LASTWORDS=keep=always)",
                    directory);
    for (size_t i = 0; i < count; i++)
        loaded[i] = load_profile(list.items[i].path, symbols, problem);
    keep_job(&list, loaded, count, profiles);
    free(list.items);
    return profiles->count > 0;
}

static bool load_several(const struct report_options *options, struct profiles *profiles, struct problem *problem)
{
    for (char **subject = options->subjects; *subject; subject++) {
        struct profile *profile = load_profile(*subject, options->symbols, problem);
        if (!profile || profiles->count == MAX_PROFILES) {
            if (profile)
                problem_set(problem, "%s: more than %u journals: name their directory", *subject, MAX_PROFILES);
            profile_free(profile);
            return false;
        }
        profiles->items[profiles->count++] = profile;
    }
    return true;
}

static bool load_subject(const struct report_options *options, struct profiles *profiles, struct problem *problem)
{
    const char *subject = options->subjects[0] ? options->subjects[0] : ".";
    struct stat status;

    if (options->subjects[0] && options->subjects[1])
        return load_several(options, profiles, problem);
    bool there = strcmp(subject, "-") != 0 && stat(subject, &status) == 0;

    if (there && S_ISDIR(status.st_mode))
        return load_directory(subject, options->symbols, profiles, problem);
    if (!there && all_digits(subject))
        return load_pid(subject, options->symbols, profiles, problem);
    profiles->items[0] = load_profile(subject, options->symbols, problem);
    profiles->count = profiles->items[0] != NULL;
    return profiles->count > 0;
}

/* ---- options ---- */

enum { OPTION_JSON = 256, OPTION_FULL, OPTION_SITES, OPTION_NO_SYMBOLS, OPTION_HELP, OPTION_HTML, OPTION_LATER };

static const struct option long_options[] = {
    {"json", no_argument, NULL, OPTION_JSON},
    {"full", no_argument, NULL, OPTION_FULL},
    {"sites", required_argument, NULL, OPTION_SITES},
    {"output", required_argument, NULL, 'o'},
    {"no-symbols", no_argument, NULL, OPTION_NO_SYMBOLS},
    {"help", no_argument, NULL, OPTION_HELP},
    {"html", no_argument, NULL, OPTION_HTML},
    {"pprof", no_argument, NULL, OPTION_LATER},
    {"folded", no_argument, NULL, OPTION_LATER},
    {"speedscope", no_argument, NULL, OPTION_LATER},
    {NULL, 0, NULL, 0},
};

/* -1: go on; otherwise the exit status. */
static int parse(int argc, char **argv, struct report_options *options)
{
    int option, index = 0;

    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":o:", long_options, &index)) != -1) {
        char *end = NULL;
        switch (option) {
        case OPTION_JSON:
            options->json = true;
            break;
        case OPTION_HTML:
            options->html = true;
            break;
        case OPTION_FULL:
            options->text.full = true;
            break;
        case OPTION_SITES:
            options->text.lines = strtoul(optarg, &end, 10);
            if (*end || end == optarg || *optarg == '-')
                return usage_error("report", "--sites=%s: is not a number", optarg);
            break;
        case 'o':
            options->output = optarg;
            break;
        case OPTION_NO_SYMBOLS:
            options->symbols = false;
            break;
        case OPTION_HELP:
            fputs(help, stdout);
            return EXIT_DONE;
        case OPTION_LATER:
            return usage_error("report", "--%s: not in this version: use the text or --json", long_options[index].name);
        case ':':
            return usage_error("report", "%s: wants a value", argv[optind - 1]);
        default:
            return usage_error("report", "%s: no such option", argv[optind - 1]);
        }
    }
    options->subjects = argv + optind;
    return -1;
}

static int write_story(const struct report_options *options, const struct story *story)
{
    struct problem problem;
    struct sink sink;

    if (sink_open(&sink, options->output, &problem) == 0) {
        if (options->json)
            write_json(&sink, story);
        else
            write_text(&sink, story, &options->text);
        if (sink_close(&sink, &problem) == 0)
            return EXIT_DONE;
    }
    problem_print(&problem);
    return EXIT_UNREADABLE;
}

/* Without -o the page goes beside the journal, and the path is said. */
static int write_page(const struct report_options *options, const struct story *story)
{
    const char *journal = story->profile->name;
    char beside[4200];
    struct problem problem;
    struct sink sink;

    if (!options->output && strcmp(options->subjects[0] ? options->subjects[0] : "", "-") == 0)
        return usage_error("report", "--html: standard input has no place beside it: say -o FILE");
    if (!options->output && !html_path_beside(journal, beside, sizeof(beside)))
        return usage_error("report", "%s: too long a name: say -o FILE", journal);
    if (sink_open(&sink, options->output ? options->output : beside, &problem) == 0) {
        write_html(&sink, story);
        if (sink_close(&sink, &problem) == 0) {
            if (!options->output)
                printf("%s\n", beside);
            return EXIT_DONE;
        }
    }
    problem_print(&problem);
    return EXIT_UNREADABLE;
}

int cmd_report(int argc, char **argv)
{
    struct report_options options = {.symbols = true, .text = {.lines = TEXT_DEFAULT_LINES}};
    struct profiles profiles = {.count = 0};
    struct problem problem;
    struct story story;
    int status = parse(argc, argv, &options);

    if (status >= 0)
        return status;
    if (!load_subject(&options, &profiles, &problem)) {
        problem_print(&problem);
        profiles_free(&profiles);
        return EXIT_UNREADABLE;
    }
    merge_order(profiles.items, profiles.count);
    story_tell(profiles.items, profiles.count, &story);
    status = options.html ? write_page(&options, &story) : write_story(&options, &story);
    profiles_free(&profiles);
    return status;
}
