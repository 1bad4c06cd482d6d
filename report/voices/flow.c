/* SPDX-License-Identifier: MIT */
#include "voices/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/frames.h"
#include "profile/labels.h"
#include "profile/stacks.h"
#include "sources/sink.h"

/* A frame that stands for a process, or for memory that no site owns. */
static const struct frame *remark(struct flow *flow, const char *text)
{
    struct frame *frame = arena_new(&flow->arena, 1, sizeof(*frame));

    frame->kind = FRAME_MARKER;
    frame->function = frame->short_function = arena_text(&flow->arena, text, strlen(text));
    frame->file = frame->short_file = frame->module = frame->build_id = "";
    return frame;
}

static void add(struct flow *flow, const struct flow_item *item, const struct frame *const *frames, size_t count,
                const struct frame *root)
{
    struct flow_item *added = &flow->items[flow->count++];

    *added = *item;
    added->frames = arena_new(&flow->arena, count + 2, sizeof(*added->frames));
    memcpy(added->frames, frames, count * sizeof(*frames));
    added->frame_count = count;
    if (count == 0)
        added->frames[added->frame_count++] = remark(flow, "(call sites that found no room in the journal)");
    if (root)
        added->frames[added->frame_count++] = root;
}

static bool same_unnamed(const struct frame *a, const struct frame *b)
{
    return !a->short_function[0] && !b->short_function[0] && a->module[0] && strcmp(a->module, b->module) == 0;
}

/*
 * Two more things fold, in place. In a stack of unknown order the native frames stand outside of the Python ones, where
 * they would tear the program's main function apart. And frames without a name all look like their module: one of a run
 * of them says it.
 */
static size_t fold(struct shown *shown)
{
    size_t kept = 0;

    for (size_t i = 0; i < shown->count; i++) {
        const struct frame *frame = shown->frames[i];
        if (i > 0 && frame->kind == FRAME_MARKER && strcmp(frame->function, FRAMES_UNMERGED) == 0)
            break;
        if (kept == 0 || !same_unnamed(shown->frames[kept - 1], frame))
            shown->frames[kept++] = frame;
    }
    return kept;
}

static void add_process(struct flow *flow, const struct profile *profile, size_t process, const struct view *view,
                        const struct frame *root)
{
    const struct site **sites = metric_sites(profile, view->by);
    size_t count = view->sites && view->sites < profile->site_count ? view->sites : profile->site_count;
    char label[256];

    for (size_t i = 0; i < count; i++) {
        struct shown shown = stacks_shown(&sites[i]->stack, view->native);
        add(flow, &(struct flow_item){.profile = profile, .process = process, .site = sites[i]}, shown.frames,
            view->native ? shown.count : fold(&shown), root);
        free(shown.frames);
    }
    for (size_t i = 0; i < profile->other_count; i++) {
        const struct other *other = &profile->others[i];
        snprintf(label, sizeof(label), "[%s%s%.150s]", other->text, other->name[0] ? ": " : "", other->name);
        const struct frame *frame = remark(flow, label);
        add(flow,
            &(struct flow_item){
                .profile = profile, .process = process, .resident_bytes = known_bytes(other->resident_bytes)},
            &frame, 1, root);
    }
    free(sites);
}

void flow_make(struct flow *flow, const struct story *story, const struct view *view)
{
    size_t most = 0;

    *flow = (struct flow){.count = 0};
    for (size_t i = 0; i < story->all_count; i++)
        most += story->all[i]->site_count + story->all[i]->other_count;
    flow->items = array_resize(NULL, most, sizeof(*flow->items));
    for (size_t i = 0; i < story->all_count; i++) {
        const struct profile *profile = story->all[i];
        char name[160];
        snprintf(name, sizeof(name), "%.100s (pid %u)", profile->program, profile->identity->pid);
        add_process(flow, profile, i, view, story->other_count > 0 ? remark(flow, name) : NULL);
    }
}

void flow_free(struct flow *flow)
{
    arena_free(&flow->arena);
    free(flow->items);
    *flow = (struct flow){.count = 0};
}

uint64_t flow_weight(const struct flow_item *item, enum metric metric)
{
    if (item->site)
        return metric_of_site(item->site, metric);
    return metric == METRIC_RESIDENT ? item->resident_bytes : 0;
}

const char *flow_frame_name(const struct frame *frame, struct flow_text *made)
{
    char module[200];

    if (frame->short_function[0])
        return frame->short_function;
    if (frame->module[0]) {
        const char *base = label_base_name(frame->module);
        sink_printable(base, strlen(base), module, sizeof(module)); /* cut between characters */
        snprintf(made->text, sizeof(made->text), "[%s]", module);
    } else {
        snprintf(made->text, sizeof(made->text), "0x%llx", (unsigned long long)frame->address);
    }
    return made->text;
}

const char *flow_frame_file(const struct frame *frame)
{
    return frame->file[0] ? frame->file : frame->module;
}
