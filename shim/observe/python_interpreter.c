/* SPDX-License-Identifier: MIT */
#include "observe/python_interpreter.h"
#include "ground/text.h"
#include "observe/elf_symbols.h"
#include "observe/modules.h"
#include "observe/unwind.h"

#include <string.h>

#define TYPE_MEMBERS  240 /* PyTypeObject.tp_members, the same since 3.8 */
#define TYPE_BASESIZE 32

#define FIELD(buffer, offset, type) (*(const type *)(const void *)((const char *)(buffer) + (offset)))

bool python_interpreter_evaluates(const struct python_interpreter *python, uint64_t address)
{
    for (uint32_t i = 0; i < python->loops; i++)
        if (address > python->loop_start[i] && address <= python->loop_end[i])
            return true;
    return false;
}

/*
 * gcc splits _PyEval_EvalFrameDefault: the cold part has unwind information of its own and, in a stripped binary, no
 * symbol. A conditional jump (0f 8x rel32) out of the hot part that lands exactly on the start of another function's
 * unwind entry leads there. On other machines only the part that the symbol covers is known.
 */
static void find_cold_parts(struct python_interpreter *python)
{
#ifdef __x86_64__
    uint64_t start = 0, end = 0; /* of the function that was looked at last: many jumps lead into its midst */
    for (uint64_t at = python->loop_start[0]; at + 6 <= python->loop_end[0] && python->loops <= PYTHON_COLD_PARTS;
         at++) {
        const unsigned char *bytes = (const unsigned char *)(uintptr_t)at;
        int32_t distance;
        if (bytes[0] != 0x0F || (bytes[1] & 0xF0) != 0x80)
            continue;
        memcpy(&distance, bytes + 2, 4);
        uint64_t target = at + 6 + (uint64_t)(int64_t)distance;
        if (target - python->loop_start[0] < python->loop_end[0] - python->loop_start[0] || target + (64u << 20) < at ||
            target > at + (64u << 20) || python_interpreter_evaluates(python, target + 1) ||
            (start < target && target < end))
            continue;
        if (unwind_function(target, &start, &end) && start == target) {
            python->loop_start[python->loops] = start;
            python->loop_end[python->loops++] = end;
        }
    }
#endif
}

/* The layout names itself: PyCode_Type.tp_members has records {name, type, offset, flags, doc} of 40 bytes. */
static bool layout_agrees(const struct python_interpreter *python, const struct python_layout *layout)
{
    uint64_t member = FIELD((uintptr_t)python->type_code, TYPE_MEMBERS, uint64_t);
    unsigned agreed = 0;
    if (layout->code_start >= 0 && FIELD((uintptr_t)python->type_code, TYPE_BASESIZE, int64_t) != layout->code_start)
        return false;
    for (int i = 0; member && i < 64; i++, member += 40) {
        const char *name = FIELD((uintptr_t)member, 0, const char *);
        int64_t offset = FIELD((uintptr_t)member, 16, int64_t);
        if (!name)
            break;
        if (text_equal(name, "co_filename"))
            agreed += offset == layout->code_filename;
        else if (text_equal(name, "co_firstlineno"))
            agreed += offset == layout->code_first_line;
        else if (text_equal(name, layout->name_member))
            agreed += offset == layout->code_name;
    }
    return agreed == 3;
}

static const struct python_layout *layout_of(uint16_t version)
{
    for (unsigned i = 0; i < python_layout_count; i++)
        if (python_layouts[i].version == version)
            return &python_layouts[i];
    return NULL;
}

/* "3.11.2 (main, ...)" or Py_Version 0x030b02f0; the text also tells free-threaded builds apart. */
static uint16_t version_of(char *text, size_t capacity)
{
    const unsigned long *number = elf_symbol("Py_Version", NULL);
    const char *(*get_version)(void) = elf_symbol("Py_GetVersion", NULL);
    const char *string = get_version ? get_version() : "?.", *at = string + 2;
    uint64_t minor = 0;
    size_t n = strcspn(string, " ");
    text_copy(text, n + 1 < capacity ? n + 1 : capacity, string);
    if (number)
        return (uint16_t)(*number >> 16);
    return text_starts(string, "3.") && text_parse_u64(&at, &minor) ? (uint16_t)(0x0300 | minor) : 0;
}

/* What an interpreter exports that has another layout, although its version is known; NULL: any. */
static const struct {
    const char *symbol;
    const char *why;
} builds[] = {
    {"rpython_startup_code", "PyPy keeps its frames in another way: native frames only"},
    {"pypy_execute_source", "PyPy keeps its frames in another way: native frames only"},
    {"_Py_MergeZeroLocalRefcount", "free-threaded builds are not supported: native frames only"},
    {"_Py_NegativeRefcount", "debug builds of Python are not supported: native frames only"},
};

static const char *refused_build(void)
{
    const char *(*get_version)(void) = elf_symbol("Py_GetVersion", NULL);
    for (size_t i = 0; i < sizeof builds / sizeof builds[0]; i++)
        if (elf_symbol(builds[i].symbol, NULL))
            return builds[i].why;
    return get_version && strstr(get_version(), "free-threading") ? builds[2].why : NULL;
}

static const char *refusal(const struct python_interpreter *python, const struct python_layout *layout)
{
    if (!layout)
        return "this version of Python is not known (3.8 to 3.14 are): native frames only";
    if (!python->unchecked || !python->this_thread || !python->type_code || !python->type_string || !python->type_bytes)
        return "the interpreter does not export what a stack walk needs: native frames only";
    if (!layout_agrees(python, layout))
        return "the interpreter's structures are not as expected: native frames only";
    return NULL;
}

static void look_up(struct python_interpreter *python)
{
    uint64_t size = 0;
    void *unchecked = elf_symbol("PyThreadState_GetUnchecked", NULL);
    if (!unchecked)
        unchecked = elf_symbol("_PyThreadState_UncheckedGet", NULL);
    python->unchecked = (uint64_t(*)(void))unchecked;
    python->this_thread = (uint64_t(*)(void))elf_symbol("PyGILState_GetThisThreadState", NULL);
    python->type_code = (uintptr_t)elf_symbol("PyCode_Type", NULL);
    python->type_string = (uintptr_t)elf_symbol("PyUnicode_Type", NULL);
    python->type_bytes = (uintptr_t)elf_symbol("PyBytes_Type", NULL);
    python->data = segment_around((const void *)(uintptr_t)python->type_code);
    uintptr_t loop = (uintptr_t)elf_symbol("_PyEval_EvalFrameDefault", &size);
    python->loops = 0;
    if (loop) {
        python->loop_start[0] = loop;
        python->loop_end[0] = loop + size;
        python->loops = 1;
        find_cold_parts(python);
    }
}

/* Symbols are looked for in modules that are new only: each look touches a page or two of all of them. */
static bool is_somewhere(struct python_interpreter *python, const char **refused)
{
    unsigned long long loaded = modules_loaded();
    if (loaded == python->none_among)
        return false;
    *refused = refused_build();
    if (*refused || elf_symbol("_PyRuntime", NULL))
        return true;
    python->none_among = loaded;
    return false;
}

bool python_interpreter_find(struct python_interpreter *python, char *version, size_t version_bytes, char *why,
                             size_t why_bytes, bool *refused)
{
    const char *reason = NULL;
    *refused = false;
    if (!is_somewhere(python, &reason)) {
        text_copy(why, why_bytes, "no Python in this process");
        return false;
    }
    *refused = reason != NULL;
    int (*initialized)(void) = (int (*)(void))elf_symbol("Py_IsInitialized", NULL);
    if (!reason && initialized && !initialized()) {
        text_copy(why, why_bytes, "Python is not initialised yet");
        return false;
    }
    uint16_t number = version_of(version, version_bytes);
    look_up(python);
    const struct python_layout *layout = layout_of(number);
    if (!reason)
        reason = refusal(python, layout);
    if (reason) {
        text_copy(why, why_bytes, reason);
        *refused = true;
        return false;
    }
    python->layout = layout;
    text_copy(why, why_bytes, "layout verified");
    return true;
}
