/* SPDX-License-Identifier: MIT */
#include "profile/labels.h"

#include <stdio.h>
#include <string.h>

#include "profile/frame_names.h"

#define ARROW    " → "
#define ELLIPSIS "…"

const char *label_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

size_t label_columns(const char *text)
{
    size_t columns = 0;

    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

struct label label_cut(const char *text, size_t columns)
{
    struct label label;
    size_t bytes = 0, used = 0, whole = label_columns(text);

    while (text[bytes] && bytes < sizeof(label.text) - 8) {
        size_t next = bytes + 1;
        while (((unsigned char)text[next] & 0xc0) == 0x80)
            next++;
        if (whole > columns && used + 1 >= columns)
            break;
        bytes = next;
        used++;
    }
    memcpy(label.text, text, bytes);
    label.text[bytes] = '\0';
    if (text[bytes])
        strcat(label.text, ELLIPSIS);
    return label;
}

struct label label_frame(const struct frame *frame)
{
    char text[1024];

    if (!frame)
        return label_cut("(call sites that found no room in the journal)", 80);
    const char *name = frame->short_function;
    if (frame->kind == FRAME_MARKER)
        snprintf(text, sizeof(text), "%s", name);
    else if (frame->kind == FRAME_PYTHON && frame->line > 0)
        snprintf(text, sizeof(text), "%.400s:%d %.400s", frame->short_file, frame->line, name);
    else if (frame->kind == FRAME_PYTHON)
        snprintf(text, sizeof(text), "%.400s %.400s", frame->short_file, name);
    else if (frame->file[0] && name[0])
        snprintf(text, sizeof(text), "%.300s:%d %.400s", label_base_name(frame->file), frame->line, name);
    else if (name[0] && frame->module[0])
        snprintf(text, sizeof(text), "%.400s (%.300s)", name, label_base_name(frame->module));
    else if (name[0])
        snprintf(text, sizeof(text), "%.400s", name);
    else
        snprintf(text, sizeof(text), "%.300s 0x%llx", frame->module[0] ? label_base_name(frame->module) : "address",
                 (unsigned long long)frame->address);
    return label_cut(text, 90);
}

struct label label_place(const struct frame *frame)
{
    char text[1024];

    if (!frame || frame->kind == FRAME_MARKER || !frame->short_function[0])
        return label_frame(frame);
    const char *name = frame->short_function;
    bool top = name[0] == '<';
    if (frame->kind == FRAME_PYTHON)
        snprintf(text, sizeof(text), top ? "%.400s:%d" : "%.400s:%d %.400s()", frame->short_file, frame->line, name);
    else if (frame->file[0])
        snprintf(text, sizeof(text), "%.300s:%d %.400s()", label_base_name(frame->file), frame->line, name);
    else
        snprintf(text, sizeof(text), "%.400s() in %.300s", name, label_base_name(frame->module));
    return label_cut(text, 90);
}

static size_t user_index(const struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++)
        if (stack->frames[i] == stack->user)
            return i;
    return 0;
}

/* Library frames that only pass a call on: decorators, comprehensions, the import machinery. */
static bool wrapper(const struct frame *frame)
{
    bool comprehension = frame->short_function[0] == '<' && strncmp(frame->short_function, "<module", 7) != 0;

    return comprehension || strstr(frame->short_function, "<locals>") || strstr(frame->file, "_decorators.py") ||
           strncmp(frame->file, "<frozen ", 8) == 0;
}

/* Does this frame, further in than the responsible one, say anything? An interpreter's own frames do not. */
static bool telling(const struct frame *frame, bool python)
{
    if (frame->kind == FRAME_MARKER || !frame->short_function[0])
        return false;
    if (frame->kind == FRAME_PYTHON)
        return !frame->library || !wrapper(frame);
    return !frame->library && !(python && (frame->main_program || frames_interpreter(frame)));
}

struct label label_callee(const struct stack *stack)
{
    bool python = stack->user && stack->user->kind == FRAME_PYTHON;
    char text[600];

    for (size_t i = user_index(stack); i-- > 0;) {
        const struct frame *frame = stack->frames[i];
        if (!telling(frame, python))
            continue;
        const char *base = label_base_name(frame->kind == FRAME_PYTHON ? frame->short_file : frame->module);
        const char *package = frame->kind == FRAME_PYTHON ? frame->short_file : base;
        size_t length = strcspn(package, "/.");
        if (length == 0 || package[0] == '<')
            length = 0;
        snprintf(text, sizeof(text), ARROW "%.*s%s%.300s", (int)(length < 100 ? length : 100), package,
                 length ? " " : "", frame->short_function);
        return label_cut(text, 60);
    }
    return (struct label){.text = ""};
}

struct label label_chain(const struct stack *stack, size_t columns)
{
    struct label chain = label_cut(label_frame(stack->user).text, columns);
    bool python = stack->user && stack->user->kind == FRAME_PYTHON, left_out = false;
    size_t bytes = strlen(chain.text), used = label_columns(chain.text);

    for (size_t i = stack->user ? user_index(stack) : 0; i-- > 0;) {
        if (!telling(stack->frames[i], python))
            continue;
        struct label next = label_frame(stack->frames[i]);
        size_t wide = 3 + label_columns(next.text), length = strlen(next.text) + strlen(ARROW);
        size_t reserve = i > 0 ? 4 : 0;
        left_out = used + wide + reserve > columns || bytes + length + 12 > sizeof(chain.text);
        if (left_out)
            break;
        bytes += (size_t)snprintf(chain.text + bytes, sizeof(chain.text) - bytes, ARROW "%s", next.text);
        used += wide;
    }
    if (left_out && used + 4 <= columns && bytes + 12 < sizeof(chain.text))
        strcat(chain.text, ARROW ELLIPSIS);
    return chain;
}
