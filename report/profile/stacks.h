/* SPDX-License-Identifier: MIT */
/*
 * stacks: which frames of a stack are shown. In a stack with Python frames the interpreter's own C functions say
 * nothing that the Python frames do not say better, so that they are folded away; the library's own frames always are.
 */
#ifndef LASTWORDS_REPORT_STACKS_H
#define LASTWORDS_REPORT_STACKS_H

#include "profile/profile.h"

struct shown {
    const struct frame **frames; /* innermost first */
    size_t count;
    size_t folded; /* frames that were left out */
};

/* native: show all. The caller frees shown.frames. */
struct shown stacks_shown(const struct stack *stack, bool native);

#endif
