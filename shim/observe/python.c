/* SPDX-License-Identifier: MIT */
/*
 * How a stack is found. The thread state comes from the interpreter's own accessors: UncheckedGet gives the one that
 * holds the GIL (to 3.11 of any thread, so its thread_id is compared; from 3.12 on it is thread-local), otherwise
 * PyGILState_GetThisThreadState, whose answer may be stale during finalisation and is validated through the kernel.
 * From it the chain of frames is followed by the offsets of python_layouts; then the code objects of all of them are
 * looked at, which through the kernel is one call for the headers and one for the hashes of the names. A cache keyed by
 * (code object, position) remembers the finished journal frame; an entry counts only while the code object still has
 * the same name, file and line table, because code objects are freed and their addresses reused; those of the
 * interpreter's own binary ("frozen" modules, whose names may have no hash) are not.
 */
#include "observe/python.h"
#include "ground/guard.h"
#include "ground/lock.h"
#include "ground/sys.h"
#include "ground/text.h"
#include "observe/peek.h"
#include "observe/python_interpreter.h"
#include "observe/python_lines.h"

#include <pthread.h>
#include <string.h>

#define CACHE_SLOTS  8192u
#define CACHE_PROBES 4u
#define CODE_BYTES   208u /* the header of a code object; to 3.10 it is smaller */
#define OLD_CODE     160u
#define FRAME_BYTES  112u
#define NAME_BYTES   480u
#define BYTES_DATA   32                          /* PyBytesObject.ob_sval, the same since 3.8 */
#define NAME_HASH    24                          /* PyASCIIObject.hash, the same since 3.8 */
#define STEPS        (2 * PYTHON_MAX_FRAMES + 2) /* at most one shim frame for each other */
#define NO_ROOM      UINT32_MAX
#define NO_HASH      (-1) /* CPython's own: not computed */

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
    struct journal *journal;
    struct cached_frame *cache;
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
    int64_t name_hash[PYTHON_MAX_FRAMES];
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
static uint32_t copy_string(enum python_mode mode, uint64_t address, int64_t *hash)
{
    unsigned char head[80], data[NAME_BYTES];
    char utf8[NAME_BYTES * 4];
    if (!fetch(mode, address, head, 48) || FIELD(head, 8, uint64_t) != python.interpreter.type_string)
        return 0;
    struct string_shape string = shape_of(head);
    if (!string.kind)
        return 0;
    *hash = FIELD(head, 24, int64_t);
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

static bool describes(const struct cached_frame *entry, uint64_t address, const unsigned char *code, int32_t position)
{
    const struct python_layout *layout = python.interpreter.layout;
    return entry->code == address && entry->position == position &&
           entry->filename == FIELD(code, layout->code_filename, uint64_t) &&
           entry->name == FIELD(code, layout->code_name, uint64_t) &&
           entry->lines == FIELD(code, layout->code_lines, uint64_t) &&
           entry->first_line == FIELD(code, layout->code_first_line, int32_t);
}

static uint32_t learn(enum python_mode mode, const unsigned char *code, int32_t position, int64_t *name_hash)
{
    const struct python_layout *layout = python.interpreter.layout;
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

/* Of a name whose hash the interpreter never needed, such as "<module>": its text's own. */
static int64_t hash_of_text(uint64_t name)
{
    const char *object = (const char *)(uintptr_t)name;
    struct string_shape string = shape_of(object);
    if (!string.kind || string.length > NAME_BYTES / 4)
        return NO_HASH;
    uint64_t hash = text_hash(object + string.offset, string.length * string.kind);
    return (int64_t)(hash & INT64_MAX);
}

static int64_t name_hash_of(enum python_mode mode, uint32_t i, uint64_t name)
{
    if (mode == PYTHON_ASYNC)
        return trail.name_hash[trail.found[i].copy];
    int64_t hash = FIELD((uintptr_t)name, NAME_HASH, int64_t);
    return hash == NO_HASH ? hash_of_text(name) : hash;
}

/* The journal's index of frame i of the trail, whose code object is here; NO_ROOM: there is none. Lock held. */
static uint32_t resolve_frame(enum python_mode mode, uint32_t i, const unsigned char *code)
{
    const struct python_layout *layout = python.interpreter.layout;
    uint64_t address = trail.found[i].code;
    int32_t position = trail.found[i].position;
    int64_t hash = 0;
    uint32_t slot = (uint32_t)(index_mix(address, (uint32_t)position) & (CACHE_SLOTS - 1));
    for (uint32_t probe = 0; probe < CACHE_PROBES; probe++) {
        struct cached_frame *entry = &python.cache[(slot + probe) & (CACHE_SLOTS - 1)];
        if (!describes(entry, address, code, position))
            continue;
        if (segment_has(&python.interpreter.data, address))
            return entry->frame;
        hash = name_hash_of(mode, i, entry->name);
        if (hash == entry->name_hash && hash != NO_HASH)
            return entry->frame;
    }
    uint32_t frame = learn(mode, code, position, &hash);
    if (frame == NO_ROOM)
        return frame;
    if (hash == NO_HASH)
        hash = name_hash_of(mode, i, FIELD(code, layout->code_name, uint64_t));
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
    uint64_t *names = trail.code; /* their place when the headers are here */
    uint32_t count = 0;
    trail.copies = 0;
    for (uint32_t i = 0; i < trail.count; i++)
        trail.found[i].copy = place_of(trail.found[i].code);
    peek_ahead(trail.code, trail.copies, bytes);
    while (count < trail.copies && peek(trail.code[count], trail.headers[count], bytes)) {
        names[count] = FIELD(trail.headers[count], layout->code_name, uint64_t) + NAME_HASH;
        count++;
    }
    trail.copies = count;
    peek_ahead(names, count, sizeof *trail.name_hash);
    for (uint32_t i = 0; i < count; i++)
        if (!peek(names[i], &trail.name_hash[i], sizeof *trail.name_hash))
            trail.name_hash[i] = NO_HASH;
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
    for (uint32_t i = 0; i < trail.count; i++) {
        const unsigned char *code = code_of(mode, i);
        if (!code)
            return false;
        if (is_trampoline(code, trail.found[i].position))
            continue;
        uint32_t index = resolve_frame(mode, i, code);
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
    python.cache = cache;
    python.lock.word = 0;
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
