/* SPDX-License-Identifier: MIT */
#include "commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/subjects.h"
#include "judgement/story.h"
#include "sources/journal_file.h"
#include "voices/write_folded.h"
#include "voices/write_html.h"
#include "voices/write_json.h"
#include "voices/write_pprof.h"
#include "voices/write_prometheus.h"
#include "voices/write_speedscope.h"
#include "voices/write_text.h"

static const char help[] =
    "usage: lastwords report [options] [JOURNAL...|DIRECTORY|PID]\n"
    "\n"
    "Says what a process died of, from its journal. Without an argument: the newest incident in this directory.\n"
    "A directory stands for the newest incident in it and the processes of the same job; a process id for the journal\n"
    "that the process writes, wherever that is, or else has left in this directory, TMPDIR or /tmp; \"-\" is standard\n"
    "input. Several journals are one job: the process with the most to tell comes first, then all of them in a line\n"
    "each, and the total.\n"
    "\n"
    "  --html         one page to look into, beside the journal unless -o says where\n"
    "  --json         for programs: schema lastwords/1\n"
    "  --pprof        for go tool pprof: FILE.pb.gz beside the journal, whose path is printed\n"
    "  --folded       for flame graphs: one line per stack, outermost function first\n"
    "  --speedscope   for speedscope.app: resident, committed, peak and growth\n"
    "  --prometheus   for the textfile collector of node_exporter; with -o the file is replaced in one step\n"
    "  --full         all call sites, thread stacks, limits, timeline, events after the first screen\n"
    "  --by METRIC    resident (default), committed, growth, peak or touched: order, and the size in --folded\n"
    "  --sites N      at most N lines of the table (default 5), or N call sites in the other formats\n"
    "  --native       show the interpreter's own C functions in stacks\n"
    "  -o, --output FILE    write there; - is standard output\n"
    "  --no-symbols   do not look at binaries on this machine for files and lines\n"
    "  --help\n"
    "\n"
    "Exit status: 0 done, 1 the input could not be read, 2 usage.\n";

struct report_options {
    const struct format *format; /* NULL: text */
    bool full;
    bool symbols;
    const char *output;
    struct view view;
};

/* What a story can be written as. */
struct format {
    const char *name;
    const char *suffix; /* without -o: a file beside the journal; NULL: standard output */
    void (*write)(struct sink *sink, const struct story *story, const struct view *view);
};

/* The page has everything, and orders it itself. */
static void write_page(struct sink *sink, const struct story *story, const struct view *view)
{
    (void)view;
    write_html(sink, story);
}

enum { FORMAT_HTML, FORMAT_JSON, FORMAT_FOLDED, FORMAT_SPEEDSCOPE, FORMAT_PPROF, FORMAT_PROMETHEUS, FORMAT_COUNT };

static const struct format formats[FORMAT_COUNT] = {
    [FORMAT_HTML] = {"html", ".html", write_page},     [FORMAT_JSON] = {"json", NULL, write_json_view},
    [FORMAT_FOLDED] = {"folded", NULL, write_folded},  [FORMAT_SPEEDSCOPE] = {"speedscope", NULL, write_speedscope},
    [FORMAT_PPROF] = {"pprof", ".pb.gz", write_pprof}, [FORMAT_PROMETHEUS] = {"prometheus", NULL, write_prometheus},
};

/* ---- options ---- */

enum {
    OPTION_FULL = OPTION_OWN,
    OPTION_SITES,
    OPTION_BY,
    OPTION_NATIVE,
    OPTION_NO_SYMBOLS,
    OPTION_FORMAT /* and the place in `formats` */
};

static const struct option long_options[] = {
    {"html", no_argument, NULL, OPTION_FORMAT + FORMAT_HTML},
    {"json", no_argument, NULL, OPTION_FORMAT + FORMAT_JSON},
    {"folded", no_argument, NULL, OPTION_FORMAT + FORMAT_FOLDED},
    {"speedscope", no_argument, NULL, OPTION_FORMAT + FORMAT_SPEEDSCOPE},
    {"pprof", no_argument, NULL, OPTION_FORMAT + FORMAT_PPROF},
    {"prometheus", no_argument, NULL, OPTION_FORMAT + FORMAT_PROMETHEUS},
    {"full", no_argument, NULL, OPTION_FULL},
    {"sites", required_argument, NULL, OPTION_SITES},
    {"by", required_argument, NULL, OPTION_BY},
    {"native", no_argument, NULL, OPTION_NATIVE},
    {"output", required_argument, NULL, 'o'},
    {"no-symbols", no_argument, NULL, OPTION_NO_SYMBOLS},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static int take(int option, void *context)
{
    struct report_options *options = context;
    uint64_t sites;

    switch (option) {
    case OPTION_FULL:
        options->full = true;
        return -1;
    case OPTION_SITES:
        if (!parse_number(optarg, SIZE_MAX, &sites))
            return usage_error("report", "--sites=%s: is not a number of lines", optarg);
        options->view.sites = sites;
        return -1;
    case OPTION_BY:
        if (!metric_parse(optarg, &options->view.by))
            return usage_error("report", "--by=%s: is none of %s", optarg, metric_names());
        return -1;
    case OPTION_NATIVE:
        options->view.native = true;
        return -1;
    case OPTION_NO_SYMBOLS:
        options->symbols = false;
        return -1;
    case 'o':
        options->output = optarg;
        return -1;
    default:
        break;
    }
    const struct format *format = &formats[option - OPTION_FORMAT];
    if (options->format && options->format != format)
        return usage_error("report", "--%s: one format at a time", format->name);
    options->format = format;
    return -1;
}

static const struct option_set option_set = {.help = help, .letters = ":o:", .table = long_options, .take = take};

/* ---- output ---- */

static int write_story(const struct report_options *options, const struct story *story)
{
    const struct format *format = options->format;
    struct text_options text = {.lines = options->view.sites ? options->view.sites : TEXT_DEFAULT_LINES,
                                .full = options->full,
                                .by = options->view.by,
                                .native = options->view.native};
    const char *output = options->output;
    struct problem problem;
    struct sink sink;
    char beside[4096];
    bool named = format && format->suffix && !output;

    if (named && !journal_path_beside(journal_name(story->profile->journal), format->suffix, beside, sizeof(beside)))
        return usage_error("report", "--%s of standard input: say where to write it, -o FILE", format->name);
    if (sink_open(&sink, named ? beside : output, &problem) == 0) {
        if (format)
            format->write(&sink, story, &options->view);
        else
            write_text(&sink, story, &text);
        if (sink_close(&sink, &problem) == 0) {
            if (named)
                printf("%s\n", beside);
            return EXIT_DONE;
        }
    }
    problem_print(&problem);
    return EXIT_UNREADABLE;
}

int cmd_report(int argc, char **argv)
{
    struct report_options options = {.symbols = true};
    struct subjects subjects;
    struct problem problem;
    struct story story;
    int status = take_options(argc, argv, &option_set, &options);

    if (status >= 0)
        return status;
    if (!subjects_load(argv + optind, options.symbols, &subjects, &problem)) {
        problem_print(&problem);
        return EXIT_UNREADABLE;
    }
    story_tell(subjects.items, subjects.count, &story);
    status = write_story(&options, &story);
    subjects_free(&subjects);
    return status;
}
