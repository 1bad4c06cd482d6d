/* SPDX-License-Identifier: MIT */
#include "profile/frame_names.h"

#include <ctype.h>
#include <string.h>

/* Functions that obtain memory for others, and run-times whose names explain nothing. */
static const struct {
    const char *name;
    bool prefix;
} runtime_functions[] = {
    {"malloc", false},       {"calloc", false},        {"realloc", false},
    {"reallocarray", false}, {"memalign", false},      {"posix_memalign", false},
    {"valloc", false},       {"pvalloc", false},       {"mmap", false},
    {"mmap64", false},       {"mremap", false},        {"brk", false},
    {"sbrk", false},         {"aligned_alloc", false}, {"strdup", false},
    {"__strdup", false},     {"strndup", false},       {"__strndup", false},
    {"asprintf", false},     {"vasprintf", false},     {"xmalloc", false},
    {"xcalloc", false},      {"xrealloc", false},      {"operator new", true},
    {"__libc_", true},       {"__GI_", true},          {"_int_", true},
    {"sysmalloc", false},    {"std::", true},          {"__gnu_cxx::", true},
    {"alloc::", true},       {"<alloc::", true},       {"core::", true},
    {"<core::", true},       {"hashbrown::", true},    {"__rust_", true},
    {"__rg_", true},         {"__rdl_", true},         {"g_malloc", true},
    {"g_realloc", true},     {"PyMem_", true},         {"PyObject_Malloc", true},
    {"_PyObject_", true},    {"_PyMem_", true},        {"PyObject_Realloc", true},
};

bool frames_runtime_function(const char *function)
{
    for (size_t i = 0; i < sizeof(runtime_functions) / sizeof(runtime_functions[0]); i++) {
        const char *name = runtime_functions[i].name;
        size_t length = strlen(name);
        if (strncmp(function, name, length) == 0 && (runtime_functions[i].prefix || !function[length]))
            return true;
    }
    return false;
}

/* Where the path goes on after ".../lib/python3.11/" or ".../lib64/python3/", else NULL. */
static const char *after_interpreter_lib(const char *file)
{
    static const char *const places[] = {"/lib/python", "/lib64/python", "/lib/pypy"};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *found = strstr(file, places[i]);
        const char *end = found ? strchr(found + strlen(places[i]), '/') : NULL;
        if (end && (isdigit((unsigned char)found[strlen(places[i])]) || i == 2))
            return end + 1;
    }
    return NULL;
}

static const char *after_packages(const char *file)
{
    const char *site = strstr(file, "/site-packages/");
    const char *dist = strstr(file, "/dist-packages/");

    return site ? site + strlen("/site-packages/") : dist ? dist + strlen("/dist-packages/") : NULL;
}

bool frames_python_library(const char *file)
{
    bool zipped = strstr(file, "/lib/python3") && strstr(file, ".zip/");

    return strncmp(file, "<frozen ", 8) == 0 || strncmp(file, "<__array_function__", 19) == 0 || zipped ||
           after_packages(file) || after_interpreter_lib(file);
}

const char *frames_short_file(const char *file, const char *directory)
{
    const char *library = after_packages(file);
    size_t length = strlen(directory);

    if (!library)
        library = after_interpreter_lib(file);
    if (library && *library)
        return library;
    while (length > 0 && directory[length - 1] == '/')
        length--;
    if (length > 0 && strncmp(file, directory, length) == 0 && file[length] == '/' && file[length + 1])
        return file + length + 1;
    return strncmp(file, "./", 2) == 0 ? file + 2 : file;
}

/* Drops what stands in <...> and everything from the arguments on; "operator<" and "(anonymous namespace)" stay. */
const char *frames_short_function(const char *function, struct arena *arena)
{
    size_t length = strlen(function), out = 0, begin = 0, depth = 0;

    if (!strpbrk(function, "(<:") || function[0] == '<')
        return function;
    char *copy = arena_new(arena, length + 1, 1);
    for (size_t i = 0; i < length; i++) {
        bool operator_ = (out >= 8 && strncmp(copy + out - 8, "operator", 8) == 0) ||
                         (out >= 9 && strncmp(copy + out - 9, "operator<", 9) == 0);
        if (strncmp(function + i, "(anonymous namespace)", 21) == 0) {
            i += 20;
            continue;
        }
        if (function[i] == '<' && !operator_)
            depth++;
        else if (function[i] == '>' && depth > 0)
            depth--;
        else if (depth == 0 && function[i] == '(' && !operator_)
            break;
        else if (depth == 0)
            copy[out++] = function[i];
        if (depth == 0 && function[i] == ' ' && strncmp(copy + begin, "operator", 8) != 0)
            begin = out; /* a return type ends here */
    }
    copy[out] = '\0';
    char *hash = out > 19 ? copy + out - 19 : NULL; /* Rust: "::h" and 16 digits */
    if (hash && strncmp(hash, "::h", 3) == 0 && strspn(hash + 3, "0123456789abcdef") == 16)
        *hash = '\0';
    while (strncmp(copy + begin, "::", 2) == 0)
        begin += 2;
    return copy[begin] ? copy + begin : function;
}

const struct frame *frames_responsible(const struct frame *const *frames, size_t count)
{
    const struct frame *python = NULL, *own = NULL, *named = NULL, *first = NULL, *marker = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct frame *frame = frames[i];
        if (frame->kind == FRAME_MARKER) {
            marker = marker ? marker : frame;
            continue;
        }
        if (frame->kind == FRAME_PYTHON && !frame->library)
            return frame;
        if (!first)
            first = frame;
        if (frame->kind == FRAME_PYTHON) {
            python = python ? python : frame;
        } else if (frame->function[0] && !frame->library) {
            named = named ? named : frame;
            own = own || !frame->main_program ? own : frame;
        }
    }
    const struct frame *known = python ? python : own ? own : named ? named : first;
    return known ? known : marker;
}

bool frames_interpreter(const struct frame *frame)
{
    static const char *const names[] = {"python", "libpython", "pypy", "libpypy"};
    const char *slash = strrchr(frame->module, '/'), *module = slash ? slash + 1 : frame->module;

    for (size_t i = 0; frame->kind == FRAME_NATIVE && i < sizeof(names) / sizeof(names[0]); i++)
        if (strncmp(module, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}
