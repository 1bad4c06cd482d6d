/* SPDX-License-Identifier: MIT */
#include "voices/write_pprof.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "pprof.pb-c.h"
#include "sources/intern.h"

#define GZIP_WINDOW (15 + 16) /* zlib: the largest window, with a gzip header */

typedef Perftools__Profiles__Profile pb_profile;
typedef Perftools__Profiles__ValueType pb_value_type;
typedef Perftools__Profiles__Sample pb_sample;
typedef Perftools__Profiles__Label pb_label;
typedef Perftools__Profiles__Mapping pb_mapping;
typedef Perftools__Profiles__Location pb_location;
typedef Perftools__Profiles__Line pb_line;
typedef Perftools__Profiles__Function pb_function;

/* As tcmalloc and its readers name them. */
static const struct {
    const char *name;
    const char *unit;
} sample_types[] = {{"objects", "count"}, {"space", "bytes"}, {"resident_space", "bytes"}, {"swapped_space", "bytes"}};

enum { OBJECTS, SPACE, RESIDENT_SPACE, SWAPPED_SPACE, SAMPLE_TYPES };

/* The message while it is built: everything that it points to lies in the arena, the arrays on the heap. */
struct builder {
    struct arena arena;
    struct intern strings;
    struct intern functions; /* "NAME FILE", as numbers of strings; the id is the number + 1, as for locations */
    struct intern locations; /* "PROCESS ADDRESS", or "FUNCTION LINE" where there is none */
    pb_profile message;
    size_t mapping_room, location_room, function_room, sample_room;
    size_t mapping_from; /* of the process at hand */
};

static int64_t text(struct builder *builder, const char *value)
{
    return (int64_t)intern_text(&builder->strings, value);
}

static int64_t value_of(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* Makes room for one more pointer in an array of them. */
#define GROW(array, count, room)                                                                                       \
    do {                                                                                                               \
        if ((count) == (room)) {                                                                                       \
            (room) = (room) ? 2 * (room) : 64;                                                                         \
            (array) = array_resize((array), (room), sizeof(*(array)));                                                 \
        }                                                                                                              \
    } while (0)

static pb_value_type *value_type(struct builder *builder, const char *name, const char *unit)
{
    pb_value_type *type = arena_new(&builder->arena, 1, sizeof(*type));

    perftools__profiles__value_type__init(type);
    type->type = text(builder, name);
    type->unit = text(builder, unit);
    return type;
}

static void add_mappings(struct builder *builder, const struct profile *profile)
{
    uint64_t count = journal_count(profile->journal, LW_SECTION_MODULES);
    pb_profile *message = &builder->message;

    builder->mapping_from = message->n_mapping;
    for (uint64_t i = 0; i < count; i++) {
        pb_mapping *mapping = arena_new(&builder->arena, 1, sizeof(*mapping));
        struct lw_module module;
        size_t length;
        char hex[2 * sizeof(module.build_id) + 1] = "";
        perftools__profiles__mapping__init(mapping);
        journal_get(profile->journal, LW_SECTION_MODULES, i, &module, sizeof(module));
        for (size_t b = 0; b < module.build_id_bytes && b < sizeof(module.build_id); b++)
            snprintf(hex + 2 * b, 3, "%02x", module.build_id[b]);
        const char *path = journal_string(profile->journal, module.path, &length);
        GROW(message->mapping, message->n_mapping, builder->mapping_room);
        message->mapping[message->n_mapping++] = mapping;
        mapping->id = message->n_mapping;
        mapping->memory_start = module.start;
        mapping->memory_limit = module.end;
        mapping->filename = text(builder, arena_text(&builder->arena, path, length < 4096 ? length : 4096));
        mapping->build_id = text(builder, hex);
        mapping->has_functions = mapping->has_inline_frames = true; /* nothing is left for the viewer to look up */
    }
}

/* 0: none. The latest wins: an unloaded library may have lain there before. */
static uint64_t mapping_of(const struct builder *builder, uint64_t address)
{
    for (size_t i = builder->message.n_mapping; i-- > builder->mapping_from;)
        if (address >= builder->message.mapping[i]->memory_start && address < builder->message.mapping[i]->memory_limit)
            return builder->message.mapping[i]->id;
    return 0;
}

static uint64_t function_id(struct builder *builder, const struct frame *frame)
{
    struct flow_text made;
    pb_profile *message = &builder->message;
    int64_t name = text(builder, frame->function[0] ? frame->function : flow_frame_name(frame, &made));
    int64_t file = text(builder, frame->file);
    size_t number = intern_format(&builder->functions, "%lld %lld", (long long)name, (long long)file);

    if (number < message->n_function)
        return number + 1;
    pb_function *function = arena_new(&builder->arena, 1, sizeof(*function));
    perftools__profiles__function__init(function);
    function->id = number + 1;
    function->name = name;
    /* Equal names invite viewers to demangle, which makes nothing of Python's "<module>". */
    function->system_name = frame->kind == FRAME_NATIVE ? name : 0;
    function->filename = file;
    GROW(message->function, message->n_function, builder->function_room);
    message->function[message->n_function++] = function;
    return function->id;
}

static pb_line *line_of(struct builder *builder, const struct frame *frame)
{
    pb_line *line = arena_new(&builder->arena, 1, sizeof(*line));

    perftools__profiles__line__init(line);
    line->function_id = function_id(builder, frame);
    line->line = frame->line;
    return line;
}

/* How many frames from here on were inlined into one another at one address. */
static size_t inlined(const struct frame *const *frames, size_t count)
{
    size_t n = 1;

    while (n < count && frames[0]->kind == FRAME_NATIVE && frames[n] == frames[n - 1] + 1 &&
           frames[n]->kind == FRAME_NATIVE && frames[n]->address == frames[0]->address)
        n++;
    return n;
}

static uint64_t location_id(struct builder *builder, size_t process, const struct frame *const *frames, size_t count)
{
    const struct frame *frame = frames[0];
    bool native = frame->kind == FRAME_NATIVE;
    pb_profile *message = &builder->message;
    size_t number = native ? intern_format(&builder->locations, "%zu %llx", process, (unsigned long long)frame->address)
                           : intern_format(&builder->locations, "%llu:%d",
                                           (unsigned long long)function_id(builder, frame), frame->line);

    if (number < message->n_location)
        return number + 1;
    pb_location *location = arena_new(&builder->arena, 1, sizeof(*location));
    perftools__profiles__location__init(location);
    location->id = number + 1;
    location->address = native && frame->address > 0 ? frame->address - 1 : 0; /* of the call, not behind it */
    location->mapping_id = native ? mapping_of(builder, location->address) : 0;
    location->line = arena_new(&builder->arena, count, sizeof(*location->line));
    for (; location->n_line < count; location->n_line++)
        location->line[location->n_line] = line_of(builder, frames[location->n_line]);
    GROW(message->location, message->n_location, builder->location_room);
    message->location[message->n_location++] = location;
    return location->id;
}

static void label_process(struct builder *builder, pb_sample *sample, const struct profile *profile)
{
    pb_label *label = arena_new(&builder->arena, 1, sizeof(*label));

    perftools__profiles__label__init(label);
    label->key = text(builder, "pid");
    label->num = profile->identity->pid;
    sample->label = arena_new(&builder->arena, 1, sizeof(*sample->label));
    sample->label[sample->n_label++] = label;
}

static void add_sample(struct builder *builder, const struct flow_item *item)
{
    pb_profile *message = &builder->message;
    pb_sample *sample = arena_new(&builder->arena, 1, sizeof(*sample));
    const struct lw_site *record = item->site ? &item->site->record : NULL;
    const uint64_t values[SAMPLE_TYPES] = {
        [OBJECTS] = record ? record->live_count : 0,
        [SPACE] = record ? record->committed_bytes : 0,
        [RESIDENT_SPACE] = record ? record->resident_bytes : item->resident_bytes,
        [SWAPPED_SPACE] = record ? record->swapped_bytes : 0,
    };

    perftools__profiles__sample__init(sample);
    sample->value = arena_new(&builder->arena, SAMPLE_TYPES, sizeof(*sample->value));
    for (; sample->n_value < SAMPLE_TYPES; sample->n_value++)
        sample->value[sample->n_value] = value_of(values[sample->n_value]);
    sample->location_id = arena_new(&builder->arena, item->frame_count, sizeof(*sample->location_id));
    for (size_t i = 0, n; i < item->frame_count; i += n) {
        n = inlined(item->frames + i, item->frame_count - i);
        sample->location_id[sample->n_location_id++] = location_id(builder, item->process, item->frames + i, n);
    }
    label_process(builder, sample, item->profile);
    GROW(message->sample, message->n_sample, builder->sample_room);
    message->sample[message->n_sample++] = sample;
}

static void add_comments(struct builder *builder, const struct story *story)
{
    const struct profile *profile = story->profile;
    pb_profile *message = &builder->message;
    char title[200], line[800];

    verdict_title(profile, &story->verdict, title, sizeof(title));
    snprintf(line, sizeof(line), "%.500s (pid %u) %s", profile->command, profile->identity->pid, title);
    message->comment = arena_new(&builder->arena, 2 + story->advice_count, sizeof(*message->comment));
    message->comment[message->n_comment++] = text(builder, arena_text(&builder->arena, line, strlen(line)));
    message->comment[message->n_comment++] =
        text(builder, arena_text(&builder->arena, story->verdict.sentence, strlen(story->verdict.sentence)));
    for (size_t i = 0; i < story->advice_count; i++)
        message->comment[message->n_comment++] =
            text(builder, arena_text(&builder->arena, story->advices[i].text, strlen(story->advices[i].text)));
}

static void add_head(struct builder *builder, const struct story *story)
{
    const struct profile *profile = story->profile;
    pb_profile *message = &builder->message;

    perftools__profiles__profile__init(message);
    text(builder, ""); /* number 0, as the format wants it */
    message->sample_type = arena_new(&builder->arena, SAMPLE_TYPES, sizeof(*message->sample_type));
    for (; message->n_sample_type < SAMPLE_TYPES; message->n_sample_type++)
        message->sample_type[message->n_sample_type] =
            value_type(builder, sample_types[message->n_sample_type].name, sample_types[message->n_sample_type].unit);
    message->default_sample_type = text(builder, sample_types[RESIDENT_SPACE].name);
    message->period_type = value_type(builder, "space", "bytes");
    message->period = value_of(profile->state.sample_interval_bytes);
    message->time_nanos = value_of(profile->identity->started_realtime_ns);
    message->duration_nanos = value_of(profile->ended_ns ? profile->ended_ns : profile->last_ns);
    add_comments(builder, story);
}

/* The size when everything is known to fit: deflateBound. False: no memory, or zlib refuses. */
static bool compress_to(struct sink *sink, const uint8_t *bytes, size_t size)
{
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)size};

    if (size > UINT32_MAX ||
        deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    uLong bound = deflateBound(&stream, size);
    Bytef *out = array_resize(NULL, bound, 1);
    stream.next_out = out;
    stream.avail_out = (uInt)bound;
    bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    if (whole)
        fwrite(out, 1, stream.total_out, sink->file);
    deflateEnd(&stream);
    free(out);
    return whole;
}

static void builder_free(struct builder *builder)
{
    free(builder->message.mapping);
    free(builder->message.location);
    free(builder->message.function);
    free(builder->message.sample);
    intern_free(&builder->strings);
    intern_free(&builder->functions);
    intern_free(&builder->locations);
    arena_free(&builder->arena);
}

void write_pprof(struct sink *sink, const struct story *story, const struct view *view)
{
    struct builder builder = {.mapping_from = 0};
    const struct profile *process = NULL;
    struct flow flow;

    flow_make(&flow, story, view);
    add_head(&builder, story);
    for (size_t i = 0; i < flow.count; i++) {
        if (flow.items[i].profile != process)
            add_mappings(&builder, process = flow.items[i].profile);
        add_sample(&builder, &flow.items[i]);
    }
    builder.message.n_string_table = builder.strings.count;
    builder.message.string_table = builder.strings.texts;
    size_t size = perftools__profiles__profile__get_packed_size(&builder.message);
    uint8_t *packed = array_resize(NULL, size, 1);
    perftools__profiles__profile__pack(&builder.message, packed);
    if (!compress_to(sink, packed, size))
        sink->failed = true;
    free(packed);
    builder_free(&builder);
    flow_free(&flow);
}
