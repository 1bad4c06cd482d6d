/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "commands/commands.h"

static const struct {
    const char *name;
    int (*function)(int argc, char **argv);
    const char *text;
} commands[] = {
    {"run", cmd_run, "start a job with the library preloaded; when it dies of memory, say why"},
    {"report", cmd_report, "the post-mortem from a journal, as text or for other programs"},
    {"doctor", cmd_doctor, "what can be sensed here, and what is missing"},
    {"top", cmd_top, "a running job, live: headroom, time to the limit, growing lines"},
    {"diff", cmd_diff, "two runs: which lines of code hold more now, and which less"},
    {"explain", cmd_explain, "what the kernel's OOM record says, in plain words, and who held the memory"},
};

static void print_help(FILE *out)
{
    fputs("usage: lastwords COMMAND [options]\n\n"
          "Says what a job that ran out of memory was doing: which lines held how much, which limit it hit.\n\n",
          out);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].text);
    fputs("\nlastwords COMMAND --help says more.  lastwords --version\n", out);
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";

    if (strcmp(name, "--version") == 0) {
        puts("lastwords " LASTWORDS_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help(stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].function(argc - 1, argv + 1);
    if (!*name) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    struct problem problem;
    problem_set(&problem, "%s: no such command (lastwords --help)", name);
    problem_print(&problem);
    return EXIT_USAGE;
}
