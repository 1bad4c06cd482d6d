/* SPDX-License-Identifier: MIT */
/*
 * frames: from the 64-bit words of the journal to named frames, and which frame of a stack is responsible.
 *
 * The responsible frame is the innermost Python frame outside of library folders (the interpreter's lib,
 * site-packages, dist-packages, frozen modules), else, in a stack without such, the innermost Python frame, else the
 * innermost named frame of the main program that is neither allocator nor language run-time, else the innermost named
 * frame that is neither.
 */
#ifndef LASTWORDS_REPORT_FRAMES_H
#define LASTWORDS_REPORT_FRAMES_H

#include "profile/profile.h"

/* The remark of a stack whose inner part is Python, whose outer part is native, and whose order is a guess. */
#define FRAMES_UNMERGED "(order of Python and native frames unknown)"

struct frames;

/* Everything that it returns lives in `arena`. */
struct frames *frames_new(const struct journal *journal, struct arena *arena, bool symbols);
void frames_free(struct frames *frames);

/* The stack that ends in `node`, or that is given as words, innermost first. */
void frames_stack_of_node(struct frames *frames, uint32_t node, struct stack *stack);
void frames_stack_of_words(struct frames *frames, const uint64_t *words, size_t count, struct stack *stack);

/* Pure parts. */
bool frames_python_library(const char *file);
bool frames_runtime_function(const char *function);
const char *frames_short_file(const char *file, const char *directory);
const struct frame *frames_responsible(const struct frame *const *frames, size_t count);

/* Without template arguments, call arguments and return type; in the arena. */
const char *frames_short_function(const char *function, struct arena *arena);

#endif
