/* SPDX-License-Identifier: MIT */
#include "voices/screen.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

static SCREEN *terminal;

bool screen_open(struct problem *problem)
{
    const char *name = getenv("TERM"), *no_color = getenv("NO_COLOR");

    setlocale(LC_CTYPE, "");
    terminal = newterm(NULL, stdout, stdin);
    if (!terminal) {
        problem_set(problem, "TERM=%.60s: this terminal is not known: lastwords top --once prints plain text",
                    name ? name : "");
        return false;
    }
    cbreak();
    noecho();
    keypad(stdscr, TRUE);
    curs_set(0);
    set_escdelay(50);
    if (has_colors() && (!no_color || !*no_color)) {
        start_color();
        use_default_colors();
        init_pair(1, COLOR_RED, -1);
    }
    return true;
}

void screen_size(size_t *columns, size_t *rows)
{
    int height, width;

    getmaxyx(stdscr, height, width);
    *columns = width > 40 ? (size_t)width : 40;
    *rows = height > 10 ? (size_t)height : 10;
}

bool screen_ascii(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

static attr_t look_of(enum top_look look)
{
    static const attr_t looks[] = {
        [TOP_PLAIN] = A_NORMAL, [TOP_TITLE] = A_BOLD, [TOP_HEAD] = A_REVERSE,
        [TOP_DIM] = A_NORMAL,   [TOP_ALARM] = A_BOLD, [TOP_CHOSEN] = A_REVERSE,
    };

    return looks[look] | (look == TOP_ALARM && has_colors() ? COLOR_PAIR(1) : 0);
}

void screen_draw(const struct top_page *page)
{
    int height = getmaxy(stdscr);

    erase();
    for (size_t i = 0; i < page->count && (int)i < height; i++) {
        attrset(look_of(page->lines[i].look));
        mvaddstr((int)i, 0, page->lines[i].text);
        if (page->lines[i].look == TOP_HEAD || page->lines[i].look == TOP_CHOSEN)
            for (int x = getcurx(stdscr); getcury(stdscr) == (int)i && x < getmaxx(stdscr) - 1; x++)
                addch(' ');
    }
    attrset(A_NORMAL);
    refresh();
}

int screen_wait(int milliseconds)
{
    timeout(milliseconds);
    int key = getch();
    switch (key) {
    case ERR:
        return SCREEN_NOTHING;
    case KEY_RESIZE:
        return SCREEN_RESIZED;
    case KEY_UP:
        return SCREEN_UP;
    case KEY_DOWN:
        return SCREEN_DOWN;
    case KEY_ENTER:
    case '\n':
    case '\r':
        return SCREEN_ENTER;
    default:
        return key;
    }
}

void screen_close(void)
{
    if (!terminal)
        return;
    endwin();
    delscreen(terminal);
    terminal = NULL;
}
