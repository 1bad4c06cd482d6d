/* SPDX-License-Identifier: MIT */
#include "sources/journal_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

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

/* True when the header is one that this version reads; else says why not. */
static bool header_check(const struct lw_header *header, size_t size, const char *name, struct problem *problem)
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

static void identity_terminate(struct lw_identity *identity)
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

static bool journal_check(struct journal *journal, struct problem *problem)
{
    size_t head = journal->size < sizeof(journal->header) ? journal->size : sizeof(journal->header);
    memcpy(&journal->header, journal->bytes, head);
    if (!header_check(&journal->header, journal->size, journal->name, problem))
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
    identity_terminate(&journal->identity);
    return true;
}

static struct journal *journal_adopt(unsigned char *bytes, size_t size, const char *name, struct problem *problem)
{
    struct journal *journal = array_resize(NULL, 1, sizeof(*journal));

    memset(journal, 0, sizeof(*journal));
    journal->bytes = bytes;
    journal->size = size;
    snprintf(journal->name, sizeof(journal->name), "%s", name);
    if (journal_check(journal, problem))
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

/* Reads until the end, an error or `size` bytes; offset < 0: from where the stream stands. */
static ssize_t read_fully(int fd, unsigned char *out, size_t size, off_t offset)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n =
            offset < 0 ? read(fd, out + done, size - done) : pread(fd, out + done, size - done, offset + (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static struct journal *open_stream(int fd, struct problem *problem)
{
    size_t capacity = 1 << 20, size = 0;
    unsigned char *bytes = array_resize(NULL, capacity, 1);

    for (;;) {
        ssize_t n = read_fully(fd, bytes + size, capacity - size, -1);
        if (n < 0 || capacity >= JOURNAL_MAX_BYTES) {
            problem_set(problem, "standard input: %s", n < 0 ? strerror((int)-n) : "is too large for a journal");
            free(bytes);
            return NULL;
        }
        size += (size_t)n;
        if (size < capacity)
            return journal_adopt(bytes, size, "standard input", problem);
        capacity *= 2;
        bytes = array_resize(bytes, capacity, 1);
    }
}

/* A slot of the state may be half-written at any moment, both only by ill luck: look again. */
static void state_reread(struct journal *journal, int fd)
{
    const struct view *view = &journal->views[LW_SECTION_STATE];
    struct lw_state state;

    for (int i = 0; i < 20 && view->count > 0 && !journal_state(journal, &state); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        read_fully(fd, journal->bytes + view->offset, view->count * view->record_size, (off_t)view->offset);
    }
}

static struct journal *open_file(int fd, const char *path, struct problem *problem)
{
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        problem_set(problem, "%s: is not a regular file: name a journal, a directory or a process id", path);
        return NULL;
    }
    if ((uint64_t)status.st_size > JOURNAL_MAX_BYTES) {
        problem_set(problem, "%s: has %lld bytes, too many for a journal", path, (long long)status.st_size);
        return NULL;
    }
    size_t size = (size_t)status.st_size;
    size_t head = size < LW_HEADER_BYTES ? size : LW_HEADER_BYTES;
    unsigned char *bytes = array_resize(NULL, size, 1);
    ssize_t first = read_fully(fd, bytes, head, 0);
    ssize_t rest = first == (ssize_t)head ? read_fully(fd, bytes + head, size - head, (off_t)head) : 0;
    if (first < 0 || rest < 0) {
        problem_set(problem, "%s: cannot be read (%s)", path, strerror((int)-(first < 0 ? first : rest)));
        free(bytes);
        return NULL;
    }
    struct journal *journal = journal_adopt(bytes, (size_t)(first + rest), path, problem);
    if (journal && journal->header.life == LW_LIFE_LIVE)
        state_reread(journal, fd);
    return journal;
}

struct journal *journal_open(const char *path, struct problem *problem)
{
    if (strcmp(path, "-") == 0)
        return open_stream(STDIN_FILENO, problem);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        const char *remedy = errno == EACCES ? "a journal can be read by its owner and by root"
                                             : "name a journal, a directory or a process id";
        problem_set(problem, "%s: cannot be opened (%s): %s", path, strerror(errno), remedy);
        return NULL;
    }
    struct journal *journal = open_file(fd, path, problem);
    close(fd);
    return journal;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    free(journal->bytes);
    free(journal);
}

bool journal_peek(const char *path, struct lw_header *header, struct lw_identity *identity)
{
    struct problem ignored;
    struct stat status;
    bool good = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        read_fully(fd, (unsigned char *)header, sizeof(*header), 0) == sizeof(*header) &&
        header_check(header, sizeof(*header), path, &ignored)) {
        for (uint32_t i = 0; i < header->section_count && i < LW_MAX_SECTIONS && !good; i++) {
            const struct lw_section *section = &header->sections[i];
            good = section->kind == LW_SECTION_IDENTITY && section->used > 0 && section->offset < JOURNAL_MAX_BYTES &&
                   read_fully(fd, (unsigned char *)identity, sizeof(*identity), (off_t)section->offset) ==
                       sizeof(*identity);
        }
    }
    close(fd);
    if (good)
        identity_terminate(identity);
    return good;
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

static void state_bound(struct lw_state *state)
{
    if (state->level_count > LW_MAX_LEVELS)
        state->level_count = LW_MAX_LEVELS;
    if (state->other_count > LW_MAX_OTHER)
        state->other_count = LW_MAX_OTHER;
    if (state->binding_level < -1 || state->binding_level >= (int32_t)state->level_count)
        state->binding_level = -1;
    for (size_t i = 0; i < LW_MAX_LEVELS; i++)
        state->levels[i].path[sizeof(state->levels[i].path) - 1] = '\0';
}

static bool newest_state(const struct journal *journal, enum lw_section_kind kind, struct lw_state *state)
{
    bool found = false;
    struct lw_state *slot = array_resize(NULL, 1, sizeof(*slot));

    for (uint64_t i = 0; i < 2 && journal_get(journal, kind, i, slot, sizeof(*slot)); i++) {
        if (slot->checksum != lw_checksum(slot, offsetof(struct lw_state, checksum)))
            continue;
        if (!found || slot->generation > state->generation) {
            *state = *slot;
            found = true;
        }
    }
    free(slot);
    if (found)
        state_bound(state);
    return found;
}

bool journal_state(const struct journal *journal, struct lw_state *state)
{
    return newest_state(journal, LW_SECTION_STATE, state);
}

bool journal_moment(const struct journal *journal, struct lw_state *state)
{
    return newest_state(journal, LW_SECTION_MOMENT, state);
}

bool journal_outcome(const struct journal *journal, struct lw_outcome *outcome)
{
    struct lw_outcome read;

    if (!journal_get(journal, LW_SECTION_OUTCOME, 0, &read, sizeof(read)) || read.known != 1 ||
        read.checksum != lw_checksum(&read, offsetof(struct lw_outcome, checksum)))
        return false;
    read.source[sizeof(read.source) - 1] = '\0';
    *outcome = read;
    return true;
}

/* The records of one half when all of its look are whole; *when is the time of the look. Returns how many. */
static uint32_t neighbours_of_half(const struct journal *journal, uint32_t half, struct lw_neighbour *records,
                                   uint64_t *when)
{
    uint32_t count = 0, listed = 0;

    for (uint32_t i = 0; i < LW_MAX_NEIGHBOURS && (i == 0 || i < listed); i++) {
        struct lw_neighbour *record = &records[i];
        if (!journal_get(journal, LW_SECTION_NEIGHBOURS, half * LW_MAX_NEIGHBOURS + i, record, sizeof(*record)) ||
            record->checksum != lw_checksum(record, offsetof(struct lw_neighbour, checksum)))
            return 0;
        if (i == 0) {
            *when = record->scanned_ns;
            listed = record->listed < LW_MAX_NEIGHBOURS ? record->listed : LW_MAX_NEIGHBOURS;
        }
        if (record->scanned_ns != *when || listed == 0)
            return 0;
        record->name[sizeof(record->name) - 1] = '\0';
        count++;
    }
    return count;
}

uint32_t journal_neighbours(const struct journal *journal, struct lw_neighbour records[LW_MAX_NEIGHBOURS])
{
    struct lw_neighbour *other = array_resize(NULL, LW_MAX_NEIGHBOURS, sizeof(*other));
    uint64_t when = 0, other_when = 0;
    uint32_t count = neighbours_of_half(journal, 0, records, &when);
    uint32_t other_count = neighbours_of_half(journal, 1, other, &other_when);

    if (other_count > 0 && (count == 0 || other_when > when)) {
        memcpy(records, other, other_count * sizeof(*other));
        count = other_count;
    }
    free(other);
    return count;
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

size_t journal_stack(const struct journal *journal, uint32_t node, uint64_t *frames, size_t capacity)
{
    struct lw_node read;
    size_t count = 0;

    while (node != 0 && count < capacity && journal_get(journal, LW_SECTION_NODES, node, &read, sizeof(read))) {
        frames[count++] = read.frame;
        if (read.parent >= node)
            break;
        node = read.parent;
    }
    return count;
}

static int tick_compare(const void *a, const void *b)
{
    const struct lw_tick *left = a, *right = b;

    return left->t_ns < right->t_ns ? -1 : left->t_ns > right->t_ns;
}

/* Appends the whole ticks of a section that are earlier than `before_ns`. */
static size_t ticks_append(const struct journal *journal, enum lw_section_kind kind, uint64_t before_ns,
                           struct lw_tick *ticks, size_t count)
{
    for (uint64_t i = 0; i < journal_count(journal, kind); i++) {
        struct lw_tick *tick = &ticks[count];
        if (journal_get(journal, kind, i, tick, sizeof(*tick)) && tick->t_ns < before_ns &&
            tick->checksum == lw_checksum(tick, offsetof(struct lw_tick, checksum)))
            count++;
    }
    return count;
}

size_t journal_ticks(const struct journal *journal, struct lw_tick **ticks)
{
    uint64_t recent = journal_count(journal, LW_SECTION_TIMELINE_RECENT);
    uint64_t whole = journal_count(journal, LW_SECTION_TIMELINE_WHOLE);

    *ticks = array_resize(NULL, recent + whole, sizeof(**ticks));
    size_t count = ticks_append(journal, LW_SECTION_TIMELINE_RECENT, UINT64_MAX, *ticks, 0);
    uint64_t first_ns = UINT64_MAX;
    for (size_t i = 0; i < count; i++)
        first_ns = (*ticks)[i].t_ns < first_ns ? (*ticks)[i].t_ns : first_ns;
    count = ticks_append(journal, LW_SECTION_TIMELINE_WHOLE, first_ns, *ticks, count);
    qsort(*ticks, count, sizeof(**ticks), tick_compare);
    return count;
}

size_t journal_note_count(const struct journal *journal)
{
    return journal->note_count;
}

const char *journal_note(const struct journal *journal, size_t index)
{
    return journal->notes[index];
}

/*
 * /proc/PID/stat: "4711 (name with ) and spaces) S 1 4711 ..." where field 22 is the start in clock ticks since boot.
 */
static bool start_ticks_of(uint32_t pid, uint64_t *ticks)
{
    char path[64], text[1024];

    snprintf(path, sizeof(path), "/proc/%u/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read_fully(fd, (unsigned char *)text, sizeof(text) - 1, -1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    char *field = strrchr(text, ')');
    bool zombie = field && (strncmp(field, ") Z", 3) == 0 || strncmp(field, ") X", 3) == 0);
    for (int i = 2; field && i < 22; i++)
        field = strchr(field + 1, ' ');
    return field && !zombie && sscanf(field, "%lu", ticks) == 1;
}

enum journal_process journal_process(const struct lw_identity *identity)
{
    char boot_id[sizeof(identity->boot_id)] = "";
    struct utsname name;
    uint64_t ticks;
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    if (file) {
        if (fgets(boot_id, sizeof(boot_id), file))
            boot_id[strcspn(boot_id, "\n")] = '\0';
        fclose(file);
    }
    if (strcmp(boot_id, identity->boot_id) != 0) {
        bool same_host = uname(&name) == 0 && strncmp(name.nodename, identity->host, sizeof(identity->host)) == 0;
        return same_host ? JOURNAL_PROCESS_GONE : JOURNAL_PROCESS_UNKNOWN;
    }
    bool there = start_ticks_of(identity->pid, &ticks) && ticks == identity->start_ticks;
    return there ? JOURNAL_PROCESS_THERE : JOURNAL_PROCESS_GONE;
}
