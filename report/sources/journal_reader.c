/* SPDX-License-Identifier: MIT */
#include "sources/journal_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sources/arena.h"

/* A section as far as it can be believed. */
struct view {
    const unsigned char *bytes;
    uint64_t count;       /* records that lie in the file and were written */
    uint32_t record_size; /* in the file */
    uint64_t dropped;
    uint64_t offset;
};

struct journal {
    unsigned char *bytes;
    size_t size;
    char name[512];
    struct lw_header header;
    struct lw_identity identity;
    struct view views[LW_SECTION_COUNT];
    size_t note_count;
    char notes[JOURNAL_MAX_NOTES][160];
};

/* What this version expects of each section. */
static const struct {
    const char *name;
    uint32_t record_size;
} layouts[LW_SECTION_COUNT] = {
    [LW_SECTION_IDENTITY] = {"identity", sizeof(struct lw_identity)},
    [LW_SECTION_STRINGS] = {"strings", 1},
    [LW_SECTION_MODULES] = {"modules", sizeof(struct lw_module)},
    [LW_SECTION_SYMBOLS] = {"symbols", sizeof(struct lw_symbol)},
    [LW_SECTION_PYTHON_FRAMES] = {"python frames", sizeof(struct lw_python_frame)},
    [LW_SECTION_NODES] = {"stacks", sizeof(struct lw_node)},
    [LW_SECTION_SITES] = {"sites", sizeof(struct lw_site)},
    [LW_SECTION_STATE] = {"state", sizeof(struct lw_state)},
    [LW_SECTION_TIMELINE_RECENT] = {"recent timeline", sizeof(struct lw_tick)},
    [LW_SECTION_TIMELINE_WHOLE] = {"whole timeline", sizeof(struct lw_tick)},
    [LW_SECTION_EVENTS] = {"events", sizeof(struct lw_event)},
    [LW_SECTION_THREADS] = {"threads", sizeof(struct lw_thread)},
    [LW_SECTION_CAPABILITIES] = {"capabilities", sizeof(struct lw_capability)},
    [LW_SECTION_MOMENT] = {"moment", sizeof(struct lw_state)},
    [LW_SECTION_MOMENT_SITES] = {"moment_sites", sizeof(struct lw_moment_site)},
    [LW_SECTION_MARKS] = {"marks", sizeof(struct lw_mark)},
    [LW_SECTION_TOUCHES] = {"touches", sizeof(struct lw_touch)},
    [LW_SECTION_INPUTS] = {"inputs", sizeof(struct lw_input)},
    [LW_SECTION_TEXT] = {"text", 1},
    [LW_SECTION_OUTCOME] = {"outcome", sizeof(struct lw_outcome)},
    [LW_SECTION_NEIGHBOURS] = {"neighbours", sizeof(struct lw_neighbour)},
};

__attribute__((format(printf, 2, 3))) static void note(struct journal *journal, const char *format, ...)
{
    va_list arguments;

    if (journal->note_count == JOURNAL_MAX_NOTES)
        return;
    va_start(arguments, format);
    vsnprintf(journal->notes[journal->note_count++], sizeof(journal->notes[0]), format, arguments);
    va_end(arguments);
}

bool journal_header_check(const struct lw_header *header, size_t size, const char *name, struct problem *problem)
{
    if (size == 0) {
        problem_set(problem, "%s: is empty: the process ended before the journal was begun, or the disk was full",
                    name);
    } else if (memcmp(header->magic, LW_MAGIC, size < sizeof(header->magic) ? size : sizeof(header->magic)) != 0) {
        problem_set(problem, "%s: is not a lastwords journal: name a file called lastwords-PROGRAM.HOST.PID.START.lw",
                    name);
    } else if (size < sizeof(*header)) {
        problem_set(problem, "%s: has only %zu bytes, too few for a journal: copy the whole file", name, size);
    } else if (header->byte_order != LW_BYTE_ORDER) {
        problem_set(problem, "%s: was written on a machine of the other byte order: read it there", name);
    } else if (header->version != LW_FORMAT_VERSION) {
        problem_set(problem,
                    "%s: has format version %u, this command reads version %u: use the lastwords that wrote it", name,
                    header->version, LW_FORMAT_VERSION);
    } else {
        return true;
    }
    return false;
}

/* Believes of one section what lies inside of `size` bytes. False when nothing of it can be used. */
static bool section_view(const struct lw_section *section, const unsigned char *bytes, uint64_t size, struct view *view)
{
    uint32_t least = layouts[section->kind].record_size;

    if (section->record_size < least || (least == 1 && section->record_size != 1) ||
        section->offset < sizeof(struct lw_header) || section->offset % LW_SECTION_ALIGN != 0)
        return false;
    uint64_t room = section->offset < size ? (size - section->offset) / section->record_size : 0;
    uint64_t written = section->used < section->capacity ? section->used : section->capacity;
    *view = (struct view){
        .bytes = room > 0 ? bytes + section->offset : NULL,
        .count = written < room ? written : room,
        .record_size = section->record_size,
        .dropped = section->dropped,
        .offset = section->offset,
    };
    return true;
}

static void sections_read(struct journal *journal)
{
    uint32_t count = journal->header.section_count;

    if (count > LW_MAX_SECTIONS) {
        note(journal, "the header speaks of %u sections; only %u were looked at", count, LW_MAX_SECTIONS);
        count = LW_MAX_SECTIONS;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct lw_section *section = &journal->header.sections[i];
        struct view view;
        if (section->kind == LW_SECTION_NONE || section->kind >= LW_SECTION_COUNT)
            continue;
        const char *name = layouts[section->kind].name;
        if (journal->views[section->kind].record_size != 0) {
            note(journal, "there are two sections of %s; the second was left out", name);
        } else if (!section_view(section, journal->bytes, journal->size, &view)) {
            note(journal, "the section of %s is broken and was left out", name);
        } else {
            uint64_t written = section->used < section->capacity ? section->used : section->capacity;
            if (view.count < written)
                note(journal, "%s: %llu of %llu records are missing, the file ends before them", name,
                     (unsigned long long)(written - view.count), (unsigned long long)written);
            journal->views[section->kind] = view;
        }
    }
}

void journal_identity_bound(struct lw_identity *identity)
{
    static const struct {
        size_t offset, size;
    } texts[] = {
#define TEXT(member) {offsetof(struct lw_identity, member), sizeof(((struct lw_identity *)0)->member)}
        TEXT(boot_id), TEXT(job),          TEXT(host),           TEXT(program), TEXT(executable),
        TEXT(kernel),  TEXT(shim_version), TEXT(python_version), TEXT(options), TEXT(directory),
#undef TEXT
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ((char *)identity)[texts[i].offset + texts[i].size - 1] = '\0';
    if (identity->command_bytes > sizeof(identity->command))
        identity->command_bytes = sizeof(identity->command);
}

static bool check(struct journal *journal, struct problem *problem)
{
    size_t head = journal->size < sizeof(journal->header) ? journal->size : sizeof(journal->header);
    memcpy(&journal->header, journal->bytes, head);
    if (!journal_header_check(&journal->header, journal->size, journal->name, problem))
        return false;
    if (journal->header.file_bytes > journal->size)
        note(journal, "the file was cut: %zu of %llu bytes are there", journal->size,
             (unsigned long long)journal->header.file_bytes);
    sections_read(journal);
    if (!journal_get(journal, LW_SECTION_IDENTITY, 0, &journal->identity, sizeof(journal->identity))) {
        bool starting = journal->header.life == LW_LIFE_STARTING && journal->header.file_bytes <= journal->size;
        problem_set(problem,
                    starting
                        ? "%s: was being set up when the process ended: nothing is in it"
                        : "%s: is cut or damaged, it does not even say which process wrote it: copy the whole file",
                    journal->name);
        return false;
    }
    journal_identity_bound(&journal->identity);
    return true;
}

struct journal *journal_adopt(unsigned char *bytes, size_t size, const char *name, struct problem *problem)
{
    struct journal *journal = array_resize(NULL, 1, sizeof(*journal));

    memset(journal, 0, sizeof(*journal));
    journal->bytes = bytes;
    journal->size = size;
    snprintf(journal->name, sizeof(journal->name), "%s", name);
    if (check(journal, problem))
        return journal;
    journal_close(journal);
    return NULL;
}

struct journal *journal_from_bytes(const void *bytes, size_t size, const char *name, struct problem *problem)
{
    unsigned char *copy = array_resize(NULL, size, 1);

    if (size > 0)
        memcpy(copy, bytes, size);
    return journal_adopt(copy, size, name, problem);
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    free(journal->bytes);
    free(journal);
}

const struct lw_header *journal_header(const struct journal *journal)
{
    return &journal->header;
}

const struct lw_identity *journal_identity(const struct journal *journal)
{
    return &journal->identity;
}

const char *journal_name(const struct journal *journal)
{
    return journal->name;
}

uint64_t journal_count(const struct journal *journal, enum lw_section_kind kind)
{
    return journal->views[kind].count;
}

uint64_t journal_dropped(const struct journal *journal, enum lw_section_kind kind)
{
    return journal->views[kind].dropped;
}

bool journal_get(const struct journal *journal, enum lw_section_kind kind, uint64_t index, void *record, size_t size)
{
    const struct view *view = &journal->views[kind];

    if (index >= view->count || size > view->record_size)
        return false;
    memcpy(record, view->bytes + index * view->record_size, size);
    return true;
}

unsigned char *journal_section(struct journal *journal, enum lw_section_kind kind, uint64_t *offset, size_t *size)
{
    const struct view *view = &journal->views[kind];

    *offset = view->offset;
    *size = view->count * view->record_size;
    return view->count > 0 ? journal->bytes + view->offset : NULL;
}

const char *journal_string(const struct journal *journal, uint32_t offset, size_t *length)
{
    const struct view *view = &journal->views[LW_SECTION_STRINGS];

    *length = 0;
    if (offset >= view->count)
        return "";
    const char *text = (const char *)view->bytes + offset;
    const char *end = memchr(text, '\0', view->count - offset);
    if (!end)
        return "";
    *length = (size_t)(end - text);
    return text;
}

/* Its index in the table when a whole outcome can be written there; else -1. */
static int outcome_section(const struct journal *journal)
{
    for (uint32_t i = 0; i < journal->header.section_count && i < LW_MAX_SECTIONS; i++) {
        const struct lw_section *section = &journal->header.sections[i];
        if (section->kind == LW_SECTION_OUTCOME && section->capacity > 0 &&
            section->record_size >= sizeof(struct lw_outcome) && section->offset >= sizeof(struct lw_header) &&
            section->offset % LW_SECTION_ALIGN == 0 && section->offset <= journal->size &&
            journal->size - section->offset >= sizeof(struct lw_outcome))
            return (int)i;
    }
    return -1;
}

uint64_t journal_outcome_offset(const struct journal *journal)
{
    int i = outcome_section(journal);

    return i < 0 ? 0 : journal->header.sections[i].offset;
}

uint64_t journal_outcome_used_offset(const struct journal *journal)
{
    int i = outcome_section(journal);

    return i < 0 ? 0
                 : offsetof(struct lw_header, sections) + (size_t)i * sizeof(struct lw_section) +
                       offsetof(struct lw_section, used);
}

size_t journal_note_count(const struct journal *journal)
{
    return journal->note_count;
}

const char *journal_note(const struct journal *journal, size_t index)
{
    return journal->notes[index];
}
