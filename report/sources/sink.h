/* SPDX-License-Identifier: MIT */
/*
 * sink: where output goes, how hostile text is made harmless, and how an error is said.
 *
 * A sink is a text stream with a name. It remembers the first write error; sink_close tells it. Everything that comes
 * out of a journal passes sink_printable before it may reach a terminal.
 */
#ifndef LASTWORDS_REPORT_SINK_H
#define LASTWORDS_REPORT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* One line for people: names the input and the remedy, without a newline and without the program's name. */
struct problem {
    char text[640];
};

__attribute__((format(printf, 2, 3))) void problem_set(struct problem *problem, const char *format, ...);

/* Prints "lastwords: TEXT" to standard error, made printable. */
void problem_print(const struct problem *problem);

/* One row of the first screen; both texts are borrowed. */
typedef void sink_take_row(void *context, const char *key, const char *text);

struct sink {
    FILE *file;
    char name[256];
    bool owned;
    bool failed;             /* set by a voice that could not make its output */
    bool colour;             /* escape sequences are welcome: a terminal, and NO_COLOR is not set */
    char *target, *draft;    /* written as `draft` and renamed to `target` when it is whole; NULL: in place */
    sink_take_row *take_row; /* not NULL: rows go there, and there is no file */
    void *context;
};

enum sink_style { SINK_PLAIN, SINK_BOLD, SINK_DIM };

/*
 * path: a file that is created, or replaced when sink_close finds it whole: until then, and after an error, what was
 * there stays. Devices, pipes and files in a directory without write permission are written in place. NULL or "-":
 * standard output. 0, or -errno with the problem set.
 */
int sink_open(struct sink *sink, const char *path, struct problem *problem);

/* A sink over a stream that somebody else closes. */
void sink_over(struct sink *sink, FILE *file, const char *name);

__attribute__((format(printf, 2, 3))) void sink_printf(struct sink *sink, const char *format, ...);

/* Changes the look of what follows; nothing without colour. */
void sink_style(struct sink *sink, enum sink_style style);

/* Flushes, closes and puts in place what it opened. 0, or -errno with the problem set: the output is incomplete then.
 */
int sink_close(struct sink *sink, struct problem *problem);

/*
 * Copies `length` bytes of text as valid, printable UTF-8: control characters, broken UTF-8 and characters that change
 * the direction of text become \xNN. Always terminates, never writes more than `size` bytes (size > 0), cuts between
 * characters. Returns the length written.
 */
size_t sink_printable(const char *text, size_t length, char *out, size_t size);

#endif
