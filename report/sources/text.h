/* SPDX-License-Identifier: MIT */
/* text: a text that is put together bit by bit in an array of a fixed size. */
#ifndef LASTWORDS_REPORT_TEXT_H
#define LASTWORDS_REPORT_TEXT_H

#include <stddef.h>

/* Appends to a terminated text in an array of `size` bytes; what finds no room is cut. */
__attribute__((format(printf, 3, 4))) void text_append(char *text, size_t size, const char *format, ...);

#endif
