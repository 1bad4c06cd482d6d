/* SPDX-License-Identifier: MIT */
/*
 * commands: what stands behind each word of the command line. A command gets its own name as argv[0], prints its own
 * errors, and returns the exit status.
 */
#ifndef LASTWORDS_REPORT_COMMANDS_H
#define LASTWORDS_REPORT_COMMANDS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

#define EXIT_DONE       0
#define EXIT_UNREADABLE 1
#define EXIT_USAGE      2
#define EXIT_GREW       3 /* diff: by more than was allowed */

int cmd_run(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);

/* One line on standard error; returns EXIT_USAGE. command: argv[0] of it. */
__attribute__((format(printf, 2, 3))) int usage_error(const char *command, const char *format, ...);

/* A whole number from 1 to `most`, in decimal digits alone. False, with *number untouched, when it is none. */
bool parse_number(const char *text, uint64_t most, uint64_t *number);

/* What a command's options are, and who takes them. */
struct option_set {
    const char *help;           /* printed by OPTION_HELP, which the table has */
    const char *letters;        /* as for getopt, beginning with ':' */
    const struct option *table; /* values from OPTION_OWN on */
    /* optarg is the value. -1: go on; otherwise the exit status. */
    int (*take)(int option, void *options);
};

enum { OPTION_HELP = 256, OPTION_OWN };

/* Takes all options. -1, with optind at the first argument behind them; otherwise the exit status. */
int take_options(int argc, char **argv, const struct option_set *set, void *options);

/* Opens a journal and builds its profile, with today's OOM counter where that can be read. NULL: problem set. */
struct profile *load_profile(const char *path, bool symbols, struct problem *problem);

#endif
