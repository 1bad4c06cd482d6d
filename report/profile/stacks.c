/* SPDX-License-Identifier: MIT */
#include "profile/stacks.h"

#include <string.h>

#include "profile/labels.h"

bool stacks_interpreter(const struct frame *frame)
{
    static const char *const interpreters[] = {"python", "libpython", "pypy", "libpypy"};
    const char *module = label_base_name(frame->module);

    for (size_t i = 0; frame->kind == FRAME_NATIVE && i < sizeof(interpreters) / sizeof(interpreters[0]); i++)
        if (strncmp(module, interpreters[i], strlen(interpreters[i])) == 0)
            return true;
    return false;
}

static bool has_python(const struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++)
        if (stack->frames[i]->kind == FRAME_PYTHON)
            return true;
    return false;
}

/* What starts a process says nothing either when Python frames follow. A program that embeds Python is no interpreter.
 */
static bool folded(const struct frame *frame, bool python)
{
    if (frame->kind != FRAME_NATIVE)
        return false;
    if (strstr(frame->module, "/liblastwords.so"))
        return true;
    return python && (stacks_interpreter(frame) || strcmp(frame->function, "_start") == 0 ||
                      strncmp(frame->function, "__libc_start", 12) == 0);
}

struct shown stacks_shown(const struct stack *stack, bool native)
{
    struct shown shown = {.frames = array_resize(NULL, stack->count, sizeof(const struct frame *))};
    bool python = has_python(stack);

    for (size_t i = 0; i < stack->count; i++) {
        if (native || stack->frames[i] == stack->user || !folded(stack->frames[i], python))
            shown.frames[shown.count++] = stack->frames[i];
        else
            shown.folded++;
    }
    return shown;
}
