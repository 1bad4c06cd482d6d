/* SPDX-License-Identifier: MIT */
#include "voices/write_diff.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profile/labels.h"
#include "profile/stacks.h"
#include "sources/sizes.h"
#include "voices/json_parts.h"

#define WHERE_COLUMNS 70u

static const char *const side_names[COMPARE_SIDES] = {"old", "new"};

/* "+12.0 MiB", "-3.5 MiB", "0". */
static struct size_text change_text(uint64_t old_bytes, uint64_t new_bytes)
{
    int64_t change = compare_change(old_bytes, new_bytes);
    struct size_text size = size_table((uint64_t)llabs(change)), text;

    snprintf(text.text, sizeof(text.text), "%s%.28s", change > 0 ? "+" : change < 0 ? "-" : "", size.text);
    return text;
}

static struct size_text percent_text(uint64_t old_bytes, uint64_t new_bytes)
{
    double percent = compare_percent(old_bytes, new_bytes);
    struct size_text text;

    if (old_bytes == 0)
        snprintf(text.text, sizeof(text.text), "new");
    else if (new_bytes == 0)
        snprintf(text.text, sizeof(text.text), "gone");
    else
        snprintf(text.text, sizeof(text.text), fabs(percent) < 9.95 ? "%+.1f %%" : "%+.0f %%", percent);
    return text;
}

static void write_side(struct sink *sink, const struct comparison *comparison, const struct story *story, int side)
{
    const struct profile *profile = story->profile;
    time_t started = (time_t)(profile->identity->started_realtime_ns / 1000000000);
    char title[200], day[40] = "";
    struct tm parts;

    verdict_title(profile, &story->verdict, title, sizeof(title));
    if (started > 0 && gmtime_r(&started, &parts))
        strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%SZ ", &parts);
    sink_printf(sink, "  %-4s %11s   %s%s (pid %u) %s", side_names[side], size_table(comparison->totals[side]).text,
                day, label_cut(profile->command, 44).text, profile->identity->pid, title);
    if (story->other_count > 0)
        sink_printf(sink, "; %zu processes", story->all_count);
    sink_printf(sink, "\n");
}

/* Where it stands now; where it stood when that is another line. */
static void write_where(struct sink *sink, const struct compare_entry *entry)
{
    const struct stack *old = entry->stacks[COMPARE_OLD], *new = entry->stacks[COMPARE_NEW];

    sink_printf(sink, "%s", label_chain(new ? new : old, WHERE_COLUMNS).text);
    if (old && new && old->user &&new->user && old->user->line != new->user->line && old->user->line > 0)
        sink_printf(sink, " (was line %d)", old->user->line);
}

static void write_stacks(struct sink *sink, const struct compare_entry *entry)
{
    const struct stack *stack = entry->stacks[COMPARE_NEW] ? entry->stacks[COMPARE_NEW] : entry->stacks[COMPARE_OLD];
    struct shown shown = stacks_shown(stack, false);

    for (size_t i = 0; i < shown.count; i++)
        sink_printf(sink, "%50s%s %s\n", "", shown.frames[i] == stack->user ? "*" : " ",
                    label_frame(shown.frames[i]).text);
    free(shown.frames);
}

void write_diff_text(struct sink *sink, const struct comparison *comparison, const struct diff_view *view)
{
    const uint64_t *totals = comparison->totals;
    size_t most = view->rows && view->rows < comparison->count ? view->rows : comparison->count;

    sink_style(sink, SINK_BOLD);
    sink_printf(sink, "lastwords: %s memory %s (%s)\n", metric_name(comparison->metric),
                change_text(totals[COMPARE_OLD], totals[COMPARE_NEW]).text,
                percent_text(totals[COMPARE_OLD], totals[COMPARE_NEW]).text);
    sink_style(sink, SINK_PLAIN);
    for (int side = 0; side < COMPARE_SIDES; side++)
        write_side(sink, comparison, view->stories[side], side);
    sink_style(sink, SINK_DIM);
    sink_printf(sink, "\n  %11s %11s %11s %8s   %s\n", "old", "new", "change", "", view->sites ? "site" : "where");
    sink_style(sink, SINK_PLAIN);
    for (size_t i = 0; i < most; i++) {
        const struct compare_entry *entry = &comparison->entries[i];
        const uint64_t *bytes = entry->bytes;
        sink_printf(sink, "  %11s %11s %11s %8s   ", size_table(bytes[COMPARE_OLD]).text,
                    size_table(bytes[COMPARE_NEW]).text, change_text(bytes[COMPARE_OLD], bytes[COMPARE_NEW]).text,
                    percent_text(bytes[COMPARE_OLD], bytes[COMPARE_NEW]).text);
        write_where(sink, entry);
        sink_printf(sink, "\n");
        if (view->sites)
            write_stacks(sink, entry);
    }
    if (comparison->count > most)
        sink_printf(sink, "  %zu more: --rows N\n", comparison->count - most);
}

static json_t *side_json(const struct comparison *comparison, const struct story *story, int side)
{
    const struct profile *profile = story->profile;

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "journal", json_text(profile->name), "pid",
                     json_number(profile->identity->pid), "command", json_text(profile->command), "started_at",
                     json_date(profile->identity->started_realtime_ns), "processes", json_number(story->all_count),
                     "cause", verdict_cause_name(story->verdict.cause), "bytes", json_number(comparison->totals[side]));
}

static json_t *entry_json(const struct compare_entry *entry, bool sites)
{
    const struct stack *old = entry->stacks[COMPARE_OLD], *new = entry->stacks[COMPARE_NEW];
    uint64_t before = entry->bytes[COMPARE_OLD], after = entry->bytes[COMPARE_NEW];
    json_t *made = json_object();

    json_add_place(made, (new ? new : old)->user);
    json_object_set_new(made, "old_line",
                        old && old->user && old->user->line > 0 ? json_integer(old->user->line) : json_null());
    json_object_set_new(made, "old_bytes", json_number(before));
    json_object_set_new(made, "new_bytes", json_number(after));
    json_object_set_new(made, "change_bytes", json_integer(compare_change(before, after)));
    if (sites)
        json_object_set_new(made, "stack", json_stack(new ? new : old));
    return made;
}

void write_diff_json(struct sink *sink, const struct comparison *comparison, const struct diff_view *view)
{
    const uint64_t *totals = comparison->totals;
    size_t most = view->rows && view->rows < comparison->count ? view->rows : comparison->count;
    json_t *root = json_object(), *entries = json_array();

    for (size_t i = 0; i < most; i++)
        json_array_append_new(entries, entry_json(&comparison->entries[i], view->sites));
    json_object_set_new(root, "schema", json_string("lastwords-diff/1"));
    json_object_set_new(root, "by", json_string(metric_name(comparison->metric)));
    for (int side = 0; side < COMPARE_SIDES; side++)
        json_object_set_new(root, side_names[side], side_json(comparison, view->stories[side], side));
    json_object_set_new(root, "change_bytes", json_integer(compare_change(totals[COMPARE_OLD], totals[COMPARE_NEW])));
    json_object_set_new(root, view->sites ? "sites" : "lines", entries);
    json_dumpf(root, sink->file, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    sink_printf(sink, "\n");
    json_decref(root);
}
