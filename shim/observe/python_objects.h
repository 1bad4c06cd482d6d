/* SPDX-License-Identifier: MIT */
/*
 * python_objects: the interface through which CPython lets its small-object allocator be replaced (the public
 * PyMem_SetAllocator and PyObject_SetArenaAllocator, the same since 3.5).
 *
 * python_objects_find: watcher thread only (it takes loader locks), after python_find. What it found may be used by a
 * thread that holds the interpreter's lock: the calls below copy a few words and neither allocate nor wait, so that
 * they are sound even while that thread is inside the allocator. What they say of an allocator in use holds until the
 * lock is given up.
 */
#ifndef LW_OBSERVE_PYTHON_OBJECTS_H
#define LW_OBSERVE_PYTHON_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

enum python_domain { PYTHON_RAW, PYTHON_MEM, PYTHON_OBJ, PYTHON_DOMAINS };

/* PyMemAllocatorEx and PyObjectArenaAllocator */
struct python_allocator {
    void *context;
    void *(*malloc)(void *context, size_t size);
    void *(*calloc)(void *context, size_t count, size_t size);
    void *(*realloc)(void *context, void *pointer, size_t size);
    void (*free)(void *context, void *pointer);
};

struct python_arenas {
    void *context;
    void *(*alloc)(void *context, size_t size);
    void (*free)(void *context, void *pointer, size_t size);
};

enum python_base {
    PYTHON_BASE_WRAPPED, /* somebody stands before it: ourselves, tracemalloc, ... */
    PYTHON_BASE_SMALL,   /* CPython's own small-object allocator, bare */
    PYTHON_BASE_DEBUG,   /* the same with guard bytes around each block */
    PYTHON_BASE_OTHER,   /* malloc itself, mimalloc: nothing to be done here */
};

#define PYTHON_SMALL_BYTES 512u /* larger ones come through malloc */
#define PYTHON_DEBUG_BYTES 32u  /* what the guard bytes take of that */

/* false: the interpreter does not export what is needed. */
bool python_objects_find(void);
bool python_objects_ready(void);
void python_objects_forget(void);

enum python_base python_objects_base(void);
void python_objects_get(enum python_domain domain, struct python_allocator *allocator);
void python_objects_set(enum python_domain domain, struct python_allocator *allocator);
void python_objects_get_arenas(struct python_arenas *arenas);
void python_objects_set_arenas(struct python_arenas *arenas);

#endif
