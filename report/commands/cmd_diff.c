/* SPDX-License-Identifier: MIT */
#include "commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/subjects.h"
#include "sources/sizes.h"
#include "voices/write_diff.h"

#define DEFAULT_ROWS 15u

static const char help[] =
    "usage: lastwords diff [options] OLD NEW\n"
    "\n"
    "Two runs beside each other: which lines of code hold more now, and which less. OLD and NEW are journals, or\n"
    "directories that hold those of one job each.\n"
    "\n"
    "  --by METRIC        resident (default), committed or peak\n"
    "  --sites            by call site, with its stack, instead of by line\n"
    "  --rows N           at most N lines of the table (default 15)\n"
    "  --fail-over LIMIT  exit with status 3 when the total grew by more: 10%, or 50M\n"
    "  --json             for programs: schema lastwords-diff/1\n"
    "  -o, --output FILE  write there; - is standard output\n"
    "  --no-symbols       do not look at binaries on this machine for files and lines\n"
    "  --help\n"
    "\n"
    "Exit status: 0 done, 1 an input could not be read, 2 usage, 3 it grew by more than --fail-over allows.\n";

struct diff_options {
    enum metric metric;
    bool sites, json, symbols;
    uint64_t rows; /* 0: not given */
    bool fail_over;
    double fail_percent; /* negative: bytes count */
    uint64_t fail_bytes;
    const char *output;
};

enum { OPTION_BY = OPTION_OWN, OPTION_SITES, OPTION_ROWS, OPTION_FAIL, OPTION_JSON, OPTION_NO_SYMBOLS };

static const struct option long_options[] = {
    {"by", required_argument, NULL, OPTION_BY},
    {"sites", no_argument, NULL, OPTION_SITES},
    {"rows", required_argument, NULL, OPTION_ROWS},
    {"fail-over", required_argument, NULL, OPTION_FAIL},
    {"json", no_argument, NULL, OPTION_JSON},
    {"output", required_argument, NULL, 'o'},
    {"no-symbols", no_argument, NULL, OPTION_NO_SYMBOLS},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

/* "10%", "2.5%" or a size. */
static bool take_limit(const char *text, struct diff_options *options)
{
    char *end;
    double percent = strtod(text, &end);

    options->fail_over = true;
    options->fail_percent = -1;
    if (strcmp(end, "%") == 0 && end != text && percent >= 0 && percent < 1e9) {
        options->fail_percent = percent;
        return true;
    }
    return strcmp(text, "0") == 0 || size_parse(text, &options->fail_bytes);
}

static int take(int option, void *context)
{
    struct diff_options *options = context;

    switch (option) {
    case OPTION_BY:
        if (metric_parse(optarg, &options->metric) && options->metric != METRIC_GROWTH &&
            options->metric != METRIC_TOUCHED)
            return -1;
        return usage_error("diff", "--by=%s: is none of resident, committed, peak", optarg);
    case OPTION_SITES:
        options->sites = true;
        return -1;
    case OPTION_ROWS:
        if (!parse_number(optarg, SIZE_MAX, &options->rows))
            return usage_error("diff", "--rows=%s: is not a number of lines", optarg);
        return -1;
    case OPTION_FAIL:
        if (!take_limit(optarg, options))
            return usage_error("diff", "--fail-over=%s: is neither a share such as 10%% nor a size such as 50M",
                               optarg);
        return -1;
    case OPTION_JSON:
        options->json = true;
        return -1;
    case OPTION_NO_SYMBOLS:
        options->symbols = false;
        return -1;
    default: /* 'o' */
        options->output = optarg;
        return -1;
    }
}

static const struct option_set option_set = {.help = help, .letters = ":o:", .table = long_options, .take = take};

static bool beyond(const struct diff_options *options, const struct comparison *comparison)
{
    uint64_t old = comparison->totals[COMPARE_OLD], new = comparison->totals[COMPARE_NEW];

    if (!options->fail_over || new <= old)
        return false;
    return options->fail_percent >= 0 ? compare_percent(old, new) > options->fail_percent
                                      : new - old > options->fail_bytes;
}

static int write_comparison(const struct diff_options *options, const struct story stories[COMPARE_SIDES])
{
    struct diff_view view = {.stories = {&stories[COMPARE_OLD], &stories[COMPARE_NEW]}, .sites = options->sites};
    struct comparison comparison;
    struct problem problem;
    struct sink sink;
    int status = EXIT_UNREADABLE;

    view.rows = options->rows || options->json ? options->rows : DEFAULT_ROWS;
    compare_make(&comparison, view.stories[COMPARE_OLD], view.stories[COMPARE_NEW], options->metric, options->sites);
    if (sink_open(&sink, options->output, &problem) == 0) {
        (options->json ? write_diff_json : write_diff_text)(&sink, &comparison, &view);
        if (sink_close(&sink, &problem) == 0)
            status = beyond(options, &comparison) ? EXIT_GREW : EXIT_DONE;
    }
    if (status == EXIT_UNREADABLE)
        problem_print(&problem);
    compare_free(&comparison);
    return status;
}

int cmd_diff(int argc, char **argv)
{
    static struct subjects subjects[COMPARE_SIDES];
    struct diff_options options = {.symbols = true};
    struct story stories[COMPARE_SIDES];
    struct problem problem;
    int status = take_options(argc, argv, &option_set, &options), loaded = 0;

    if (status >= 0)
        return status;
    if (argc - optind != COMPARE_SIDES)
        return usage_error("diff", "two journals or directories are compared, the old one first");
    for (; loaded < COMPARE_SIDES; loaded++) {
        char *const names[] = {argv[optind + loaded], NULL};
        if (!subjects_load(names, options.symbols, &subjects[loaded], &problem))
            break;
        story_tell(subjects[loaded].items, subjects[loaded].count, &stories[loaded]);
    }
    if (loaded == COMPARE_SIDES) {
        status = write_comparison(&options, stories);
    } else {
        problem_print(&problem);
        status = EXIT_UNREADABLE;
    }
    while (loaded-- > 0)
        subjects_free(&subjects[loaded]);
    return status;
}
