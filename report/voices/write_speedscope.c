/* SPDX-License-Identifier: MIT */
#include "voices/write_speedscope.h"

#include <jansson.h>

#include "sources/intern.h"

static const enum metric metrics[] = {METRIC_RESIDENT, METRIC_COMMITTED, METRIC_PEAK, METRIC_GROWTH};

struct frame_table {
    struct intern keys;
    json_t *frames;
};

static json_int_t frame_index(struct frame_table *table, const struct frame *frame)
{
    struct flow_address address;
    const char *name = flow_frame_name(frame, &address), *file = flow_frame_file(frame);
    size_t before = table->keys.count;
    size_t index = intern_format(&table->keys, "%s\n%s\n%d", name, file, frame->line);

    if (index == before) {
        json_t *made = json_pack("{s:s}", "name", name);
        if (file[0])
            json_object_set_new(made, "file", json_string(file));
        if (frame->line > 0)
            json_object_set_new(made, "line", json_integer(frame->line));
        json_array_append_new(table->frames, made);
    }
    return (json_int_t)index;
}

static json_t *stack_json(struct frame_table *table, const struct flow_item *item)
{
    json_t *stack = json_array();

    for (size_t f = item->frame_count; f-- > 0;)
        json_array_append_new(stack, json_integer(frame_index(table, item->frames[f])));
    return stack;
}

static json_t *profile_json(struct frame_table *table, const struct flow *flow, enum metric metric)
{
    json_t *samples = json_array(), *weights = json_array();
    json_int_t total = 0;

    for (size_t i = 0; i < flow->count; i++) {
        uint64_t weight = flow_weight(&flow->items[i], metric);
        json_int_t sum;
        if (weight == 0 || __builtin_add_overflow(total, weight, &sum))
            continue;
        total = sum;
        json_array_append_new(samples, stack_json(table, &flow->items[i]));
        json_array_append_new(weights, json_integer((json_int_t)weight));
    }
    return json_pack("{s:s, s:s, s:s, s:i, s:I, s:o, s:o}", "type", "sampled", "name", metric_name(metric), "unit",
                     "bytes", "startValue", 0, "endValue", total, "samples", samples, "weights", weights);
}

void write_speedscope(struct sink *sink, const struct story *story, const struct view *view)
{
    struct frame_table table = {.frames = json_array()};
    json_t *root = json_object(), *profiles = json_array();
    size_t active = 0;
    struct flow flow;

    flow_make(&flow, story, view);
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        json_array_append_new(profiles, profile_json(&table, &flow, metrics[i]));
        active = metrics[i] == view->by ? i : active;
    }
    json_object_set_new(root, "$schema", json_string("https://www.speedscope.app/file-format-schema.json"));
    json_object_set_new(root, "name", json_string(story->profile->command));
    json_object_set_new(root, "exporter", json_string("lastwords " LASTWORDS_VERSION));
    json_object_set_new(root, "activeProfileIndex", json_integer((json_int_t)active));
    json_object_set_new(root, "shared", json_pack("{s:o}", "frames", table.frames));
    json_object_set_new(root, "profiles", profiles);
    json_dumpf(root, sink->file, JSON_COMPACT | JSON_PRESERVE_ORDER);
    sink_printf(sink, "\n");
    json_decref(root);
    intern_free(&table.keys);
    flow_free(&flow);
}
