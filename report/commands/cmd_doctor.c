/* SPDX-License-Identifier: MIT */
#include "commands/commands.h"

#include <stdio.h>
#include <string.h>

#include "commands/doctor_checks.h"

#define MAX_FINDINGS 8u

static const char help[] =
    "usage: lastwords doctor [-- COMMAND]\n"
    "\n"
    "Says what lastwords can sense here and what is missing: cgroup limits, swap, overcommit mode, pressure,\n"
    "fault counter, huge pages, OOM score, page map, unwinder, journal directory. With a command: whether the\n"
    "library would be loaded into it.\n"
    "\n"
    "Exit status: 0 it works here, 1 something that is needed is missing, 2 usage.\n";

/* Returns whether it is good enough. */
static bool print_finding(struct sink *sink, const struct finding *finding)
{
    static const char *const grades[] = {[FINDING_GOOD] = "ok", [FINDING_NOTE] = "note", [FINDING_BAD] = "MISSING"};
    char clean[2 * sizeof(finding->text)];

    sink_printable(finding->text, strlen(finding->text), clean, sizeof(clean));
    sink_style(sink, finding->grade == FINDING_BAD ? SINK_BOLD : SINK_PLAIN);
    sink_printf(sink, "  %-8s %-14s %s\n", grades[finding->grade], finding->what, clean);
    sink_style(sink, SINK_PLAIN);
    return finding->grade != FINDING_BAD;
}

int cmd_doctor(int argc, char **argv)
{
    struct finding finding, findings[MAX_FINDINGS];
    struct problem problem;
    struct sink sink;
    bool good = true;
    int at = 1;

    if (at < argc && (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0)) {
        fputs(help, stdout);
        return EXIT_DONE;
    }
    if (at < argc && strcmp(argv[at], "--") == 0)
        at++;
    else if (at < argc && argv[at][0] == '-')
        return usage_error("doctor", "%s: no such option", argv[at]);
    sink_over(&sink, stdout, "standard output");
    for (size_t i = 0; doctor_check(i, &finding); i++)
        good = print_finding(&sink, &finding) && good;
    size_t count = at < argc ? doctor_command(argv[at], findings, MAX_FINDINGS) : 0;
    for (size_t i = 0; i < count; i++)
        good = print_finding(&sink, &findings[i]) && good;
    if (sink_close(&sink, &problem) != 0) {
        problem_print(&problem);
        return EXIT_UNREADABLE;
    }
    return good ? EXIT_DONE : EXIT_UNREADABLE;
}
