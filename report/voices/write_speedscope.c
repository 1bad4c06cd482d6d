/* SPDX-License-Identifier: MIT */
#include "voices/write_speedscope.h"

#include <stdlib.h>

#include "sources/intern.h"
#include "voices/json_parts.h"

static const enum metric metrics[] = {METRIC_RESIDENT, METRIC_COMMITTED, METRIC_PEAK, METRIC_GROWTH};

struct frame_table {
    struct intern keys;
    json_t *frames;
};

static json_int_t frame_index(struct frame_table *table, const struct frame *frame)
{
    struct flow_text buffer;
    const char *name = flow_frame_name(frame, &buffer), *file = flow_frame_file(frame);
    size_t before = table->keys.count;
    size_t index = intern_format(&table->keys, "%s\n%s\n%d", name, file, frame->line);

    if (index == before) {
        json_t *made = json_pack("{s:o}", "name", json_text(name));
        if (file[0])
            json_object_set_new(made, "file", json_text(file));
        if (frame->line > 0)
            json_object_set_new(made, "line", json_integer(frame->line));
        json_array_append_new(table->frames, made);
    }
    return (json_int_t)index;
}

static void write_stack(struct sink *sink, struct frame_table *table, const struct flow_item *item)
{
    for (size_t f = item->frame_count; f-- > 0;)
        sink_printf(sink, "%s%" JSON_INTEGER_FORMAT, f + 1 == item->frame_count ? "[" : ",",
                    frame_index(table, item->frames[f]));
    sink_printf(sink, "]");
}

/* Sizes that JSON readers cannot hold, alone or in their sum, are no samples. */
static void write_profile(struct sink *sink, struct frame_table *table, const struct flow *flow, enum metric metric)
{
    json_int_t *weights = array_resize(NULL, flow->count, sizeof(*weights)), total = 0;
    size_t count = 0;

    sink_printf(sink, "{\"type\":\"sampled\",\"name\":\"%s\",\"unit\":\"bytes\",\"samples\":[", metric_name(metric));
    for (size_t i = 0; i < flow->count; i++) {
        uint64_t weight = flow_weight(&flow->items[i], metric);
        json_int_t sum;
        if (weight == 0 || __builtin_add_overflow(total, weight, &sum))
            continue;
        total = sum;
        sink_printf(sink, count > 0 ? "," : "");
        write_stack(sink, table, &flow->items[i]);
        weights[count++] = (json_int_t)weight;
    }
    sink_printf(sink, "],\"weights\":[");
    for (size_t i = 0; i < count; i++)
        sink_printf(sink, "%s%" JSON_INTEGER_FORMAT, i > 0 ? "," : "", weights[i]);
    sink_printf(sink, "],\"startValue\":0,\"endValue\":%" JSON_INTEGER_FORMAT "}", total);
    free(weights);
}

static void write_text_value(struct sink *sink, const char *key, const char *value)
{
    json_t *text = json_text(value);

    sink_printf(sink, "\"%s\":", key);
    json_dumpf(text, sink->file, JSON_ENCODE_ANY);
    sink_printf(sink, ",");
    json_decref(text);
}

/* The frames come last, when all are known: the samples of a large journal are not kept. */
void write_speedscope(struct sink *sink, const struct story *story, const struct view *view)
{
    struct frame_table table = {.frames = json_array()};
    size_t active = 0;
    struct flow flow;

    flow_make(&flow, story, view);
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++)
        active = metrics[i] == view->by ? i : active;
    sink_printf(sink, "{");
    write_text_value(sink, "$schema", "https://www.speedscope.app/file-format-schema.json");
    write_text_value(sink, "name", story->profile->command);
    write_text_value(sink, "exporter", "lastwords " LASTWORDS_VERSION);
    sink_printf(sink, "\"activeProfileIndex\":%zu,\"profiles\":[", active);
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        sink_printf(sink, i > 0 ? "," : "");
        write_profile(sink, &table, &flow, metrics[i]);
    }
    sink_printf(sink, "],\"shared\":{\"frames\":");
    json_dumpf(table.frames, sink->file, JSON_COMPACT | JSON_PRESERVE_ORDER);
    sink_printf(sink, "}}\n");
    json_decref(table.frames);
    intern_free(&table.keys);
    flow_free(&flow);
}
