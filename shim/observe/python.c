/* SPDX-License-Identifier: MIT */
/*
 * How a stack is found. The thread state comes from the interpreter's own accessors: UncheckedGet gives the one that
 * holds the GIL (to 3.11 of any thread, so its thread_id is compared; from 3.12 on it is thread-local), otherwise
 * PyGILState_GetThisThreadState, whose answer may be stale during finalisation and is validated through the kernel.
 * From it the chain of frames is followed by the offsets of python_layouts. A cache keyed by (code object, position)
 * remembers the finished journal frame; an entry counts only while the code object still has the same name, file and
 * line table, because code objects are freed and their addresses reused.
 */
#include "observe/python.h"
#include "ground/guard.h"
#include "ground/lock.h"
#include "ground/sys.h"
#include "ground/text.h"
#include "observe/python_layouts.h"
#include "observe/python_lines.h"
#include "observe/elf_symbols.h"
#include "observe/unwind.h"

#include <pthread.h>
#include <string.h>

#define CACHE_SLOTS   8192u
#define CACHE_PROBES  4u
#define CODE_BYTES    160u /* the header of a code object up to its line table */
#define FRAME_BYTES   112u
#define NAME_BYTES    480u
#define COLD_PARTS    4u
#define TYPE_MEMBERS  240 /* PyTypeObject.tp_members, the same since 3.8 */
#define TYPE_BASESIZE 32
#define SEEN_PAGES    12u
#define SEEN_BYTES    4096u
#define STEPS         (2 * PYTHON_MAX_FRAMES + 2) /* at most one shim frame for each other */
#define NO_ROOM       UINT32_MAX
#define NO_CODE       (UINT32_MAX - 1) /* this is no frame */

struct cached_frame {
    uint64_t code, filename, name, lines;
    int64_t name_hash;
    int32_t position;
    int32_t first_line;
    uint32_t frame; /* journal index */
    uint32_t reserved;
};

static struct {
    uint32_t ready;
    const struct python_layout *layout;
    struct journal *journal;
    struct cached_frame *cache;
    struct lock lock;
    uint64_t (*unchecked)(void);
    uint64_t (*this_thread)(void);
    uint64_t type_code, type_string, type_bytes;
    uint64_t loop_start[1 + COLD_PARTS], loop_end[1 + COLD_PARTS];
    uint32_t loops;
} python;

#define FIELD(buffer, offset, type) (*(const type *)(const void *)((const char *)(buffer) + (offset)))

/*
 * What an asynchronous walk has read: frames and the objects that they lead to lie together, and a call of the kernel
 * costs more than a page. Valid for one walk; the lock is held.
 */
static struct {
    uint64_t page[SEEN_PAGES];
    unsigned char bytes[SEEN_PAGES][SEEN_BYTES];
    uint32_t count;
} seen;

static const unsigned char *look_at_page(uint64_t page)
{
    uint32_t kept = seen.count < SEEN_PAGES ? seen.count : SEEN_PAGES, slot = seen.count % SEEN_PAGES;
    for (uint32_t i = 0; i < kept; i++)
        if (seen.page[i] == page)
            return seen.bytes[i];
    seen.page[slot] = 0;
    if (!sys_peek(page, seen.bytes[slot], SEEN_BYTES))
        return NULL;
    seen.page[slot] = page;
    seen.count++;
    return seen.bytes[slot];
}

static bool peek(uint64_t address, unsigned char *to, size_t bytes)
{
    if (bytes > SEEN_BYTES / 2)
        return sys_peek(address, to, bytes);
    while (bytes) {
        uint64_t within = address % SEEN_BYTES;
        size_t n = bytes < SEEN_BYTES - within ? bytes : SEEN_BYTES - within;
        const unsigned char *page = look_at_page(address - within);
        if (!page)
            return false;
        memcpy(to, page + within, n);
        address += n;
        to += n;
        bytes -= n;
    }
    return true;
}

/* The lock is held. */
static bool fetch(enum python_mode mode, uint64_t address, void *to, size_t bytes)
{
    if (address < 4096 || address >> 56)
        return false;
    if (mode == PYTHON_ASYNC)
        return peek(address, to, bytes);
    memcpy(to, (const void *)(uintptr_t)address, bytes);
    return true;
}

/* ---- strings ---- */

static size_t encode(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0 | c >> 6);
        to[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xE0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 63));
        to[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    to[0] = (char)(0xF0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 63));
    to[2] = (char)(0x80 | (c >> 6 & 63));
    to[3] = (char)(0x80 | (c & 63));
    return 4;
}

static uint32_t character(const unsigned char *data, uint64_t i, unsigned kind)
{
    if (kind == 1)
        return data[i];
    if (kind == 2)
        return FIELD(data, i * 2, uint16_t);
    return FIELD(data, i * 4, uint32_t);
}

/* Copies a compact PyUnicode into the journal as UTF-8. 0: it is none. */
static uint32_t copy_string(enum python_mode mode, uint64_t address, int64_t *hash)
{
    const struct python_layout *layout = python.layout;
    unsigned char head[80], data[NAME_BYTES];
    char utf8[NAME_BYTES * 4];
    if (!fetch(mode, address, head, 48) || FIELD(head, 8, uint64_t) != python.type_string)
        return 0;
    uint64_t length = FIELD(head, 16, uint64_t);
    uint32_t state = FIELD(head, 32, uint32_t);
    unsigned kind = state >> 2 & 7, compact = state >> 5 & 1, ascii = state >> 6 & 1;
    if (!compact || (kind != 1 && kind != 2 && kind != 4))
        return 0;
    *hash = FIELD(head, 24, int64_t);
    if (length > NAME_BYTES / kind)
        length = NAME_BYTES / kind;
    if (!length)
        return journal_string(python.journal, "?");
    if (!fetch(mode, address + (uint64_t)(ascii ? layout->string_ascii : layout->string_other), data, length * kind))
        return 0;
    size_t n = 0;
    for (uint64_t i = 0; i < length; i++)
        n += encode(utf8 + n, character(data, i, kind));
    return journal_string_n(python.journal, utf8, strnlen(utf8, n));
}

/* ---- lines ---- */

static int32_t line_of(enum python_mode mode, const unsigned char *code, int32_t position)
{
    const struct python_layout *layout = python.layout;
    static unsigned char table[16384]; /* the lock is held */
    unsigned char head[32];
    int32_t first = FIELD(code, layout->code_first_line, int32_t);
    uint64_t address = FIELD(code, layout->code_lines, uint64_t);
    if (position < 0)
        return first;
    if (!fetch(mode, address, head, 32) || FIELD(head, 8, uint64_t) != python.type_bytes)
        return -1;
    int64_t length = FIELD(head, 16, int64_t);
    if (length < 0 || length > 64 << 20)
        return -1;
    if (mode == PYTHON_OWN)
        return python_line(layout->lines, (const unsigned char *)(uintptr_t)(address + 32), (size_t)length, first,
                           position);
    if (length > (int64_t)sizeof table)
        length = sizeof table;
    return fetch(mode, address + 32, table, (size_t)length)
               ? python_line(layout->lines, table, (size_t)length, first, position)
               : -1;
}

/* ---- one frame ---- */

static bool describes(const struct cached_frame *entry, uint64_t address, const unsigned char *code, int32_t position)
{
    const struct python_layout *layout = python.layout;
    return entry->code == address && entry->position == position &&
           entry->filename == FIELD(code, layout->code_filename, uint64_t) &&
           entry->name == FIELD(code, layout->code_name, uint64_t) &&
           entry->lines == FIELD(code, layout->code_lines, uint64_t) &&
           entry->first_line == FIELD(code, layout->code_first_line, int32_t);
}

static uint32_t learn(enum python_mode mode, const unsigned char *code, int32_t position, int64_t *name_hash)
{
    const struct python_layout *layout = python.layout;
    int64_t ignored = 0;
    struct lw_python_frame frame = {
        .function = copy_string(mode, FIELD(code, layout->code_name, uint64_t), name_hash),
        .file = copy_string(mode, FIELD(code, layout->code_filename, uint64_t), &ignored),
        .first_line = (uint32_t)FIELD(code, layout->code_first_line, int32_t),
    };
    if (!frame.function || !frame.file)
        return NO_ROOM;
    frame.line = line_of(mode, code, position);
    return journal_python_frame(python.journal, &frame);
}

/* The journal's index of the frame at this position of this code object; NO_ROOM, NO_CODE: there is none. Lock held. */
static uint32_t resolve_frame(enum python_mode mode, uint64_t address, int32_t position)
{
    const struct python_layout *layout = python.layout;
    unsigned char code[CODE_BYTES];
    int64_t hash = 0;
    if (!fetch(mode, address, code, CODE_BYTES) || FIELD(code, 8, uint64_t) != python.type_code)
        return NO_CODE;
    uint32_t slot = (uint32_t)(index_mix(address, (uint32_t)position) & (CACHE_SLOTS - 1));
    for (uint32_t i = 0; i < CACHE_PROBES; i++) {
        struct cached_frame *entry = &python.cache[(slot + i) & (CACHE_SLOTS - 1)];
        if (!describes(entry, address, code, position))
            continue;
        if (fetch(mode, entry->name + 24, &hash, sizeof hash) && hash == entry->name_hash)
            return entry->frame;
    }
    uint32_t frame = learn(mode, code, position, &hash);
    if (frame == NO_ROOM)
        return frame;
    struct cached_frame *entry = &python.cache[(slot + (uint32_t)hash % CACHE_PROBES) & (CACHE_SLOTS - 1)];
    *entry = (struct cached_frame){.code = address,
                                   .filename = FIELD(code, layout->code_filename, uint64_t),
                                   .name = FIELD(code, layout->code_name, uint64_t),
                                   .lines = FIELD(code, layout->code_lines, uint64_t),
                                   .name_hash = hash,
                                   .position = position,
                                   .first_line = FIELD(code, layout->code_first_line, int32_t),
                                   .frame = frame};
    return frame;
}

static int32_t position_of(const unsigned char *frame, uint64_t code)
{
    const struct python_layout *layout = python.layout;
    if (layout->position_scale) {
        int32_t last = FIELD(frame, layout->frame_position, int32_t);
        return last < 0 ? -1 : last * layout->position_scale;
    }
    int64_t distance = (int64_t)(FIELD(frame, layout->frame_position, uint64_t) - code - (uint64_t)layout->code_start);
    return distance < 0 || distance > INT32_MAX ? -1 : (int32_t)distance;
}

/* ---- the walk ---- */

static bool is_of_caller(uint64_t state)
{
    uint64_t owner = 0;
    return state && sys_peek(state + (uint64_t)python.layout->state_thread_id, &owner, 8) &&
           owner == (uint64_t)pthread_self();
}

static uint64_t thread_state_of_caller(void)
{
    uint64_t state = python.unchecked();
    if (python.layout->version <= 0x030b ? is_of_caller(state) : state != 0)
        return state;
    state = python.this_thread();
    return is_of_caller(state) ? state : 0;
}

bool python_is_locked_here(void)
{
    return python_ready() && is_of_caller(python.unchecked());
}

static enum python_result follow(uint64_t frame, struct python_stack *stack, enum python_mode mode)
{
    const struct python_layout *layout = python.layout;
    unsigned char bytes[FRAME_BYTES];
    size_t frame_bytes = layout->version >= 0x030b ? 80 : FRAME_BYTES;
    for (uint32_t steps = 0; frame && steps < STEPS; steps++) {
        if (!fetch(mode, frame, bytes, frame_bytes)) {
            stack->truncated = true;
            return stack->count ? PYTHON_FOUND : PYTHON_MISSED;
        }
        frame = FIELD(bytes, layout->frame_back, uint64_t);
        unsigned owner = layout->frame_entry >= 0 ? bytes[layout->frame_entry] : 0;
        if (layout->entry == PYTHON_ENTRY_SHIM && owner >= layout->owner_shim) {
            if (stack->count)
                stack->entry[stack->count - 1] = true;
            continue;
        }
        if (stack->count == PYTHON_MAX_FRAMES) {
            stack->truncated = true;
            break;
        }
        uint64_t code = FIELD(bytes, layout->frame_code, uint64_t) & ~UINT64_C(7);
        uint32_t index = resolve_frame(mode, code, position_of(bytes, code));
        if (index == NO_CODE) { /* a link that is just being made: what follows is not to be believed */
            stack->truncated = true;
            return stack->count ? PYTHON_FOUND : PYTHON_MISSED;
        }
        if (index == NO_ROOM)
            continue;
        stack->frames[stack->count] = LW_FRAME_PYTHON | index;
        stack->entry[stack->count++] =
            layout->entry == PYTHON_ENTRY_EVERY || (layout->entry == PYTHON_ENTRY_FLAG && owner);
    }
    return stack->count ? PYTHON_FOUND : PYTHON_NONE;
}

enum python_result python_walk(struct python_stack *stack, enum python_mode mode)
{
    stack->count = 0;
    stack->truncated = false;
    if (!__atomic_load_n(&python.ready, __ATOMIC_ACQUIRE))
        return PYTHON_NONE;
    const struct python_layout *layout = python.layout;
    uint64_t state = thread_state_of_caller(), frame;
    if (!state)
        return PYTHON_NONE;
    if (!lock_take(&python.lock))
        return PYTHON_MISSED;
    seen.count = 0;
    bool found = fetch(mode, state + (uint64_t)layout->state_frame, &frame, 8);
    if (found && layout->cframe_frame >= 0 && frame)
        found = fetch(mode, frame + (uint64_t)layout->cframe_frame, &frame, 8);
    enum python_result result = found ? follow(frame, stack, mode) : PYTHON_MISSED;
    lock_drop(&python.lock);
    return result;
}

bool python_ready(void)
{
    return __atomic_load_n(&python.ready, __ATOMIC_ACQUIRE) != 0;
}

bool python_is_evaluation(uint64_t address)
{
    for (uint32_t i = 0; i < python.loops; i++)
        if (address > python.loop_start[i] && address <= python.loop_end[i])
            return true;
    return false;
}

/* ---- finding the interpreter ---- */

/*
 * gcc splits _PyEval_EvalFrameDefault: the cold part has unwind information of its own and, in a stripped binary, no
 * symbol. A conditional jump (0f 8x rel32) out of the hot part that lands exactly on the start of another function's
 * unwind entry leads there. On other machines only the part that the symbol covers is known.
 */
static void find_cold_parts(void)
{
#ifdef __x86_64__
    for (uint64_t at = python.loop_start[0]; at + 6 <= python.loop_end[0] && python.loops <= COLD_PARTS; at++) {
        const unsigned char *bytes = (const unsigned char *)(uintptr_t)at;
        int32_t distance;
        uint64_t start, end;
        if (bytes[0] != 0x0F || (bytes[1] & 0xF0) != 0x80)
            continue;
        memcpy(&distance, bytes + 2, 4);
        uint64_t target = at + 6 + (uint64_t)(int64_t)distance;
        if (target - python.loop_start[0] < python.loop_end[0] - python.loop_start[0] || target + (64u << 20) < at ||
            target > at + (64u << 20) || python_is_evaluation(target + 1))
            continue;
        if (unwind_function(target, &start, &end) && start == target) {
            python.loop_start[python.loops] = start;
            python.loop_end[python.loops++] = end;
        }
    }
#endif
}

/* The layout names itself: PyCode_Type.tp_members has records {name, type, offset, flags, doc} of 40 bytes. */
static bool layout_agrees(const struct python_layout *layout)
{
    uint64_t member = FIELD((uintptr_t)python.type_code, TYPE_MEMBERS, uint64_t);
    unsigned agreed = 0;
    if (layout->code_start >= 0 && FIELD((uintptr_t)python.type_code, TYPE_BASESIZE, int64_t) != layout->code_start)
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

static const char *refusal(const struct python_layout *layout)
{
    if (!layout)
        return "this version of Python is not known (3.8 to 3.14 are): native frames only";
    if (!python.unchecked || !python.this_thread || !python.type_code || !python.type_string || !python.type_bytes)
        return "the interpreter does not export what a stack walk needs: native frames only";
    if (!layout_agrees(layout))
        return "the interpreter's structures are not as expected: native frames only";
    return NULL;
}

static void look_up(void)
{
    uint64_t size = 0;
    void *unchecked = elf_symbol("PyThreadState_GetUnchecked", NULL);
    if (!unchecked)
        unchecked = elf_symbol("_PyThreadState_UncheckedGet", NULL);
    python.unchecked = (uint64_t(*)(void))unchecked;
    python.this_thread = (uint64_t(*)(void))elf_symbol("PyGILState_GetThisThreadState", NULL);
    python.type_code = (uintptr_t)elf_symbol("PyCode_Type", NULL);
    python.type_string = (uintptr_t)elf_symbol("PyUnicode_Type", NULL);
    python.type_bytes = (uintptr_t)elf_symbol("PyBytes_Type", NULL);
    uintptr_t loop = (uintptr_t)elf_symbol("_PyEval_EvalFrameDefault", &size);
    python.loops = 0;
    if (loop) {
        python.loop_start[0] = loop;
        python.loop_end[0] = loop + size;
        python.loops = 1;
        find_cold_parts();
    }
}

bool python_find(struct journal *journal, void *cache, char *version, size_t version_bytes, char *why, size_t why_bytes,
                 bool *refused)
{
    const char *reason = refused_build();
    *refused = reason != NULL;
    if (!reason && !elf_symbol("_PyRuntime", NULL)) {
        text_copy(why, why_bytes, "no Python in this process");
        return false;
    }
    int (*initialized)(void) = (int (*)(void))elf_symbol("Py_IsInitialized", NULL);
    if (!reason && initialized && !initialized()) {
        text_copy(why, why_bytes, "Python is not initialised yet");
        return false;
    }
    uint16_t number = version_of(version, version_bytes);
    look_up();
    const struct python_layout *layout = layout_of(number);
    if (!reason)
        reason = refusal(layout);
    if (reason) {
        text_copy(why, why_bytes, reason);
        *refused = true;
        return false;
    }
    python.layout = layout;
    python.journal = journal;
    python.cache = cache;
    python.lock.word = 0;
    text_copy(why, why_bytes, "layout verified");
    __atomic_store_n(&python.ready, 1, __ATOMIC_RELEASE);
    return true;
}

void python_forget(void)
{
    __atomic_store_n(&python.ready, 0, __ATOMIC_RELEASE);
}

size_t python_cache_bytes(void)
{
    return CACHE_SLOTS * sizeof(struct cached_frame);
}
