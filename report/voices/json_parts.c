/* SPDX-License-Identifier: MIT */
#include "voices/json_parts.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sources/sink.h"

json_t *json_number(uint64_t value)
{
    return value > INT64_MAX ? json_null() : json_integer((json_int_t)value);
}

json_t *json_text(const char *value)
{
    json_t *made = json_string(value);

    if (!made) {
        size_t size = 4 * strlen(value) + 1;
        char *clean = array_resize(NULL, size, 1);
        sink_printable(value, strlen(value), clean, size);
        made = json_string(clean);
        free(clean);
    }
    return made;
}

json_t *json_text_or_null(const char *value)
{
    return value[0] ? json_text(value) : json_null();
}

json_t *json_date(uint64_t realtime_ns)
{
    time_t when = (time_t)(realtime_ns / 1000000000);
    struct tm parts;
    char out[64], day[40];

    if (realtime_ns == 0 || !gmtime_r(&when, &parts))
        return json_null();
    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out, sizeof(out), "%s.%03uZ", day, (unsigned)(realtime_ns / 1000000 % 1000));
    return json_string(out);
}

static json_t *frame_json(const struct frame *frame)
{
    bool python = frame->kind == FRAME_PYTHON;
    char address[32];

    snprintf(address, sizeof(address), "0x%llx", (unsigned long long)frame->address);
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", python ? "python" : "native", "function",
                     json_text_or_null(frame->function), "file", json_text_or_null(frame->file), "line",
                     frame->line > 0 ? json_integer(frame->line) : json_null(), "module",
                     json_text_or_null(frame->module), "address", python ? json_null() : json_string(address),
                     "build_id", json_text_or_null(frame->build_id));
}

json_t *json_stack(const struct stack *stack)
{
    json_t *array = json_array();

    for (size_t i = 0; i < stack->count; i++)
        if (stack->frames[i]->kind != FRAME_MARKER)
            json_array_append_new(array, frame_json(stack->frames[i]));
    return array;
}

void json_add_place(json_t *object, const struct frame *frame)
{
    if (frame && frame->kind == FRAME_MARKER)
        frame = NULL;
    json_object_set_new(object, "function", frame ? json_text_or_null(frame->function) : json_null());
    json_object_set_new(object, "file", frame ? json_text_or_null(frame->file) : json_null());
    json_object_set_new(object, "line", frame && frame->line > 0 ? json_integer(frame->line) : json_null());
}
