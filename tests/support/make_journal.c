/* SPDX-License-Identifier: MIT */
#include "make_journal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS UINT64_C(1000000)

static const struct {
    uint32_t record_size;
    uint32_t capacity;
    uint32_t large; /* capacity of a large one; 0: the same */
} rooms[LW_SECTION_COUNT] = {
    [LW_SECTION_IDENTITY] = {sizeof(struct lw_identity), 1},
    [LW_SECTION_STRINGS] = {1, 2048, 1 << 20},
    [LW_SECTION_MODULES] = {sizeof(struct lw_module), 8},
    [LW_SECTION_SYMBOLS] = {sizeof(struct lw_symbol), 32, 4096},
    [LW_SECTION_PYTHON_FRAMES] = {sizeof(struct lw_python_frame), 32, 8192},
    [LW_SECTION_NODES] = {sizeof(struct lw_node), 64, 65536},
    [LW_SECTION_SITES] = {sizeof(struct lw_site), 16, 16384},
    [LW_SECTION_STATE] = {sizeof(struct lw_state), 2},
    [LW_SECTION_TIMELINE_RECENT] = {sizeof(struct lw_tick), 16},
    [LW_SECTION_TIMELINE_WHOLE] = {sizeof(struct lw_tick), 32, 131072},
    [LW_SECTION_EVENTS] = {sizeof(struct lw_event), 8, 256},
    [LW_SECTION_THREADS] = {sizeof(struct lw_thread), 3, 200},
    [LW_SECTION_CAPABILITIES] = {sizeof(struct lw_capability), 8},
    [LW_SECTION_MOMENT] = {sizeof(struct lw_state), 2},
    [LW_SECTION_MOMENT_SITES] = {sizeof(struct lw_moment_site), 4},
    [LW_SECTION_MARKS] = {sizeof(struct lw_mark), 8},
    [LW_SECTION_TOUCHES] = {sizeof(struct lw_touch), 8, 4096},
    [LW_SECTION_INPUTS] = {sizeof(struct lw_input), 4},
    [LW_SECTION_TEXT] = {1, 256},
    [LW_SECTION_OUTCOME] = {sizeof(struct lw_outcome), 1},
    [LW_SECTION_NEIGHBOURS] = {sizeof(struct lw_neighbour), 4},
};

struct make_journal {
    unsigned char *bytes;
    size_t size;
    struct lw_header *header;
    struct lw_section *sections[LW_SECTION_COUNT];
    struct lw_state state;
    bool has_state;
};

static void *append(struct make_journal *made, enum lw_section_kind kind, uint32_t records)
{
    struct lw_section *section = made->sections[kind];

    assert(section->used + records <= section->capacity);
    void *place = made->bytes + section->offset + section->used * section->record_size;
    section->used += records;
    return place;
}

static uint32_t room(uint32_t kind, bool large)
{
    return large && rooms[kind].large ? rooms[kind].large : rooms[kind].capacity;
}

static size_t section_end(size_t offset, uint32_t kind, bool large)
{
    offset += (size_t)rooms[kind].record_size * room(kind, large);
    return (offset + LW_SECTION_ALIGN - 1) / LW_SECTION_ALIGN * LW_SECTION_ALIGN;
}

static void lay_out(struct make_journal *made, bool large)
{
    size_t offset = LW_HEADER_BYTES;

    made->header->section_count = LW_SECTION_COUNT - 1;
    for (uint32_t kind = 1; kind < LW_SECTION_COUNT; kind++) {
        struct lw_section *section = &made->header->sections[kind - 1];
        made->sections[kind] = section;
        *section = (struct lw_section){
            .kind = kind, .record_size = rooms[kind].record_size, .offset = offset, .capacity = room(kind, large)};
        offset = section_end(offset, kind, large);
    }
    made->header->file_bytes = offset;
}

static void default_identity(struct lw_identity *identity)
{
    *identity = (struct lw_identity){
        .pid = 4711,
        .ppid = 4700,
        .cpus = 2,
        .start_ticks = 123456,
        .started_realtime_ns = UINT64_C(1763690400) * 1000000000,
        .epoch_mono_ns = UINT64_C(1000) * 1000000000,
        .activated_ns = 200 * MS,
        .activation_rss_bytes = 32 * MAKE_MIB,
        .activation_anon_bytes = 20 * MAKE_MIB,
        .boot_id = "00000000-0000-0000-0000-000000000000",
        .host = "worker7.example",
        .program = "python3",
        .executable = "/usr/bin/python3.11",
        .kernel = "6.1.0-13-amd64 #1 SMP",
        .shim_version = "0.1.0",
        .python_version = "3.11.2",
        .options = "action=abort",
        .directory = "/srv/job",
    };
}

static struct make_journal *journal_new(bool large)
{
    struct make_journal *made = calloc(1, sizeof(*made));

    assert(made);
    made->size = LW_HEADER_BYTES;
    for (uint32_t kind = 1; kind < LW_SECTION_COUNT; kind++)
        made->size = section_end(made->size, kind, large);
    made->bytes = calloc(1, made->size);
    assert(made->bytes);
    made->header = (struct lw_header *)made->bytes;
    memcpy(made->header->magic, LW_MAGIC, sizeof(made->header->magic));
    made->header->version = LW_FORMAT_VERSION;
    made->header->byte_order = LW_BYTE_ORDER;
    made->header->page_bytes = 4096;
    made->header->life = LW_LIFE_LIVE;
    lay_out(made, large);
    assert(made->header->file_bytes == made->size);
    default_identity(append(made, LW_SECTION_IDENTITY, 1));
    make_command(made, (const char *const[]){"python3", "transform.py", "orders.csv"}, 3);
    append(made, LW_SECTION_STRINGS, 1);
    append(made, LW_SECTION_NODES, 1);
    append(made, LW_SECTION_SITES, 1);
    append(made, LW_SECTION_STATE, 2);
    made->has_state = true;
    made->state = (struct lw_state){.generation = 8,
                                    .binding_level = -1,
                                    .headroom_bytes = LW_UNLIMITED,
                                    .time_to_limit_ms = LW_UNKNOWN,
                                    .some_total_us = LW_UNKNOWN,
                                    .full_total_us = LW_UNKNOWN,
                                    .sample_interval_bytes = 65536,
                                    .residency_method = LW_RESIDENCY_PAGEMAP_SCAN,
                                    .fault_counter = 1,
                                    .threads = 1};
    return made;
}

struct make_journal *make_journal_new(void)
{
    return journal_new(false);
}

struct make_journal *make_journal_new_large(void)
{
    return journal_new(true);
}

void make_journal_free(struct make_journal *made)
{
    free(made->bytes);
    free(made);
}

struct lw_header *make_header(struct make_journal *made)
{
    return made->header;
}

struct lw_identity *make_identity(struct make_journal *made)
{
    return (struct lw_identity *)(made->bytes + made->sections[LW_SECTION_IDENTITY]->offset);
}

struct lw_state *make_state(struct make_journal *made)
{
    return &made->state;
}

void make_no_state(struct make_journal *made)
{
    made->has_state = false;
}

void make_command(struct make_journal *made, const char *const *arguments, size_t count)
{
    struct lw_identity *identity = make_identity(made);

    identity->command_bytes = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(arguments[i]) + 1;
        assert(identity->command_bytes + length <= sizeof(identity->command));
        memcpy(identity->command + identity->command_bytes, arguments[i], length);
        identity->command_bytes += (uint32_t)length;
    }
}

uint32_t make_string(struct make_journal *made, const char *text)
{
    uint32_t offset = (uint32_t)made->sections[LW_SECTION_STRINGS]->used;

    memcpy(append(made, LW_SECTION_STRINGS, (uint32_t)strlen(text) + 1), text, strlen(text) + 1);
    return offset;
}

uint32_t make_module(struct make_journal *made, const char *path, uint64_t start, uint64_t end)
{
    uint32_t index = (uint32_t)made->sections[LW_SECTION_MODULES]->used;
    struct lw_module module = {.start = start, .end = end, .bias = start, .path = make_string(made, path)};

    module.build_id_bytes = 4;
    memcpy(module.build_id, "\xde\xad\xbe\xef", 4);
    memcpy(append(made, LW_SECTION_MODULES, 1), &module, sizeof(module));
    return index;
}

uint64_t make_python(struct make_journal *made, const char *function, const char *file, int line)
{
    uint64_t index = made->sections[LW_SECTION_PYTHON_FRAMES]->used;
    struct lw_python_frame frame = {
        .function = make_string(made, function), .file = make_string(made, file), .line = line, .first_line = 1};

    memcpy(append(made, LW_SECTION_PYTHON_FRAMES, 1), &frame, sizeof(frame));
    return LW_FRAME_PYTHON | index;
}

uint64_t make_native(struct make_journal *made, const char *name, uint32_t module, uint64_t address)
{
    struct lw_symbol symbol = {
        .address = address, .name = name ? make_string(made, name) : 0, .module = module, .offset = 16};

    memcpy(append(made, LW_SECTION_SYMBOLS, 1), &symbol, sizeof(symbol));
    return address;
}

uint32_t make_stack(struct make_journal *made, const uint64_t *outermost_first, size_t count)
{
    uint32_t parent = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t node = (uint32_t)made->sections[LW_SECTION_NODES]->used;
        struct lw_node record = {.frame = outermost_first[i], .parent = parent, .depth = (uint32_t)i + 1};
        memcpy(append(made, LW_SECTION_NODES, 1), &record, sizeof(record));
        parent = node;
    }
    return parent;
}

uint32_t make_child(struct make_journal *made, uint32_t parent, uint64_t frame)
{
    uint32_t node = (uint32_t)made->sections[LW_SECTION_NODES]->used;
    const struct lw_node *nodes = (const struct lw_node *)(made->bytes + made->sections[LW_SECTION_NODES]->offset);
    struct lw_node record = {.frame = frame, .parent = parent, .depth = nodes[parent].depth + 1};

    assert(parent < node);
    memcpy(append(made, LW_SECTION_NODES, 1), &record, sizeof(record));
    return node;
}

struct lw_site *make_site(struct make_journal *made, uint32_t node, uint64_t resident_bytes, uint64_t committed_bytes,
                          int64_t growth_bytes_per_s)
{
    struct lw_site *site = append(made, LW_SECTION_SITES, 1);

    *site = (struct lw_site){.node = node,
                             .kind = LW_SITE_HEAP,
                             .committed_bytes = committed_bytes,
                             .live_count = 100,
                             .live_samples = 100,
                             .allocated_bytes = committed_bytes,
                             .allocated_count = 100,
                             .resident_bytes = resident_bytes,
                             .peak_resident_bytes = resident_bytes,
                             .growth_bytes_per_s = growth_bytes_per_s,
                             .growth_run_bytes_per_s = growth_bytes_per_s,
                             .scanned_ns = 1000 * MS};
    made->state.sites_resident_bytes += resident_bytes;
    made->state.committed_bytes += committed_bytes;
    return site;
}

uint32_t make_site_count(const struct make_journal *made)
{
    return (uint32_t)made->sections[LW_SECTION_SITES]->used;
}

struct lw_level *make_level(struct make_journal *made, enum lw_level_kind kind, const char *path, uint64_t limit_bytes,
                            uint64_t used_bytes, uint64_t reclaimable_bytes)
{
    assert(made->state.level_count < LW_MAX_LEVELS);
    struct lw_level *level = &made->state.levels[made->state.level_count++];
    uint64_t least = used_bytes - reclaimable_bytes;
    uint64_t left = limit_bytes == LW_UNLIMITED ? LW_UNLIMITED : limit_bytes > least ? limit_bytes - least : 0;

    *level = (struct lw_level){.kind = kind,
                               .flags = kind <= LW_LEVEL_USER ? LW_LEVEL_KILLS : 0,
                               .limit_bytes = limit_bytes,
                               .used_bytes = used_bytes,
                               .reclaimable_bytes = reclaimable_bytes,
                               .headroom_bytes = left,
                               .high_bytes = LW_UNLIMITED,
                               .swap_limit_bytes = LW_UNKNOWN,
                               .peak_bytes = used_bytes,
                               .anon_bytes = LW_UNKNOWN,
                               .file_bytes = LW_UNKNOWN,
                               .shmem_bytes = LW_UNKNOWN,
                               .kernel_bytes = LW_UNKNOWN,
                               .dirty_bytes = LW_UNKNOWN,
                               .max_events = LW_UNKNOWN};
    snprintf(level->path, sizeof(level->path), "%s", path);
    if (made->state.level_count == 1)
        level->flags |= LW_LEVEL_OWN;
    if (left < made->state.headroom_bytes) {
        made->state.headroom_bytes = left;
        made->state.binding_level = (int32_t)made->state.level_count - 1;
    }
    return level;
}

void make_other(struct make_journal *made, enum lw_other_kind kind, uint64_t resident_bytes)
{
    assert(made->state.other_count < LW_MAX_OTHER);
    made->state.others[made->state.other_count++] = (struct lw_other){.kind = kind, .resident_bytes = resident_bytes};
}

struct lw_tick *make_tick(struct make_journal *made, uint64_t t_ms, uint64_t current_bytes, uint64_t rss_bytes)
{
    struct lw_tick *tick = append(made, LW_SECTION_TIMELINE_WHOLE, 1);
    bool bound = made->state.binding_level >= 0;
    uint64_t limit = bound ? made->state.levels[made->state.binding_level].limit_bytes : LW_UNLIMITED;

    *tick = (struct lw_tick){.t_ns = t_ms * MS,
                             .span_ns = 100 * MS,
                             .limit_bytes = limit,
                             .current_bytes = current_bytes,
                             .rss_bytes = rss_bytes,
                             .committed_bytes = rss_bytes,
                             .binding_level = bound ? (uint32_t)made->state.binding_level : 0};
    tick->headroom_bytes = limit == LW_UNLIMITED ? limit : limit > current_bytes ? limit - current_bytes : 0;
    return tick;
}

void make_event(struct make_journal *made, uint64_t t_ms, enum lw_event_kind kind, int64_t a, const char *text)
{
    struct lw_event *event = append(made, LW_SECTION_EVENTS, 1);

    *event = (struct lw_event){.t_ns = t_ms * MS, .kind = kind, .a = a};
    snprintf(event->text, sizeof(event->text), "%s", text);
}

struct lw_thread *make_thread(struct make_journal *made, uint32_t tid, const char *name,
                              const uint64_t *innermost_first, size_t count)
{
    struct lw_thread *thread = append(made, LW_SECTION_THREADS, 1);

    *thread = (struct lw_thread){
        .tid = tid, .ready = LW_THREAD_READY, .run_state = 'R', .frame_count = (uint32_t)count, .taken_ns = 4000 * MS};
    snprintf(thread->name, sizeof(thread->name), "%s", name);
    memcpy(thread->frames, innermost_first, count * sizeof(*innermost_first));
    return thread;
}

void make_capability(struct make_journal *made, const char *name, bool available, const char *why)
{
    struct lw_capability record = {
        .name = make_string(made, name), .available = available, .why = make_string(made, why)};

    memcpy(append(made, LW_SECTION_CAPABILITIES, 1), &record, sizeof(record));
}

void make_touch(struct make_journal *made, uint32_t site, uint32_t node, uint64_t bytes)
{
    struct lw_touch *touch = append(made, LW_SECTION_TOUCHES, 1);

    *touch = (struct lw_touch){.site = site, .node = node, .bytes = bytes, .count = bytes / 4096};
}

void make_mark(struct make_journal *made, enum lw_mark_kind kind, uint32_t site, uint64_t resident_bytes)
{
    struct lw_mark *mark = append(made, LW_SECTION_MARKS, 1);

    *mark = (struct lw_mark){.t_ns = 1000 * MS,
                             .kind = kind,
                             .site = site,
                             .resident_bytes = resident_bytes,
                             .committed_bytes = resident_bytes};
}

void make_input(struct make_journal *made, const char *path, uint64_t size_bytes)
{
    struct lw_input record = {.path = make_string(made, path), .fd = 3, .size_bytes = size_bytes};

    memcpy(append(made, LW_SECTION_INPUTS, 1), &record, sizeof(record));
}

void make_outcome(struct make_journal *made, int exit_code, int signal, uint32_t oom_kill)
{
    struct lw_outcome *outcome = append(made, LW_SECTION_OUTCOME, 1);

    *outcome = (struct lw_outcome){.known = 1,
                                   .exit_code = exit_code,
                                   .signal = signal,
                                   .oom_kill = oom_kill,
                                   .ended_realtime_ns = make_identity(made)->started_realtime_ns + 5000 * MS,
                                   .oom_kills_before = 0,
                                   .oom_kills_after = oom_kill == 1};
    snprintf(outcome->source, sizeof(outcome->source), "/sys/fs/cgroup/memory/job/memory.oom_control");
    outcome->checksum = lw_checksum(outcome, offsetof(struct lw_outcome, checksum));
}

struct lw_neighbour *make_neighbour(struct make_journal *made, uint32_t pid, const char *name, uint64_t first_bytes,
                                    uint64_t rss_bytes)
{
    struct lw_neighbour *neighbour = append(made, LW_SECTION_NEIGHBOURS, 1);

    *neighbour = (struct lw_neighbour){.scanned_ns = 4900 * MS,
                                       .pid = pid,
                                       .ppid = 4700,
                                       .start_ticks = 123456,
                                       .rss_bytes = rss_bytes,
                                       .first_rss_bytes = first_bytes,
                                       .peak_rss_bytes = rss_bytes,
                                       .first_ns = 300 * MS};
    snprintf(neighbour->name, sizeof(neighbour->name), "%s", name);
    return neighbour;
}

static void sum_neighbours(struct make_journal *made)
{
    const struct lw_section *section = made->sections[LW_SECTION_NEIGHBOURS];
    struct lw_neighbour *records = (struct lw_neighbour *)(made->bytes + section->offset);

    for (uint64_t i = 0; i < section->used; i++) {
        records[i].listed = (uint32_t)section->used;
        records[i].checksum = lw_checksum(&records[i], offsetof(struct lw_neighbour, checksum));
    }
}

static void sum_ticks(struct make_journal *made, enum lw_section_kind kind)
{
    struct lw_tick *ticks = (struct lw_tick *)(made->bytes + made->sections[kind]->offset);

    for (uint64_t i = 0; i < made->sections[kind]->used; i++)
        ticks[i].checksum = lw_checksum(&ticks[i], offsetof(struct lw_tick, checksum));
}

const unsigned char *make_finish(struct make_journal *made, size_t *size)
{
    struct lw_state *slots = (struct lw_state *)(made->bytes + made->sections[LW_SECTION_STATE]->offset);

    if (made->has_state) {
        slots[0] = slots[1] = made->state;
        slots[0].generation--;
        slots[0].rss_bytes /= 2;
        for (int i = 0; i < 2; i++)
            slots[i].checksum = lw_checksum(&slots[i], offsetof(struct lw_state, checksum));
    } else {
        memset(slots, 0, 2 * sizeof(*slots));
    }
    sum_ticks(made, LW_SECTION_TIMELINE_RECENT);
    sum_ticks(made, LW_SECTION_TIMELINE_WHOLE);
    sum_neighbours(made);
    *size = made->size;
    return made->bytes;
}

bool make_write(struct make_journal *made, const char *path)
{
    size_t size;
    const unsigned char *bytes = make_finish(made, &size);
    FILE *file = fopen(path, "we");

    if (!file)
        return false;
    bool good = fwrite(bytes, 1, size, file) == size;
    return fclose(file) == 0 && good;
}
