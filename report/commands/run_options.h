/* SPDX-License-Identifier: MIT */
/*
 * run_options: the command line of `lastwords run`, and the environment that it becomes. Pure but for reading the
 * environment that is handed in.
 */
#ifndef LASTWORDS_REPORT_RUN_OPTIONS_H
#define LASTWORDS_REPORT_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/sink.h"

#define RUN_MAX_SETTINGS 32u

struct run_setting {
    const char *key; /* of the table */
    const char *value;
};

struct run_options {
    bool help;
    uint64_t limit_bytes;   /* 0: none */
    const char *limit_text; /* as it was typed */
    struct run_setting settings[RUN_MAX_SETTINGS];
    size_t setting_count;
    char **command; /* NULL-terminated; inside argv */
};

/*
 * argv[0] is "run". Options end at "--" or at the first word that is none. False with the problem set: unknown option
 * (with the nearest valid one), a missing value or no command.
 */
bool run_options_parse(int argc, char **argv, struct run_options *options, struct problem *problem);

/*
 * The value of LASTWORDS for the job: `inherited` (may be NULL) first, then the options, so that these win; at the end
 * limit=, when `limit_by_library`. Values that hold a colon are put in double quotes. False when `size` is too small.
 */
bool run_options_environment(const struct run_options *options, const char *inherited, bool limit_by_library, char *out,
                             size_t size);

/*
 * The value that the job will see for a key: of the options, else of the inherited LASTWORDS, else "". Copied into
 * `out` without quotes.
 */
void run_options_effective(const struct run_options *options, const char *inherited, const char *key, char *out,
                           size_t size);

/* One line an option, for --help. */
void run_options_print(FILE *out);

#endif
