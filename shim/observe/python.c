/* SPDX-License-Identifier: MIT */
/*
 * How a stack is found. The thread state comes from the interpreter's own accessors: UncheckedGet gives the one that
 * holds the GIL (to 3.11 of any thread, so its thread_id is compared; from 3.12 on it is thread-local), otherwise
 * PyGILState_GetThisThreadState, whose answer may be stale during finalisation and is validated through the kernel.
 * From it the chain of frames is followed by the offsets of python_layouts; then the code objects of all of them are
 * looked at, which through the kernel is one call for the headers and one for what they lead to. A cache of (code
 * object, position) remembers the finished journal frame; those of the interpreter's own binary ("frozen" modules) stay
 * for good.
 */
#include "observe/python.h"
#include "ground/guard.h"
#include "ground/lock.h"
#include "ground/sys.h"
#include "ground/text.h"
#include "observe/peek.h"
#include "observe/python_cache.h"
#include "observe/python_interpreter.h"
#include "observe/python_lines.h"

#include <pthread.h>
#include <string.h>

#define CODE_BYTES  208u /* the header of a code object; to 3.10 it is smaller */
#define OLD_CODE    160u
#define FRAME_BYTES 112u
#define NAME_BYTES  480u
#define TABLE_BYTES 64u                         /* of a line table that tell it from another */
#define STRING_HEAD 48u                         /* of a PyUnicode object, all that says what it is */
#define BYTES_DATA  32                          /* PyBytesObject.ob_sval, the same since 3.8 */
#define STEPS       (2 * PYTHON_MAX_FRAMES + 2) /* at most one shim frame for each other */
#define NO_ROOM     UINT32_MAX
#define NO_HASH     (-1) /* CPython's own, of a string: not computed */

static struct {
    uint32_t ready;
    struct journal *journal;
    struct python_cache cache;
    struct lock lock;
    struct python_interpreter interpreter;
} python;

/* The walk under the lock: the frames that were found, innermost first, and in asynchronous ones a copy of their code.
 */
static struct {
    uint32_t count;
    struct {
        uint64_t code;
        int32_t position;
        uint16_t copy;
        bool entry;
    } found[PYTHON_MAX_FRAMES];
    uint32_t copies;
    uint64_t code[PYTHON_MAX_FRAMES];
    uint64_t objects[3 * PYTHON_MAX_FRAMES]; /* names, files, line tables */
    unsigned char headers[PYTHON_MAX_FRAMES][CODE_BYTES];
} trail;

#define FIELD(buffer, offset, type) (*(const type *)(const void *)((const char *)(buffer) + (offset)))

static bool is_possible(uint64_t address)
{
    return address >= 4096 && !(address >> 56);
}

/* The lock is held. */
static bool fetch(enum python_mode mode, uint64_t address, void *to, size_t bytes)
{
    if (!is_possible(address))
        return false;
    if (mode == PYTHON_ASYNC)
        return peek(address, to, bytes);
    memcpy(to, (const void *)(uintptr_t)address, bytes);
    return true;
}

/* The same where a copy is needed only of what is read through the kernel. NULL: as false. */
static const void *look_at(enum python_mode mode, uint64_t address, void *copy, size_t bytes)
{
    if (mode == PYTHON_OWN)
        return is_possible(address) ? (const void *)(uintptr_t)address : NULL;
    return fetch(mode, address, copy, bytes) ? copy : NULL;
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

struct string_shape {
    uint64_t length; /* characters */
    unsigned kind;   /* bytes of one; 0: not the compact form, which every name has */
    uint64_t offset; /* of the characters, from the object */
};

/* Of the head of a string object, which must be readable for 48 bytes. */
static struct string_shape shape_of(const void *head)
{
    const struct python_layout *layout = python.interpreter.layout;
    uint32_t state = FIELD(head, 32, uint32_t);
    unsigned kind = state >> 2 & 7, compact = state >> 5 & 1, ascii = state >> 6 & 1;
    bool plain = compact && (kind == 1 || kind == 2 || kind == 4);
    return (struct string_shape){.length = FIELD(head, 16, uint64_t),
                                 .kind = plain ? kind : 0,
                                 .offset = (uint64_t)(ascii ? layout->string_ascii : layout->string_other)};
}

/* Copies a compact PyUnicode into the journal as UTF-8. 0: it is none. */
static uint32_t copy_string(enum python_mode mode, uint64_t address)
{
    unsigned char head[STRING_HEAD], data[NAME_BYTES];
    char utf8[NAME_BYTES * 4];
    if (!fetch(mode, address, head, sizeof head) || FIELD(head, 8, uint64_t) != python.interpreter.type_string)
        return 0;
    struct string_shape string = shape_of(head);
    if (!string.kind)
        return 0;
    if (string.length > NAME_BYTES / string.kind)
        string.length = NAME_BYTES / string.kind;
    if (!string.length)
        return journal_string(python.journal, "?");
    if (!fetch(mode, address + string.offset, data, string.length * string.kind))
        return 0;
    size_t n = 0;
    for (uint64_t i = 0; i < string.length; i++)
        n += encode(utf8 + n, character(data, i, string.kind));
    return journal_string_n(python.journal, utf8, strnlen(utf8, n));
}

/* ---- lines ---- */

/*
 * Out of a copy of the beginning of a table. What lies behind it is not known, and where the beginning would answer
 * with its last line (an lnotab does not say where the code ends), that is no answer.
 */
static int32_t line_in_copy(uint64_t table, size_t length, int32_t first, int32_t position)
{
    enum python_line_table how = python.interpreter.layout->lines;
    static unsigned char copy[65536]; /* the lock is held */
    size_t bytes = length < sizeof copy ? length : sizeof copy;
    if (!fetch(PYTHON_ASYNC, table, copy, bytes))
        return -1;
    int32_t line = python_line(how, copy, bytes, first, position);
    bool is_last = how == PYTHON_LNOTAB && line == python_line(how, copy, bytes, first, INT32_MAX);
    return bytes < length && is_last ? -1 : line;
}

static int32_t line_of(enum python_mode mode, const unsigned char *code, int32_t position)
{
    const struct python_layout *layout = python.interpreter.layout;
    unsigned char head[BYTES_DATA];
    int32_t first = FIELD(code, layout->code_first_line, int32_t);
    uint64_t address = FIELD(code, layout->code_lines, uint64_t), table = address + BYTES_DATA;
    if (position < 0)
        return first;
    if (!fetch(mode, address, head, sizeof head) || FIELD(head, 8, uint64_t) != python.interpreter.type_bytes)
        return -1;
    int64_t length = FIELD(head, 16, int64_t);
    if (length < 0 || length > 64 << 20)
        return -1;
    if (mode == PYTHON_ASYNC)
        return line_in_copy(table, (size_t)length, first, position);
    return python_line(layout->lines, (const unsigned char *)(uintptr_t)table, (size_t)length, first, position);
}

/* ---- one frame ---- */

static uint32_t learn(enum python_mode mode, const unsigned char *code, int32_t position)
{
    const struct python_layout *layout = python.interpreter.layout;
    struct lw_python_frame frame = {
        .function = copy_string(mode, FIELD(code, layout->code_name, uint64_t)),
        .file = copy_string(mode, FIELD(code, layout->code_filename, uint64_t)),
        .first_line = (uint32_t)FIELD(code, layout->code_first_line, int32_t),
    };
    if (!frame.function || !frame.file)
        return NO_ROOM;
    frame.line = line_of(mode, code, position);
    return journal_python_frame(python.journal, &frame);
}

static void add_word(uint64_t word, uint64_t *content)
{
    *content = *content * UINT64_C(0x9E3779B97F4A7C15) + word;
}

static bool add_bytes(enum python_mode mode, uint64_t address, size_t bytes, uint64_t *content)
{
    unsigned char copy[NAME_BYTES];
    const unsigned char *at = look_at(mode, address, copy, bytes);
    if (!at)
        return false;
    for (; bytes >= 8; bytes -= 8, at += 8)
        add_word(FIELD(at, 0, uint64_t), content);
    for (; bytes; bytes--)
        add_word(*at++, content);
    return true;
}

/* The interpreter's own hash, or what the string says where that was never needed. */
static bool add_string(enum python_mode mode, uint64_t address, uint64_t *content)
{
    unsigned char copy[STRING_HEAD];
    const void *head = look_at(mode, address, copy, sizeof copy);
    if (!head)
        return false;
    int64_t hash = FIELD(head, 24, int64_t);
    add_word((uint64_t)hash, content);
    struct string_shape string = shape_of(head);
    if (hash != NO_HASH || !string.kind)
        return true;
    uint64_t length = string.length < NAME_BYTES / 4 ? string.length : NAME_BYTES / 4;
    return add_bytes(mode, address + string.offset, length * string.kind, content);
}

/* The beginning of it tells. */
static bool add_lines(enum python_mode mode, uint64_t address, uint64_t *content)
{
    unsigned char copy[BYTES_DATA];
    const void *head = look_at(mode, address, copy, sizeof copy);
    if (!head)
        return false;
    uint64_t length = FIELD(head, 16, uint64_t);
    add_word(length, content);
    return add_bytes(mode, address + BYTES_DATA, length < TABLE_BYTES ? length : TABLE_BYTES, content);
}

/* What tells this code object from another of the same addresses. 0: it cannot be read. */
static uint64_t content_of(enum python_mode mode, const unsigned char *code)
{
    const struct python_layout *layout = python.interpreter.layout;
    uint64_t content = 0;
    bool known = add_string(mode, FIELD(code, layout->code_name, uint64_t), &content) &&
                 add_string(mode, FIELD(code, layout->code_filename, uint64_t), &content) &&
                 add_lines(mode, FIELD(code, layout->code_lines, uint64_t), &content);
    return known ? index_mix(content, 0) | 1 : 0;
}

/* The journal's index of a code object at this position; NO_ROOM: there is none. Lock held. */
static uint32_t resolve_frame(enum python_mode mode, uint64_t address, int32_t position, const unsigned char *code)
{
    const struct python_layout *layout = python.interpreter.layout;
    bool is_frozen = segment_has(&python.interpreter.data, address);
    struct python_known known = {.code = address,
                                 .filename = FIELD(code, layout->code_filename, uint64_t),
                                 .name = FIELD(code, layout->code_name, uint64_t),
                                 .lines = FIELD(code, layout->code_lines, uint64_t),
                                 .content = is_frozen ? 0 : content_of(mode, code),
                                 .position = position,
                                 .first_line = FIELD(code, layout->code_first_line, int32_t)};
    bool is_readable = is_frozen || known.content;
    uint32_t frame = is_readable ? python_cache_find(&python.cache, &known) : UINT32_MAX;
    if (frame != UINT32_MAX)
        return frame;
    frame = learn(mode, code, position);
    if (frame != NO_ROOM && is_readable)
        python_cache_put(&python.cache, &known, frame);
    return frame;
}

static int32_t position_of(const unsigned char *frame, uint64_t code)
{
    const struct python_layout *layout = python.interpreter.layout;
    if (layout->position_scale) {
        int32_t last = FIELD(frame, layout->frame_position, int32_t);
        return last < 0 ? -1 : last * layout->position_scale;
    }
    int64_t distance = (int64_t)(FIELD(frame, layout->frame_position, uint64_t) - code - (uint64_t)layout->code_start);
    return distance < 0 || distance > INT32_MAX ? -1 : (int32_t)distance;
}

/* ---- the walk ---- */

/* PYTHON_ASYNC: the lock is held. */
static bool is_of_caller(enum python_mode mode, uint64_t state)
{
    uint64_t owner = 0, address = state + (uint64_t)python.interpreter.layout->state_thread_id;
    return state && (mode == PYTHON_ASYNC ? peek(address, &owner, 8) : sys_peek(address, &owner, 8)) &&
           owner == (uint64_t)pthread_self();
}

/*
 * The state that holds the interpreter's lock is the one in this thread's own slot as well: it is in use here, nobody
 * takes it away meanwhile, so it is read as it lies there.
 */
static bool is_in_use_here(uint64_t state)
{
    return state && state == python.interpreter.this_thread() &&
           FIELD((uintptr_t)state, python.interpreter.layout->state_thread_id, uint64_t) == (uint64_t)pthread_self();
}

static uint64_t thread_state_of_caller(enum python_mode mode)
{
    uint64_t state = python.interpreter.unchecked();
    bool own = python.interpreter.layout->version > 0x030b
                   ? state != 0
                   : (mode == PYTHON_OWN && is_in_use_here(state)) || is_of_caller(mode, state);
    if (own)
        return state;
    state = python.interpreter.this_thread();
    return is_of_caller(mode, state) ? state : 0;
}

bool python_is_locked_here(void)
{
    return python_ready() && is_of_caller(PYTHON_OWN, python.interpreter.unchecked());
}

static void ask_for(uint64_t address, size_t bytes)
{
    __builtin_prefetch((const void *)(uintptr_t)address);
    __builtin_prefetch((const void *)(uintptr_t)(address + bytes - 1));
}

/* Follows the links from the newest frame on. false: one could not be followed. */
static bool follow(enum python_mode mode, uint64_t frame, bool *truncated)
{
    const struct python_layout *layout = python.interpreter.layout;
    unsigned char bytes[FRAME_BYTES];
    size_t frame_bytes = layout->version >= 0x030b ? 80 : FRAME_BYTES;
    trail.count = 0;
    for (uint32_t steps = 0; frame && steps < STEPS; steps++) {
        if (!fetch(mode, frame, bytes, frame_bytes))
            return false;
        frame = FIELD(bytes, layout->frame_back, uint64_t);
        unsigned owner = layout->frame_entry >= 0 ? bytes[layout->frame_entry] : 0;
        if (layout->entry == PYTHON_ENTRY_SHIM && owner >= layout->owner_shim) {
            if (trail.count)
                trail.found[trail.count - 1].entry = true;
            continue;
        }
        if (trail.count == PYTHON_MAX_FRAMES) {
            *truncated = true;
            break;
        }
        uint64_t code = FIELD(bytes, layout->frame_code, uint64_t) & ~UINT64_C(7);
        ask_for(code, OLD_CODE);
        trail.found[trail.count].code = code;
        trail.found[trail.count].position = position_of(bytes, code);
        trail.found[trail.count++].entry =
            layout->entry == PYTHON_ENTRY_EVERY || (layout->entry == PYTHON_ENTRY_FLAG && owner);
    }
    return true;
}

/* The copy of this code object in the walk, or a place for it. */
static uint16_t place_of(uint64_t code)
{
    for (uint32_t i = trail.copies; i > 0; i--)
        if (trail.code[i - 1] == code)
            return (uint16_t)(i - 1);
    trail.code[trail.copies] = code;
    return (uint16_t)trail.copies++;
}

/* Copies what the frames of the trail lead to: each code object once, up to the first that is none. */
static void copy_code(void)
{
    const struct python_layout *layout = python.interpreter.layout;
    size_t bytes = layout->code_start >= 0 ? (size_t)layout->code_start : OLD_CODE;
    uint32_t count = 0, objects = 0;
    trail.copies = 0;
    for (uint32_t i = 0; i < trail.count; i++)
        trail.found[i].copy = place_of(trail.found[i].code);
    peek_ahead(trail.code, trail.copies, bytes);
    while (count < trail.copies && peek(trail.code[count], trail.headers[count], bytes)) {
        const unsigned char *code = trail.headers[count++];
        trail.objects[objects++] = FIELD(code, layout->code_name, uint64_t);
        trail.objects[objects++] = FIELD(code, layout->code_filename, uint64_t);
        trail.objects[objects++] = FIELD(code, layout->code_lines, uint64_t);
    }
    trail.copies = count;
    peek_ahead(trail.objects, objects, STRING_HEAD);
}

/* The code object of frame i of the trail; NULL: this is no frame. */
static const unsigned char *code_of(enum python_mode mode, uint32_t i)
{
    uint64_t address = trail.found[i].code;
    uint16_t copy = trail.found[i].copy;
    if (!is_possible(address) || (mode == PYTHON_ASYNC && copy >= trail.copies))
        return NULL;
    const unsigned char *code = mode == PYTHON_ASYNC ? trail.headers[copy] : (const unsigned char *)(uintptr_t)address;
    return FIELD(code, 8, uint64_t) == python.interpreter.type_code ? code : NULL;
}

/*
 * The cache is asked for what the frames lead to before it is their turn: a program that has worked on its data since
 * the last walk has driven all of it out, and it lies in a hundred places. Addresses that are none do no harm.
 */
static void ask_early(void)
{
    const struct python_layout *layout = python.interpreter.layout;
    for (uint32_t i = 0; i < trail.count; i++) {
        const unsigned char *code = code_of(PYTHON_OWN, i);
        if (!code)
            continue;
        ask_for(FIELD(code, layout->code_name, uint64_t), STRING_HEAD);
        ask_for(FIELD(code, layout->code_filename, uint64_t), STRING_HEAD);
        ask_for(FIELD(code, layout->code_lines, uint64_t), BYTES_DATA + TABLE_BYTES);
        python_cache_ask_early(&python.cache, trail.found[i].code, trail.found[i].position);
    }
}

/*
 * From 3.12 on the interpreter puts a frame of its own between a call of a class and its __init__, which tracebacks do
 * not show: its code never gets to where functions begin (_co_firsttraceable, two fields before the bytecode), and its
 * file is the very string that is its name.
 */
static bool is_trampoline(const unsigned char *code, int32_t position)
{
    const struct python_layout *layout = python.interpreter.layout;
    return layout->entry == PYTHON_ENTRY_SHIM &&
           FIELD(code, layout->code_filename, uint64_t) == FIELD(code, layout->code_name, uint64_t) &&
           position < 2 * FIELD(code, layout->code_start - 16, int32_t);
}

/* false: what followed a link that is just being made is not to be believed. */
static bool resolve(enum python_mode mode, struct python_stack *stack)
{
    if (mode == PYTHON_ASYNC)
        copy_code();
    else
        ask_early();
    for (uint32_t i = 0; i < trail.count; i++) {
        const unsigned char *code = code_of(mode, i);
        if (!code)
            return false;
        if (is_trampoline(code, trail.found[i].position))
            continue;
        uint32_t index = resolve_frame(mode, trail.found[i].code, trail.found[i].position, code);
        if (index != NO_ROOM) {
            stack->frames[stack->count] = LW_FRAME_PYTHON | index;
            stack->entry[stack->count++] = trail.found[i].entry;
        } else if (stack->count) {
            stack->entry[stack->count - 1] |= trail.found[i].entry;
        }
    }
    return true;
}

static enum python_result walk(uint64_t state, struct python_stack *stack, enum python_mode mode)
{
    const struct python_layout *layout = python.interpreter.layout;
    uint64_t frame;
    bool whole = fetch(mode, state + (uint64_t)layout->state_frame, &frame, 8);
    if (whole && layout->cframe_frame >= 0 && frame)
        whole = fetch(mode, frame + (uint64_t)layout->cframe_frame, &frame, 8);
    if (!whole)
        return PYTHON_MISSED;
    whole = follow(mode, frame, &stack->truncated);
    if (resolve(mode, stack) && whole)
        return stack->count ? PYTHON_FOUND : PYTHON_NONE;
    stack->truncated = true;
    return stack->count ? PYTHON_FOUND : PYTHON_MISSED;
}

enum python_result python_walk(struct python_stack *stack, enum python_mode mode)
{
    enum python_result result = PYTHON_NONE;
    uint64_t state = 0;
    stack->count = 0;
    stack->truncated = false;
    if (!python_ready() || (mode == PYTHON_OWN && !(state = thread_state_of_caller(mode))))
        return PYTHON_NONE;
    if (!lock_take(&python.lock))
        return PYTHON_MISSED;
    if (mode == PYTHON_ASYNC) {
        peek_begin((uint64_t)pthread_self());
        state = thread_state_of_caller(mode);
    }
    if (state)
        result = walk(state, stack, mode);
    lock_drop(&python.lock);
    return result;
}

bool python_ready(void)
{
    return __atomic_load_n(&python.ready, __ATOMIC_ACQUIRE) != 0;
}

bool python_is_evaluation(uint64_t address)
{
    return python_interpreter_evaluates(&python.interpreter, address);
}

bool python_find(struct journal *journal, void *cache, char *version, size_t version_bytes, char *why, size_t why_bytes,
                 bool *refused)
{
    if (!python_interpreter_find(&python.interpreter, version, version_bytes, why, why_bytes, refused))
        return false;
    python.journal = journal;
    python_cache_open(&python.cache, cache);
    python.lock.word = 0;
    __atomic_store_n(&python.ready, 1, __ATOMIC_RELEASE);
    return true;
}

void python_forget(void)
{
    __atomic_store_n(&python.ready, 0, __ATOMIC_RELEASE);
}
