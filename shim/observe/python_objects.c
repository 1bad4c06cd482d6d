/* SPDX-License-Identifier: MIT */
#include "observe/python_objects.h"
#include "ground/text.h"
#include "observe/elf_symbols.h"

#include <stdlib.h>
#include <string.h>

static struct {
    bool ready;
    void (*get)(int, struct python_allocator *);
    void (*set)(int, struct python_allocator *);
    void (*get_arenas)(struct python_arenas *);
    void (*set_arenas)(struct python_arenas *);
    const char *(*name)(void);
} calls;

bool python_objects_find(void)
{
    static const struct {
        const char *name;
        void **to;
    } wanted[] = {
        {"PyMem_GetAllocator", (void **)&calls.get},
        {"PyMem_SetAllocator", (void **)&calls.set},
        {"PyObject_GetArenaAllocator", (void **)&calls.get_arenas},
        {"PyObject_SetArenaAllocator", (void **)&calls.set_arenas},
        {"_PyMem_GetCurrentAllocatorName", (void **)&calls.name},
    };
    bool all = true;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        *wanted[i].to = elf_symbol(wanted[i].name, NULL);
        all = all && *wanted[i].to;
    }
    __atomic_store_n(&calls.ready, all, __ATOMIC_RELEASE);
    return all;
}

bool python_objects_ready(void)
{
    return __atomic_load_n(&calls.ready, __ATOMIC_ACQUIRE);
}

void python_objects_forget(void)
{
    __atomic_store_n(&calls.ready, false, __ATOMIC_RELEASE);
}

/* The environment: with tracemalloc in front the interpreter names nothing. It changes it under the same lock. */
enum python_base python_objects_base(void)
{
    static const struct {
        const char *name;
        enum python_base base;
    } names[] = {
        {"pymalloc", PYTHON_BASE_SMALL},
        {"default", PYTHON_BASE_SMALL},
        {"pymalloc_debug", PYTHON_BASE_DEBUG},
        {"debug", PYTHON_BASE_DEBUG},
    };
    const char *name = calls.name(), *wish = getenv("PYTHONMALLOC");
    for (size_t i = 0; name && i < sizeof names / sizeof names[0]; i++)
        if (text_equal(name, names[i].name))
            return names[i].base;
    if (name)
        return PYTHON_BASE_OTHER;
    for (size_t i = 0; wish && wish[0] && i < sizeof names / sizeof names[0]; i++)
        if (text_equal(wish, names[i].name))
            wish = NULL;
    return wish && wish[0] ? PYTHON_BASE_OTHER : PYTHON_BASE_WRAPPED;
}

void python_objects_get(enum python_domain domain, struct python_allocator *allocator)
{
    calls.get(domain, allocator);
}

void python_objects_set(enum python_domain domain, struct python_allocator *allocator)
{
    calls.set(domain, allocator);
}

void python_objects_get_arenas(struct python_arenas *arenas)
{
    calls.get_arenas(arenas);
}

void python_objects_set_arenas(struct python_arenas *arenas)
{
    calls.set_arenas(arenas);
}
