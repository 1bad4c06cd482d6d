/* SPDX-License-Identifier: MIT */
#include "profile/stacks.h"

#include <string.h>

#include "profile/frame_names.h"

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
    return python && (frames_interpreter(frame) || strcmp(frame->function, "_start") == 0 ||
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
