/* SPDX-License-Identifier: MIT */
/*
 * object_door: with python=objects, CPython's small-object allocator. No symbol that a program calls: the interpreter
 * is asked to call us, by a thread of its own that holds its lock and happens to be on the slow path of another door.
 * Before that, nothing of this is in anybody's way.
 */
#ifndef LW_DOORS_OBJECT_DOOR_H
#define LW_DOORS_OBJECT_DOOR_H

#include "ground/guard.h"
#include "observe/python_objects.h"

void object_door_open(void);

/* On the slow path of a door, after everything else. errno is preserved. */
static inline __attribute__((always_inline)) void object_door_consider(void)
{
    if (UNLIKELY(python_objects_ready()))
        object_door_open();
}

#endif
