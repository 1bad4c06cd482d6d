/* SPDX-License-Identifier: MIT */
#include "voices/web_tables.h"

#include <stdlib.h>
#include <string.h>

#include "profile/labels.h"

#define MAX_TEXT_BYTES 400u

/* From 64-bit keys to indexes: open addressing, at most half full. */
struct slot {
    uint64_t key;
    uint32_t index_and_1;
};

struct map {
    struct slot *slots;
    size_t size; /* a power of two */
    size_t used;
};

struct node {
    uint32_t parent;
    uint32_t frame;
};

struct web_tables {
    struct map text_map, frame_map, node_map;
    char **texts;
    size_t text_count, text_room;
    const struct frame **frames;
    uint32_t (*frame_texts)[4]; /* label, function, file, module */
    size_t frame_count, frame_room;
    struct node *nodes;
    size_t node_count, node_room;
};

static struct slot *map_slot(const struct map *map, uint64_t key)
{
    uint64_t hash = (key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = hash >> 20 & (map->size - 1);

    while (map->slots[i].index_and_1 && map->slots[i].key != key)
        i = (i + 1) & (map->size - 1);
    return &map->slots[i];
}

static void map_grow(struct map *map)
{
    struct map larger = {.size = map->size ? 2 * map->size : 1024, .used = map->used};

    larger.slots = array_resize(NULL, larger.size, sizeof(*larger.slots));
    memset(larger.slots, 0, larger.size * sizeof(*larger.slots));
    for (size_t i = 0; i < map->size; i++)
        if (map->slots[i].index_and_1)
            *map_slot(&larger, map->slots[i].key) = map->slots[i];
    free(map->slots);
    *map = larger;
}

/* The slot of the key; an empty one when it is new, which the caller fills with map_put. */
static struct slot *map_at(struct map *map, uint64_t key)
{
    if (2 * map->used >= map->size)
        map_grow(map);
    return map_slot(map, key);
}

static void map_put(struct map *map, struct slot *slot, uint64_t key, size_t index)
{
    *slot = (struct slot){.key = key, .index_and_1 = (uint32_t)index + 1};
    map->used++;
}

struct web_tables *web_tables_new(void)
{
    struct web_tables *tables = array_resize(NULL, 1, sizeof(*tables));

    memset(tables, 0, sizeof(*tables));
    tables->nodes = array_resize(NULL, 1, sizeof(*tables->nodes));
    tables->nodes[0] = (struct node){0, 0};
    tables->node_count = tables->node_room = 1;
    web_text(tables, "");
    return tables;
}

void web_tables_free(struct web_tables *tables)
{
    for (size_t i = 0; i < tables->text_count; i++)
        free(tables->texts[i]);
    free(tables->texts);
    free(tables->frames);
    free(tables->frame_texts);
    free(tables->nodes);
    free(tables->text_map.slots);
    free(tables->frame_map.slots);
    free(tables->node_map.slots);
    free(tables);
}

/* Texts of a profile are printable UTF-8 already, but may have been cut within a character. */
static char *short_copy(const char *text)
{
    size_t length = strnlen(text, MAX_TEXT_BYTES + 1), size = 4 * MAX_TEXT_BYTES + 8;
    bool cut = length > MAX_TEXT_BYTES;
    char *copy = array_resize(NULL, size, 1);

    if (cut)
        for (length = MAX_TEXT_BYTES; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
            length--;
    size_t written = sink_printable(text, length, copy, size - 4);
    if (cut)
        memcpy(copy + written, "…", sizeof("…"));
    return array_resize(copy, strlen(copy) + 1, 1);
}

static uint64_t text_hash(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash;
}

uint32_t web_text(struct web_tables *tables, const char *text)
{
    char *copy = short_copy(text);
    uint64_t key = text_hash(copy);
    struct slot *slot;

    /* Another text with the same hash: the next key. */
    while ((slot = map_at(&tables->text_map, key))->index_and_1 &&
           strcmp(tables->texts[slot->index_and_1 - 1], copy) != 0)
        key++;
    if (slot->index_and_1) {
        free(copy);
        return slot->index_and_1 - 1;
    }
    if (tables->text_count == tables->text_room) {
        tables->text_room = tables->text_room ? 2 * tables->text_room : 256;
        tables->texts = array_resize(tables->texts, tables->text_room, sizeof(*tables->texts));
    }
    tables->texts[tables->text_count] = copy;
    map_put(&tables->text_map, slot, key, tables->text_count);
    return (uint32_t)tables->text_count++;
}

uint32_t web_frame(struct web_tables *tables, const struct frame *frame)
{
    struct slot *slot = map_at(&tables->frame_map, (uintptr_t)frame);

    if (slot->index_and_1)
        return slot->index_and_1 - 1;
    if (tables->frame_count == tables->frame_room) {
        tables->frame_room = tables->frame_room ? 2 * tables->frame_room : 256;
        tables->frames = array_resize(tables->frames, tables->frame_room, sizeof(*tables->frames));
        tables->frame_texts = array_resize(tables->frame_texts, tables->frame_room, sizeof(*tables->frame_texts));
    }
    map_put(&tables->frame_map, slot, (uintptr_t)frame, tables->frame_count);
    uint32_t *texts = tables->frame_texts[tables->frame_count];
    texts[0] = web_text(tables, label_frame(frame).text);
    texts[1] = web_text(tables, frame->function);
    texts[2] = web_text(tables, frame->file);
    texts[3] = web_text(tables, frame->module);
    tables->frames[tables->frame_count] = frame;
    return (uint32_t)tables->frame_count++;
}

static uint32_t child(struct web_tables *tables, uint32_t parent, uint32_t frame)
{
    uint64_t key = (uint64_t)parent << 32 | frame;
    struct slot *slot = map_at(&tables->node_map, key);

    if (slot->index_and_1)
        return slot->index_and_1 - 1;
    if (tables->node_count >= WEB_MAX_NODES)
        return WEB_NO_ROOM;
    if (tables->node_count == tables->node_room) {
        tables->node_room = 2 * tables->node_room;
        tables->nodes = array_resize(tables->nodes, tables->node_room, sizeof(*tables->nodes));
    }
    map_put(&tables->node_map, slot, key, tables->node_count);
    tables->nodes[tables->node_count] = (struct node){.parent = parent, .frame = frame};
    return (uint32_t)tables->node_count++;
}

uint32_t web_stack(struct web_tables *tables, const struct stack *stack)
{
    uint32_t node = 0;

    for (size_t i = stack->count; i-- > 0 && node != WEB_NO_ROOM;)
        node = child(tables, node, web_frame(tables, stack->frames[i]));
    return node;
}

/* One number: 1 native, 2 of a library or run-time, 4 of the main program, 8 a remark. */
static int frame_flags(const struct frame *frame)
{
    return (frame->kind == FRAME_NATIVE) | frame->library << 1 | frame->main_program << 2 |
           (frame->kind == FRAME_MARKER) << 3;
}

void web_tables_json(const struct web_tables *tables, json_t *root)
{
    json_t *strings = json_array(), *frames = json_array(), *parents = json_array(), *of = json_array();

    for (size_t i = 0; i < tables->text_count; i++)
        json_array_append_new(strings, json_string(tables->texts[i]));
    for (size_t i = 0; i < tables->frame_count; i++) {
        const uint32_t *texts = tables->frame_texts[i];
        json_array_append_new(frames, json_pack("[i, i, i, i, i, i]", frame_flags(tables->frames[i]), (int)texts[0],
                                                (int)texts[1], (int)texts[2], tables->frames[i]->line, (int)texts[3]));
    }
    for (size_t i = 1; i < tables->node_count; i++) {
        json_array_append_new(parents, json_integer((json_int_t)(i - tables->nodes[i].parent)));
        json_array_append_new(of, json_integer(tables->nodes[i].frame));
    }
    json_object_set_new(root, "strings", strings);
    json_object_set_new(root, "frames", frames);
    json_object_set_new(root, "nodes", json_pack("{s:o, s:o}", "up", parents, "frame", of));
}
