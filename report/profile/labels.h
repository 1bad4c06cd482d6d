/* SPDX-License-Identifier: MIT */
/* labels: frames and stacks in one short line, for people. All return `out`, always terminated, cut between characters.
 */
#ifndef LASTWORDS_REPORT_LABELS_H
#define LASTWORDS_REPORT_LABELS_H

#include "profile/profile.h"

struct label {
    char text[400];
};

/* "transform.py:6 load", "grow (leak.c:42)", "PyArray_NewFromDescr (_multiarray.so)", "leak+0x1010". */
struct label label_frame(const struct frame *frame);

/* For a sentence: "transform.py:6 load()", "transform.py:6" at module level, "remember() in leak". */
struct label label_place(const struct frame *frame);

/* What the responsible frame called, in two words: " → pandas read_csv"; "" when there is nothing to say. */
struct label label_callee(const struct stack *stack);

/* The responsible frame and the way inward, at most `columns` wide, " → …" where something was left out. */
struct label label_chain(const struct stack *stack, size_t columns);

/* At most `columns` wide; what is too long ends in an ellipsis. */
struct label label_cut(const char *text, size_t columns);

/* Columns on a terminal: characters, not bytes. */
size_t label_columns(const char *text);

const char *label_base_name(const char *path);

#endif
