/* SPDX-License-Identifier: MIT */
/*
 * commands: what stands behind each word of the command line. A command gets its own name as argv[0], prints its own
 * errors, and returns the exit status.
 */
#ifndef LASTWORDS_REPORT_COMMANDS_H
#define LASTWORDS_REPORT_COMMANDS_H

#include <stddef.h>

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

/* One line on standard error; returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) int usage_error(const char *command, const char *format, ...);

/* Opens a journal and builds its profile, with today's OOM counter where that can be read. NULL: problem set. */
struct profile *load_profile(const char *path, bool symbols, struct problem *problem);

#endif
