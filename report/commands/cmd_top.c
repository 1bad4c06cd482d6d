/* SPDX-License-Identifier: MIT */
#include "commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/subjects.h"
#include "sources/journal_live.h"
#include "voices/screen.h"

#define MAX_CANDIDATES   200u
#define DEFAULT_INTERVAL 1.0
#define ONCE_ROWS        24u
#define ONCE_COLUMNS     116u

static const char help[] =
    "usage: lastwords top [options] [PID|JOURNAL]\n"
    "\n"
    "Shows a running process from its journal alone, without stopping it: headroom and the time to the limit, "
    "pressure,\n"
    "and the lines of code that hold and obtain memory. Without an argument: the one that runs, or a list to choose\n"
    "from.\n"
    "\n"
    "  --once             print it once, as plain text; also when standard output is no terminal\n"
    "  --by METRIC        order: resident (default), committed, growth or peak\n"
    "  --interval S       seconds between two looks (default 1)\n"
    "  --help\n"
    "\n"
    "Keys: r resident, c committed, g growth, p peak, l list of processes, q quit.\n"
    "\n"
    "Exit status: 0 done, 1 the journal could not be read or none is there, 2 usage.\n";

struct top_options {
    bool once;
    enum metric by;
    int interval_ms;
    const char *subject; /* NULL: look around */
};

enum { OPTION_ONCE = OPTION_OWN, OPTION_BY, OPTION_INTERVAL };

static const struct option long_options[] = {
    {"once", no_argument, NULL, OPTION_ONCE},
    {"by", required_argument, NULL, OPTION_BY},
    {"interval", required_argument, NULL, OPTION_INTERVAL},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static int take(int option, void *context)
{
    struct top_options *options = context;
    char *end = NULL;
    double seconds;

    switch (option) {
    case OPTION_ONCE:
        options->once = true;
        return -1;
    case OPTION_BY:
        if (metric_parse(optarg, &options->by) && options->by != METRIC_TOUCHED)
            return -1;
        return usage_error("top", "--by=%s: is none of resident, committed, growth, peak", optarg);
    default: /* OPTION_INTERVAL */
        seconds = strtod(optarg, &end);
        if (*end || end == optarg || !(seconds >= 0.1 && seconds <= 3600))
            return usage_error("top", "--interval=%s: is not a time from 0.1 to 3600 s", optarg);
        options->interval_ms = (int)(seconds * 1000);
        return -1;
    }
}

static const struct option_set option_set = {.help = help, .letters = ":", .table = long_options, .take = take};

/* ---- the list of processes ---- */

struct candidates {
    struct journal_list list;
    struct top_candidate items[MAX_CANDIDATES];
    struct profile *profiles[MAX_CANDIDATES]; /* the texts of the items are theirs */
    char *paths[MAX_CANDIDATES];
    size_t count;
};

static void candidates_free(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++)
        profile_free(candidates->profiles[i]);
    free(candidates->list.items);
    candidates->count = 0;
    candidates->list = (struct journal_list){.count = 0};
}

static void candidates_find(struct candidates *candidates)
{
    struct problem ignored;

    candidates_free(candidates);
    journal_live_all(&candidates->list);
    for (size_t i = 0; i < candidates->list.count && candidates->count < MAX_CANDIDATES; i++) {
        struct profile *profile = load_profile(candidates->list.items[i].path, false, &ignored);
        if (!profile)
            continue;
        candidates->profiles[candidates->count] = profile;
        candidates->paths[candidates->count] = candidates->list.items[i].path;
        candidates->items[candidates->count++] = (struct top_candidate){
            .pid = profile->identity->pid,
            .command = profile->command,
            .resident_bytes = profile_resident_bytes(profile),
            .headroom_bytes = profile->binding ? profile->state.headroom_bytes : LW_UNLIMITED,
        };
    }
}

/* ---- printing once ---- */

static void print_page(struct sink *sink, const struct top_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        enum top_look look = page->lines[i].look;
        bool bold = look == TOP_TITLE || look == TOP_HEAD || look == TOP_ALARM;
        sink_style(sink, bold ? SINK_BOLD : SINK_PLAIN);
        sink_printf(sink, "%s", page->lines[i].text);
        sink_style(sink, SINK_PLAIN);
        sink_printf(sink, "\n");
    }
}

static int once(const struct top_options *options, const char *path, struct candidates *candidates,
                struct top_page *page)
{
    struct top_view view = {.columns = ONCE_COLUMNS, .rows = ONCE_ROWS, .by = options->by};
    struct problem problem;
    struct sink sink;

    if (path) {
        struct profile *profile = load_profile(path, false, &problem);
        if (!profile) {
            problem_print(&problem);
            return EXIT_UNREADABLE;
        }
        top_compose(profile, &view, page);
        profile_free(profile);
    } else {
        view.rows = TOP_MAX_LINES;
        top_compose_list(candidates->items, candidates->count, SIZE_MAX, &view, page);
    }
    sink_over(&sink, stdout, "standard output");
    print_page(&sink, page);
    if (sink_close(&sink, &problem) == 0)
        return EXIT_DONE;
    problem_print(&problem);
    return EXIT_UNREADABLE;
}

/* ---- living ---- */

struct top {
    const struct top_options *options;
    enum metric by;
    char path[PATH_MAX]; /* "": the list is shown */
    size_t chosen;
    struct candidates candidates;
    struct profile *profile; /* the last one that could be read: it stays when the process and its journal are gone */
    struct top_page page;
};

static void look(struct top *top, struct problem *problem)
{
    if (!top->path[0]) {
        candidates_find(&top->candidates);
        if (top->chosen >= top->candidates.count)
            top->chosen = top->candidates.count ? top->candidates.count - 1 : 0;
        return;
    }
    struct profile *profile = load_profile(top->path, false, problem);
    if (profile) {
        profile_free(top->profile);
        top->profile = profile;
    }
}

static void draw(struct top *top)
{
    struct top_view view = {.by = top->by, .ascii = screen_ascii(), .keys = true};

    screen_size(&view.columns, &view.rows);
    if (top->path[0] && top->profile)
        top_compose(top->profile, &view, &top->page);
    else
        top_compose_list(top->candidates.items, top->candidates.count, top->chosen, &view, &top->page);
    screen_draw(&top->page);
}

static void press_in_list(struct top *top, int key)
{
    if (key == SCREEN_UP && top->chosen > 0)
        top->chosen--;
    else if (key == SCREEN_DOWN && top->chosen + 1 < top->candidates.count)
        top->chosen++;
    else if (key == SCREEN_ENTER && top->chosen < top->candidates.count)
        snprintf(top->path, sizeof(top->path), "%s", top->candidates.paths[top->chosen]);
}

static void press(struct top *top, int key)
{
    static const struct {
        int key;
        enum metric by;
    } orders[] = {{'r', METRIC_RESIDENT}, {'c', METRIC_COMMITTED}, {'g', METRIC_GROWTH}, {'p', METRIC_PEAK}};

    if (!top->path[0]) {
        press_in_list(top, key);
        return;
    }
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (key == orders[i].key)
            top->by = orders[i].by;
    if (key == 'l')
        top->path[0] = '\0';
}

/* A key is answered at once, from what was read last unless another thing is to be shown now. */
static void live(struct top *top)
{
    struct problem ignored;
    int key = SCREEN_NOTHING;

    for (bool stale = true; key != 'q'; stale = key == SCREEN_NOTHING) {
        char shown[sizeof(top->path)];
        if (stale)
            look(top, &ignored);
        draw(top);
        snprintf(shown, sizeof(shown), "%s", top->path);
        key = screen_wait(top->options->interval_ms);
        press(top, key);
        if (strcmp(shown, top->path) != 0)
            look(top, &ignored);
    }
}

/* One that runs is shown at once; of several the list. False: there is none. */
static bool choose(struct top *top)
{
    candidates_find(&top->candidates);
    if (top->candidates.count == 1)
        snprintf(top->path, sizeof(top->path), "%s", top->candidates.paths[0]);
    return top->candidates.count > 0;
}

static int run(struct top *top, struct problem *problem)
{
    const char *subject = top->options->subject;

    if (subject && !subjects_is_process(subject))
        snprintf(top->path, sizeof(top->path), "%s", subject);
    else if (subject && !subjects_process_path(subject, top->path, sizeof(top->path), problem))
        return EXIT_UNREADABLE;
    if (!subject && !choose(top)) {
        problem_set(problem, "no process with a journal runs here: start one with lastwords run, or name a journal");
        return EXIT_UNREADABLE;
    }
    if (top->path[0] && !(top->profile = load_profile(top->path, false, problem)))
        return EXIT_UNREADABLE;
    if (top->options->once || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
        return once(top->options, top->path[0] ? top->path : NULL, &top->candidates, &top->page);
    if (!screen_open(problem))
        return EXIT_UNREADABLE;
    live(top);
    screen_close();
    return EXIT_DONE;
}

int cmd_top(int argc, char **argv)
{
    struct top_options options = {.by = METRIC_RESIDENT, .interval_ms = (int)(DEFAULT_INTERVAL * 1000)};
    static struct top top;
    struct problem problem = {.text = ""};
    int status = take_options(argc, argv, &option_set, &options);

    if (status >= 0)
        return status;
    if (argc - optind > 1)
        return usage_error("top", "%s: one process at a time", argv[optind + 1]);
    options.subject = argv[optind];
    top.options = &options;
    top.by = options.by;
    status = run(&top, &problem);
    if (status != EXIT_DONE && problem.text[0])
        problem_print(&problem);
    profile_free(top.profile);
    candidates_free(&top.candidates);
    return status;
}
