/* SPDX-License-Identifier: MIT */
/*
 * stack: one merged stack of the calling thread, innermost first: native frames, with the Python frames in the place
 * of the interpreter's evaluation loop that runs them.
 */
#ifndef LW_CONDUCT_STACK_H
#define LW_CONDUCT_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/python.h"
#include "observe/unwind.h"

#define STACK_MAX 200u

struct stack_scratch {
    uint64_t native[UNWIND_MAX];
    struct python_stack python;
};

/*
 * ucontext: NULL in a door; in a signal handler the context that was interrupted. async: the signal may have landed
 * anywhere, so interpreter memory is read through the kernel. Returns the number of frames, at most capacity.
 */
uint32_t stack_capture(struct stack_scratch *scratch, uint64_t *frames, uint32_t capacity, void *ucontext, bool async);
/*
 * The same in a signal handler, with buffers that the handlers share one after the other, so that little is needed of
 * the thread's own stack: fresh stack pages of a hundred threads would be megabytes, just where none are left.
 * frames: LW_THREAD_FRAMES at most. patient: waits for its turn; else 0 when another handler is at it.
 */
uint32_t stack_in_handler(uint64_t *frames, uint32_t capacity, void *ucontext, bool async, bool patient);

void stack_reset(void); /* a new flight begins */

#endif
