/* SPDX-License-Identifier: MIT */
/* subjects: from what people type (journals, a directory, a process id, nothing) to the processes of one job. */
#ifndef LASTWORDS_REPORT_SUBJECTS_H
#define LASTWORDS_REPORT_SUBJECTS_H

#include "commands/commands.h"

#define SUBJECTS_MAX 64u /* of a directory, the newest */

struct subjects {
    struct profile *items[SUBJECTS_MAX];
    size_t count;
};

/*
 * names: NULL-terminated. None: this directory. A directory stands for the newest incident in it and the processes of
 * the same job; a process id for its journal, see below; "-" is standard input. The profiles are
 * in the order of merge_order. False with the problem set, and nothing to free.
 */
bool subjects_load(char *const *names, bool symbols, struct subjects *subjects, struct problem *problem);

/* True for a number that no file is called. */
bool subjects_is_process(const char *subject);

/*
 * The journal of a process: the one that it has mapped, wherever that lies, else the newest with its number in this
 * directory, TMPDIR or /tmp. False with the problem set.
 */
bool subjects_process_path(const char *subject, char *path, size_t size, struct problem *problem);

void subjects_free(struct subjects *subjects);

#endif
