/* SPDX-License-Identifier: MIT */
/*
 * frame_names: what a frame is called in short, whether it is the user's, and which of a stack is responsible. Pure.
 *
 * The responsible frame is the innermost Python frame outside of library folders (the interpreter's lib,
 * site-packages, dist-packages, frozen modules), else, in a stack without such, the innermost Python frame, else the
 * innermost named frame of the main program that is neither allocator nor language run-time, else the innermost named
 * frame that is neither.
 */
#ifndef LASTWORDS_REPORT_FRAME_NAMES_H
#define LASTWORDS_REPORT_FRAME_NAMES_H

#include "profile/profile.h"

/* A file of the interpreter's or of an installed package. */
bool frames_python_library(const char *file);

/* Obtains memory for others, or belongs to a run-time whose names explain nothing. function: its short name. */
bool frames_runtime_function(const char *function);

/* A native frame of a Python interpreter: its executable or its libpython. */
bool frames_interpreter(const struct frame *frame);

/* Below site-packages, the interpreter's lib or the working directory; else the whole path. Part of `file`. */
const char *frames_short_file(const char *file, const char *directory);

/* Without template arguments, call arguments and return type; in the arena. */
const char *frames_short_function(const char *function, struct arena *arena);

/* NULL for a stack without frames; a marker where there is nothing but markers: it says why. */
const struct frame *frames_responsible(const struct frame *const *frames, size_t count);

#endif
