/* SPDX-License-Identifier: MIT */
/*
 * python_interpreter: what of the interpreter in this process a stack walk needs. Watcher thread only (it takes loader
 * locks).
 */
#ifndef LW_OBSERVE_PYTHON_INTERPRETER_H
#define LW_OBSERVE_PYTHON_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/segment.h"
#include "observe/python_layouts.h"

#define PYTHON_COLD_PARTS 4u

struct python_interpreter {
    const struct python_layout *layout;
    uint64_t (*unchecked)(void);   /* the thread state that holds the interpreter's lock; to 3.11 of any thread */
    uint64_t (*this_thread)(void); /* the calling thread's; may be gone already */
    uint64_t type_code, type_string, type_bytes;
    struct segment data; /* of its own binary: what lies in there is never freed */
    uint64_t loop_start[1 + PYTHON_COLD_PARTS], loop_end[1 + PYTHON_COLD_PARTS]; /* of the evaluation loop */
    uint32_t loops;
    unsigned long long none_among; /* modules were ever loaded when there was no interpreter among them */
};

/*
 * false: there is none as yet (*refused is false), or none that can be walked; `why` says which and why. The version
 * that it names itself by is told in either case.
 */
bool python_interpreter_find(struct python_interpreter *interpreter, char *version, size_t version_bytes, char *why,
                             size_t why_bytes, bool *refused);
/* Is this return address inside the evaluation loop? Any thread; safe in signal handlers. */
bool python_interpreter_evaluates(const struct python_interpreter *interpreter, uint64_t address);

#endif
