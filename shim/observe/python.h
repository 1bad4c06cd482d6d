/* SPDX-License-Identifier: MIT */
/*
 * python: the Python call stack of a thread, read from the interpreter's own structures: no link to libpython, no
 * allocation, no GIL taken.
 *
 * python_find: watcher thread only (it takes loader locks). Until it has succeeded, and for interpreters it does not
 * know (free-threaded, debug, another layout), walks give nothing.
 * python_walk: the calling thread's own stack. PYTHON_OWN: called synchronously (in a door, or at the thread's own
 * page fault): plain loads are sound, because only the owner pushes and pops its frames and frames keep their code
 * alive. PYTHON_ASYNC: from a signal that may have landed anywhere: every read goes through the kernel.
 * Names are copied at first sight, while the frame keeps the code object alive; nothing is looked up later.
 */
#ifndef LW_OBSERVE_PYTHON_H
#define LW_OBSERVE_PYTHON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/journal.h"

#define PYTHON_MAX_FRAMES 128u

enum python_mode { PYTHON_OWN, PYTHON_ASYNC };

struct python_stack {
    uint32_t count;
    bool truncated;
    uint64_t frames[PYTHON_MAX_FRAMES]; /* LW_FRAME_PYTHON | index, innermost first */
    bool entry[PYTHON_MAX_FRAMES];      /* called from C: the frame that one native evaluation loop ends with */
};

enum python_result {
    PYTHON_NONE, /* no Python, or none on this thread */
    PYTHON_FOUND,
    PYTHON_MISSED, /* there is one, but it could not be read just now */
};

/* false: there is (as yet) no interpreter, or one that is not supported: then `why` tells and *refused is true. */
bool python_find(struct journal *journal, void *cache, char *version, size_t version_bytes, char *why, size_t why_bytes,
                 bool *refused);
void python_forget(void);
bool python_ready(void);
enum python_result python_walk(struct python_stack *stack, enum python_mode mode);
/* Does the calling thread hold the interpreter's lock? false also while python_ready() is. */
bool python_is_locked_here(void);
/* Is this return address inside the interpreter's evaluation loop? */
bool python_is_evaluation(uint64_t address);

#endif
