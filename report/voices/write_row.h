/* SPDX-License-Identifier: MIT */
/* write_row: one row of a screen for people: a word in the first column, then a text of any length. */
#ifndef LASTWORDS_REPORT_WRITE_ROW_H
#define LASTWORDS_REPORT_WRITE_ROW_H

#include "sources/sink.h"

#define SCREEN_WIDTH 116u /* columns */

/*
 * "  key        text", wrapped at blanks with the continuation below the text; the sink's take_row, if it has one, gets
 * both instead.
 */
__attribute__((format(printf, 3, 4))) void write_row(struct sink *sink, const char *key, const char *format, ...);

#endif
