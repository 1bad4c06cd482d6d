/* SPDX-License-Identifier: MIT */
#include "profile/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/frame_names.h"
#include "sources/journal_records.h"
#include "sources/perf_map.h"
#include "sources/symbolizer.h"

#define MAX_ALL_FRAMES (4u << 20) /* of all stacks together: a hostile journal ends here */
#define MAX_FUNCTION   2048u      /* characters of a demangled name */
#define MAX_MODULES    65536u     /* the kernel lets a process have no more mappings */

struct module {
    struct lw_module record;
    const char *path; /* printable */
    const char *raw_path;
    const char *build_id;
    bool main_program;
};

/* What one word stands for: several frames where functions were inlined. */
struct entry {
    uint64_t word;
    const struct frame *frames;
    size_t count;
};

struct frames {
    const struct journal *journal;
    struct arena *arena;
    struct symbolizer *symbolizer; /* NULL: not wanted */
    struct perf_map *perf_map;     /* NULL: none */
    const char *directory;
    struct module *modules;
    size_t module_count;
    struct lw_symbol *symbols; /* by address, the latest record first */
    size_t symbol_count;
    struct entry *table; /* open addressing, a power of two */
    size_t table_size;
    size_t table_used;
    size_t all_frames;
};

static int symbol_compare(const void *a, const void *b)
{
    const struct lw_symbol *left = a, *right = b;

    if (left->address != right->address)
        return left->address < right->address ? -1 : 1;
    return left->reserved > right->reserved ? -1 : left->reserved < right->reserved;
}

static void symbols_read(struct frames *frames)
{
    uint64_t count = journal_count(frames->journal, LW_SECTION_SYMBOLS);

    frames->symbols = array_resize(NULL, count, sizeof(*frames->symbols));
    for (uint64_t i = 0; i < count; i++) {
        struct lw_symbol *symbol = &frames->symbols[frames->symbol_count++];
        journal_get(frames->journal, LW_SECTION_SYMBOLS, i, symbol, sizeof(*symbol));
        symbol->reserved = (uint32_t)i; /* the order of the records: later ones win */
    }
    qsort(frames->symbols, frames->symbol_count, sizeof(*frames->symbols), symbol_compare);
}

static const struct lw_symbol *symbol_of(const struct frames *frames, uint64_t address)
{
    size_t low = 0, high = frames->symbol_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (frames->symbols[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < frames->symbol_count && frames->symbols[low].address == address;
    return found ? &frames->symbols[low] : NULL;
}

static void modules_read(struct frames *frames)
{
    const char *executable = journal_identity(frames->journal)->executable;
    uint64_t count = journal_count(frames->journal, LW_SECTION_MODULES);

    count = count < MAX_MODULES ? count : MAX_MODULES;
    frames->modules = arena_new(frames->arena, count, sizeof(*frames->modules));
    for (uint64_t i = 0; i < count; i++) {
        struct module *module = &frames->modules[frames->module_count++];
        size_t length;
        char hex[2 * sizeof(module->record.build_id) + 1] = "";
        journal_get(frames->journal, LW_SECTION_MODULES, i, &module->record, sizeof(module->record));
        module->raw_path = journal_string(frames->journal, module->record.path, &length);
        module->path = arena_text(frames->arena, module->raw_path, length);
        module->main_program = executable[0] && strcmp(module->raw_path, executable) == 0;
        for (size_t b = 0; b < module->record.build_id_bytes && b < sizeof(module->record.build_id); b++)
            snprintf(hex + 2 * b, 3, "%02x", module->record.build_id[b]);
        module->build_id = arena_text(frames->arena, hex, strlen(hex));
    }
}

static const struct module *module_of(const struct frames *frames, uint64_t address, const struct lw_symbol *symbol)
{
    if (symbol && symbol->module < frames->module_count)
        return &frames->modules[symbol->module];
    for (size_t i = frames->module_count; i-- > 0;) /* the latest: an unloaded library may have lain there before */
        if (address > frames->modules[i].record.start && address <= frames->modules[i].record.end)
            return &frames->modules[i];
    return NULL;
}

struct frames *frames_new(const struct journal *journal, struct arena *arena, bool symbols)
{
    struct frames *frames = array_resize(NULL, 1, sizeof(*frames));

    *frames = (struct frames){.journal = journal, .arena = arena, .directory = journal_identity(journal)->directory};
    frames->table_size = 1024;
    frames->table = array_resize(NULL, frames->table_size, sizeof(*frames->table));
    memset(frames->table, 0, frames->table_size * sizeof(*frames->table));
    frames->symbolizer = symbols ? symbolizer_new() : NULL;
    frames->perf_map = symbols ? perf_map_open(journal_identity(journal)) : NULL;
    modules_read(frames);
    symbols_read(frames);
    return frames;
}

void frames_free(struct frames *frames)
{
    symbolizer_free(frames->symbolizer);
    perf_map_close(frames->perf_map);
    free(frames->symbols);
    free(frames->table);
    free(frames);
}

static const char *text_of(struct frames *frames, uint32_t string)
{
    size_t length;
    const char *raw = journal_string(frames->journal, string, &length);

    return arena_text(frames->arena, raw, length < 4096 ? length : 4096);
}

static struct frame *frame_new(struct frames *frames, size_t count, enum frame_kind kind)
{
    struct frame *made = arena_new(frames->arena, count, sizeof(*made));

    for (size_t i = 0; i < count; i++) {
        made[i].kind = kind;
        made[i].function = made[i].short_function = made[i].file = made[i].short_file = "";
        made[i].module = made[i].build_id = "";
    }
    return made;
}

static size_t python_frame(struct frames *frames, uint64_t word, const struct frame **out)
{
    struct lw_python_frame record;
    struct frame *frame = frame_new(frames, 1, FRAME_PYTHON);

    *out = frame;
    if (!journal_get(frames->journal, LW_SECTION_PYTHON_FRAMES, LW_FRAME_INDEX(word), &record, sizeof(record))) {
        frame->function = frame->short_function = "(damaged)";
        frame->library = true;
        return 1;
    }
    frame->function = frame->short_function = text_of(frames, record.function);
    frame->file = text_of(frames, record.file);
    frame->short_file = frames_short_file(frame->file, frames->directory);
    frame->line = record.line > 0 ? record.line : 0;
    frame->library = frames_python_library(frame->file);
    return 1;
}

static size_t marker_frame(struct frames *frames, uint64_t word, const struct frame **out)
{
    static const char *const texts[] = {
        [LW_MARKER_TRUNCATED] = "(the stack is deeper)",
        [LW_MARKER_UNMERGED] = FRAMES_UNMERGED,
        [LW_MARKER_NO_NATIVE] = "(no native frames: the unwinder was not ready)",
        [LW_MARKER_NO_PYTHON] = "(the Python frames could not be read just then)",
    };
    uint32_t marker = LW_FRAME_INDEX(word);
    struct frame *frame = frame_new(frames, 1, FRAME_MARKER);

    frame->function = frame->short_function =
        marker > 0 && marker < sizeof(texts) / sizeof(texts[0]) ? texts[marker] : "(unknown remark)";
    *out = frame;
    return 1;
}

static void native_name(struct frames *frames, struct frame *frame, const char *mangled, size_t length)
{
    char raw[MAX_FUNCTION], plain[MAX_FUNCTION];

    snprintf(raw, sizeof(raw), "%.*s", (int)(length < sizeof(raw) ? length : sizeof(raw) - 1), mangled);
    const char *name = symbolizer_demangle(raw, plain, sizeof(plain)) ? plain : raw;
    frame->function = arena_text(frames->arena, name, strlen(name));
    frame->short_function = frames_short_function(frame->function, frames->arena);
    frame->library = frames_runtime_function(frame->short_function);
}

static size_t native_frames(struct frames *frames, uint64_t address, const struct frame **out)
{
    const struct lw_symbol *symbol = symbol_of(frames, address);
    const struct module *module = module_of(frames, address, symbol);
    struct symbolizer_frame found[SYMBOLIZER_MAX_INLINED];
    size_t count = 0, length = 0;

    if (module && frames->symbolizer)
        count = symbolizer_lookup(frames->symbolizer, &module->record, module->raw_path, address, found);
    struct frame *made = frame_new(frames, count ? count : 1, FRAME_NATIVE);
    const char *recorded = symbol ? journal_string(frames->journal, symbol->name, &length) : "";
    const char *compiled =
        frames->perf_map && !module && !length ? perf_map_name(frames->perf_map, address - 1, &length) : NULL;
    for (size_t i = 0; i < count || i == 0; i++) {
        const char *name = i < count && found[i].function ? found[i].function : NULL;
        const char *file = i < count && found[i].file ? found[i].file : "";
        native_name(frames, &made[i], name ? name : compiled ? compiled : recorded, name ? strlen(name) : length);
        made[i].file = arena_text(frames->arena, file, strlen(file));
        made[i].short_file = frames_short_file(made[i].file, frames->directory);
        made[i].line = i < count && found[i].line > 0 ? found[i].line : 0;
        made[i].address = address;
        made[i].module = module ? module->path : "";
        made[i].build_id = module ? module->build_id : "";
        made[i].main_program = module && module->main_program;
        made[i].library |= strstr(made[i].module, "/liblastwords.so") != NULL;
    }
    *out = made;
    return count ? count : 1;
}

static struct entry *slot_of(struct entry *table, size_t size, uint64_t word)
{
    size_t i = (size_t)((word * UINT64_C(0x9E3779B97F4A7C15)) >> 20) & (size - 1);

    while (table[i].frames && table[i].word != word)
        i = (i + 1) & (size - 1);
    return &table[i];
}

static void table_grow(struct frames *frames)
{
    size_t size = frames->table_size * 2;
    struct entry *bigger = array_resize(NULL, size, sizeof(*bigger));

    memset(bigger, 0, size * sizeof(*bigger));
    for (size_t i = 0; i < frames->table_size; i++)
        if (frames->table[i].frames)
            *slot_of(bigger, size, frames->table[i].word) = frames->table[i];
    free(frames->table);
    frames->table = bigger;
    frames->table_size = size;
}

static const struct entry *entry_of(struct frames *frames, uint64_t word)
{
    if (2 * frames->table_used >= frames->table_size)
        table_grow(frames);
    struct entry *entry = slot_of(frames->table, frames->table_size, word);
    if (entry->frames)
        return entry;
    entry->word = word;
    entry->count = word & LW_FRAME_PYTHON   ? python_frame(frames, word, &entry->frames)
                   : word & LW_FRAME_MARKER ? marker_frame(frames, word, &entry->frames)
                                            : native_frames(frames, word, &entry->frames);
    frames->table_used++;
    return entry;
}

void frames_stack_of_words(struct frames *frames, const uint64_t *words, size_t count, struct stack *stack)
{
    const struct frame *found[JOURNAL_MAX_FRAMES + SYMBOLIZER_MAX_INLINED];
    size_t n = 0;

    if (frames->all_frames + count > MAX_ALL_FRAMES)
        count = 0;
    for (size_t i = 0; i < count && n < JOURNAL_MAX_FRAMES; i++) {
        const struct entry *entry = entry_of(frames, words[i]);
        for (size_t f = 0; f < entry->count; f++)
            found[n++] = &entry->frames[f];
    }
    frames->all_frames += n;
    stack->frames = arena_new(frames->arena, n, sizeof(*stack->frames));
    memcpy(stack->frames, found, n * sizeof(*found));
    stack->count = n;
    stack->user = frames_responsible(stack->frames, n);
}

void frames_stack_of_node(struct frames *frames, uint32_t node, struct stack *stack)
{
    uint64_t words[JOURNAL_MAX_FRAMES];

    frames_stack_of_words(frames, words, journal_stack(frames->journal, node, words, JOURNAL_MAX_FRAMES), stack);
}
