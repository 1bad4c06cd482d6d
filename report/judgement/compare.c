/* SPDX-License-Identifier: MIT */
#include "judgement/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/labels.h"
#include "profile/stacks.h"
#include "sources/intern.h"
#include "sources/sizes.h"

struct builder {
    struct comparison *comparison;
    struct intern keys;
    size_t room;
};

static const char *place_of(const struct frame *frame)
{
    return frame->file[0] ? frame->short_file : label_base_name(frame->module);
}

int64_t compare_change(uint64_t old_bytes, uint64_t new_bytes)
{
    uint64_t size = new_bytes > old_bytes ? new_bytes - old_bytes : old_bytes - new_bytes;
    int64_t change = size > INT64_MAX ? INT64_MAX : (int64_t)size;

    return new_bytes > old_bytes ? change : -change;
}

double compare_percent(uint64_t old_bytes, uint64_t new_bytes)
{
    if (old_bytes == 0)
        return new_bytes == 0 ? 0 : INFINITY;
    return 100.0 * ((double)new_bytes - (double)old_bytes) / (double)old_bytes;
}

static struct compare_entry *entry_of(struct builder *builder, size_t number)
{
    struct comparison *comparison = builder->comparison;

    if (number == comparison->count) {
        if (comparison->count == builder->room) {
            builder->room = builder->room ? 2 * builder->room : 64;
            comparison->entries = array_resize(comparison->entries, builder->room, sizeof(*comparison->entries));
        }
        comparison->entries[comparison->count++] = (struct compare_entry){.bytes = {0}};
    }
    return &comparison->entries[number];
}

static void put(struct builder *builder, size_t number, int side, uint64_t bytes, const struct stack *stack)
{
    struct compare_entry *entry = entry_of(builder, number);

    entry->bytes[side] = saturating_sum(entry->bytes[side], bytes);
    if (!entry->stacks[side] || bytes > entry->stack_bytes[side]) {
        entry->stacks[side] = stack;
        entry->stack_bytes[side] = bytes;
    }
}

static void put_line(struct builder *builder, int side, const struct line *line)
{
    const struct frame *frame = line->frame;
    uint64_t bytes = metric_of_line(line, builder->comparison->metric);
    size_t number =
        frame ? intern_format(&builder->keys, "%s\n%s\n%d", frame->short_function, place_of(frame), frame->line)
              : intern_text(&builder->keys, "");

    put(builder, number, side, bytes, &line->sites[0]->stack);
}

/* Frame by frame, what folding leaves; growing text in one buffer. */
static void put_site(struct builder *builder, int side, const struct site *site)
{
    struct shown shown = stacks_shown(&site->stack, false);
    char *key = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&key, &size);

    for (size_t i = 0; stream && i < shown.count; i++)
        fprintf(stream, "%s\n%s\n", shown.frames[i]->short_function, place_of(shown.frames[i]));
    free(shown.frames);
    if (!stream)
        return;
    fclose(stream);
    put(builder, intern_text(&builder->keys, key), side, metric_of_site(site, builder->comparison->metric),
        &site->stack);
    free(key);
}

static uint64_t total_of(const struct job *job, enum metric metric)
{
    uint64_t total = 0;

    if (metric == METRIC_RESIDENT && job->count > 1)
        return job->resident_bytes;
    for (size_t i = 0; i < job->count; i++) {
        const struct job_process *process = &job->processes[i];
        uint64_t bytes = metric == METRIC_RESIDENT ? process->resident_bytes
                         : metric == METRIC_PEAK   ? process->peak_bytes
                                                   : known_bytes(process->profile->state.committed_bytes);
        total = saturating_sum(total, process->present ? bytes : 0);
    }
    return total;
}

static void put_side(struct builder *builder, int side, const struct story *story, bool sites)
{
    struct job job;

    job_make(&job, story);
    builder->comparison->totals[side] = total_of(&job, builder->comparison->metric);
    for (size_t p = 0; p < job.count; p++) {
        const struct profile *profile = job.processes[p].profile;
        for (size_t i = 0; job.processes[p].present && sites && i < profile->site_count; i++)
            put_site(builder, side, &profile->sites[i]);
        for (size_t i = 0; job.processes[p].present && !sites && i < profile->line_count; i++)
            put_line(builder, side, &profile->lines[i]);
    }
    job_free(&job);
}

/* The only entries of one function and file that one side lacks; SIZE_MAX none, SIZE_MAX - 1 several. */
struct candidates {
    size_t alone[COMPARE_SIDES];
};

#define NOBODY  SIZE_MAX
#define SEVERAL (SIZE_MAX - 1)

static void note_candidate(struct candidates *candidates, const struct compare_entry *entry, size_t number)
{
    for (int side = 0; side < COMPARE_SIDES; side++)
        if (entry->stacks[side] && !entry->stacks[1 - side])
            candidates->alone[side] = candidates->alone[side] == NOBODY ? number : SEVERAL;
}

/* A line that moved: its new half goes into the old entry, and the new entry stays behind empty. */
static void join_moved(struct comparison *comparison)
{
    struct intern keys = {.count = 0};
    struct candidates *candidates = array_resize(NULL, comparison->count, sizeof(*candidates));

    for (size_t i = 0; i < comparison->count; i++) {
        const struct compare_entry *entry = &comparison->entries[i];
        const struct stack *stack =
            entry->stacks[COMPARE_OLD] ? entry->stacks[COMPARE_OLD] : entry->stacks[COMPARE_NEW];
        if (!stack->user)
            continue;
        size_t before = keys.count;
        size_t key = intern_format(&keys, "%s\n%s", stack->user->short_function, place_of(stack->user));
        if (key == before)
            candidates[key] = (struct candidates){{NOBODY, NOBODY}};
        note_candidate(&candidates[key], entry, i);
    }
    for (size_t key = 0; key < keys.count; key++) {
        size_t from = candidates[key].alone[COMPARE_NEW], to = candidates[key].alone[COMPARE_OLD];
        if (from >= SEVERAL || to >= SEVERAL)
            continue;
        struct compare_entry *moved = &comparison->entries[from], *kept = &comparison->entries[to];
        kept->stacks[COMPARE_NEW] = moved->stacks[COMPARE_NEW];
        kept->bytes[COMPARE_NEW] = moved->bytes[COMPARE_NEW];
        *moved = (struct compare_entry){.bytes = {0}};
    }
    free(candidates);
    intern_free(&keys);
}

static int by_change(const void *a, const void *b)
{
    const struct compare_entry *left = a, *right = b;
    int64_t l = llabs(compare_change(left->bytes[COMPARE_OLD], left->bytes[COMPARE_NEW]));
    int64_t r = llabs(compare_change(right->bytes[COMPARE_OLD], right->bytes[COMPARE_NEW]));

    if (l != r)
        return l > r ? -1 : 1;
    if (left->bytes[COMPARE_NEW] != right->bytes[COMPARE_NEW])
        return left->bytes[COMPARE_NEW] > right->bytes[COMPARE_NEW] ? -1 : 1;
    return 0;
}

/* What has no size on either side has nothing to tell. */
static void drop_empty(struct comparison *comparison)
{
    size_t kept = 0;

    for (size_t i = 0; i < comparison->count; i++)
        if (comparison->entries[i].bytes[COMPARE_OLD] || comparison->entries[i].bytes[COMPARE_NEW])
            comparison->entries[kept++] = comparison->entries[i];
    comparison->count = kept;
}

void compare_make(struct comparison *comparison, const struct story *old, const struct story *new, enum metric metric,
                  bool sites)
{
    struct builder builder = {.comparison = comparison};

    *comparison = (struct comparison){.metric = metric};
    put_side(&builder, COMPARE_OLD, old, sites);
    put_side(&builder, COMPARE_NEW, new, sites);
    if (!sites)
        join_moved(comparison);
    drop_empty(comparison);
    if (comparison->count > 0)
        qsort(comparison->entries, comparison->count, sizeof(*comparison->entries), by_change);
    intern_free(&builder.keys);
}

void compare_free(struct comparison *comparison)
{
    free(comparison->entries);
    *comparison = (struct comparison){.count = 0};
}
