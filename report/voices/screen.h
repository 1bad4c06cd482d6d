/* SPDX-License-Identifier: MIT */
/* screen: a terminal by ncurses. One at a time; the terminal is restored by screen_close and at exit. */
#ifndef LASTWORDS_REPORT_SCREEN_H
#define LASTWORDS_REPORT_SCREEN_H

#include "sources/sink.h"
#include "voices/top_view.h"

enum screen_key { SCREEN_NOTHING = -1, SCREEN_RESIZED = -2, SCREEN_UP = -3, SCREEN_DOWN = -4, SCREEN_ENTER = -5 };

/* False with the problem set when the terminal cannot do it. Sets the locale of characters. */
bool screen_open(struct problem *problem);

void screen_size(size_t *columns, size_t *rows);

/* True when only ASCII can be shown. */
bool screen_ascii(void);

void screen_draw(const struct top_page *page);

/* Waits at most so long; a letter, or one of enum screen_key. */
int screen_wait(int milliseconds);

void screen_close(void);

#endif
