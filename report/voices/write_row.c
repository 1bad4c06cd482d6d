/* SPDX-License-Identifier: MIT */
#include "voices/write_row.h"

#include <stdarg.h>
#include <string.h>

#include "profile/labels.h"

#define KEY_COLUMNS 13u

__attribute__((format(printf, 3, 4))) void write_row(struct sink *sink, const char *key, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    size_t column = KEY_COLUMNS, pending = 0;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (sink->take_row) {
        sink->take_row(sink->context, key, text);
        return;
    }
    sink_style(sink, SINK_DIM);
    sink_printf(sink, "  %-10s ", key);
    sink_style(sink, SINK_PLAIN);
    for (const char *rest = text; *rest;) {
        size_t length = strcspn(rest, " ");
        char word[sizeof(text)];
        snprintf(word, sizeof(word), "%.*s", (int)length, rest);
        size_t columns = label_columns(word);
        if (column + pending + columns > SCREEN_WIDTH && column > KEY_COLUMNS) {
            sink_printf(sink, "\n%*s", (int)KEY_COLUMNS, "");
            column = KEY_COLUMNS;
            pending = 0;
        }
        sink_printf(sink, "%*s%s", (int)pending, "", word);
        column += pending + columns;
        pending = strspn(rest + length, " "); /* blanks inside a row keep their number */
        rest += length + pending;
    }
    sink_printf(sink, "\n");
}
