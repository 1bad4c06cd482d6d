/* SPDX-License-Identifier: MIT */
/* lines: rolls call sites up by the line of the user's code that is responsible for them. */
#ifndef LASTWORDS_REPORT_LINES_H
#define LASTWORDS_REPORT_LINES_H

#include "profile/profile.h"

/* Fills profile->lines from profile->sites, largest first; the lines live in the profile's arena. */
void lines_roll_up(struct profile *profile);

/* An order in which frames of the same line are equal. NULL is smaller than every frame. */
int lines_compare(const struct frame *a, const struct frame *b);

/* True when both frames stand for the same line: same function, file and line, and the same module without a file. */
bool lines_same(const struct frame *a, const struct frame *b);

#endif
