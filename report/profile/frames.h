/* SPDX-License-Identifier: MIT */
/* frames: from the 64-bit words of the journal to named frames. What a frame is called and weighs: frame_names.h. */
#ifndef LASTWORDS_REPORT_FRAMES_H
#define LASTWORDS_REPORT_FRAMES_H

#include "profile/profile.h"

/* The remark of a stack whose inner part is Python, whose outer part is native, and whose order is a guess. */
#define FRAMES_UNMERGED "(order of Python and native frames unknown)"

struct frames;

/* Everything that it returns lives in `arena`. */
struct frames *frames_new(const struct journal *journal, struct arena *arena, bool symbols);
void frames_free(struct frames *frames);

/* The stack that ends in `node`, or that is given as words, innermost first. */
void frames_stack_of_node(struct frames *frames, uint32_t node, struct stack *stack);
void frames_stack_of_words(struct frames *frames, const uint64_t *words, size_t count, struct stack *stack);

#endif
