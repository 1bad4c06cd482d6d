/* SPDX-License-Identifier: MIT */
#include "voices/write_folded.h"

#include <inttypes.h>

#include "profile/labels.h"

static void write_part(struct sink *sink, const char *text)
{
    for (; *text; text++)
        fputc(*text == ';' ? ',' : *text, sink->file);
}

static void write_frame(struct sink *sink, const struct frame *frame)
{
    struct flow_text made;
    const char *place = frame->file[0] ? frame->short_file : label_base_name(frame->module);

    write_part(sink, flow_frame_name(frame, &made));
    if (!place[0] || (!frame->short_function[0] && !frame->file[0]))
        return;
    sink_printf(sink, " (");
    write_part(sink, place);
    if (frame->file[0] && frame->line > 0)
        sink_printf(sink, ":%d", frame->line);
    sink_printf(sink, ")");
}

void write_folded(struct sink *sink, const struct story *story, const struct view *view)
{
    struct flow flow;

    flow_make(&flow, story, view);
    for (size_t i = 0; i < flow.count; i++) {
        const struct flow_item *item = &flow.items[i];
        uint64_t weight = flow_weight(item, view->by);
        for (size_t f = item->frame_count; weight > 0 && f-- > 0;) {
            write_frame(sink, item->frames[f]);
            sink_printf(sink, f > 0 ? ";" : " ");
        }
        if (weight > 0)
            sink_printf(sink, "%" PRIu64 "\n", weight);
    }
    flow_free(&flow);
}
