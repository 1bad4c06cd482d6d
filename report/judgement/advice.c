/* SPDX-License-Identifier: MIT */
#include "judgement/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "judgement/no_site.h"
#include "profile/labels.h"
#include "sources/sizes.h"

#define MIB (UINT64_C(1) << 20)

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

struct pile {
    struct advice *advices;
    size_t count;
};

__attribute__((format(printf, 3, 4))) static void add(struct pile *pile, enum advice_kind kind, const char *format, ...)
{
    va_list arguments;

    if (pile->count == ADVICE_MAX)
        return;
    struct advice *advice = &pile->advices[pile->count++];
    advice->kind = kind;
    va_start(arguments, format);
    vsnprintf(advice->text, sizeof(advice->text), format, arguments);
    va_end(arguments);
}

/* What helps when this function, somewhere below the responsible line, holds the memory. First match wins. */
static const struct {
    const char *file;     /* part of the file name of the frame; "" any */
    const char *function; /* "" any */
    const char *text;
} remedies[] = {
    {"pandas/io/parsers", "",
     "read_csv with usecols= for the columns that are needed, dtype= (category for repeated "
     "text, int32/float32 for numbers), or chunksize= to work piece by piece"},
    {"pandas/io/parquet", "", "read_parquet with columns= and filters=, or row groups one by one (pyarrow.parquet)"},
    {"pandas/io/json", "", "read_json with lines=True and chunksize="},
    {"pandas/io/excel", "", "read_excel with usecols= and nrows=, or convert the sheet to CSV or Parquet once"},
    {"pandas/io/sql", "read_sql", "read_sql with chunksize= and only the columns that are needed"},
    {"pandas/io/sql", "", "to_sql with chunksize=: otherwise all rows are copied into Python objects first"},
    {"pandas/io/formats", "", "to_csv with chunksize=, or write Parquet"},
    {"pandas/core/reshape/merge", "",
     "merge fewer columns (select before the merge), make the keys category or "
     "integer, check for duplicate keys (validate=), merge piece by piece"},
    {"pandas/core/reshape/concat", "",
     "concat copies all parts at once: write the parts out as they come, or aggregate "
     "each part first"},
    {"pandas/core/reshape/pivot", "", "aggregate before pivoting; observed=True for category columns"},
    {"pandas/core/groupby", "",
     "groupby with observed=True, aggregate with built-in names instead of apply, select the "
     "columns before"},
    {"pandas/", "copy", "avoid the copy: assign in place, or pandas' copy-on-write mode"},
    {"pandas/", "astype", "give the type when reading (dtype=) instead of converting a second copy"},
    {"numpy/", "", "arrays of a smaller dtype, in-place operators (out=), or numpy.memmap"},
    {"polars/", "", "scan_csv/scan_parquet with collect(streaming=True) instead of read_*"},
    {"pyarrow/", "", "read record batches one by one instead of the whole table"},
    {"json/", "", "parse piece by piece (one JSON document a line, or ijson) instead of one document"},
    {"torch/", "", "a smaller batch, and no references to results that carry gradients (.item(), .detach())"},
    {"", "readlines", "iterate over the file instead of readlines()"},
    {"", "fetchall", "iterate over the cursor, or fetchmany(), instead of fetchall()"},
};

static const char *remedy_of_frame(const struct frame *frame)
{
    for (size_t i = 0; i < COUNT(remedies); i++)
        if (strstr(frame->file, remedies[i].file) && strstr(frame->short_function, remedies[i].function))
            return remedies[i].text;
    return NULL;
}

/* From the responsible frame inward: what the user called decides, not what that called in turn. */
static const char *remedy_of_stack(const struct stack *stack)
{
    const char *text = NULL;
    bool inside = false;

    for (size_t i = stack->count; i-- > 0 && !text;) {
        if (inside && stack->frames[i]->kind == FRAME_PYTHON)
            text = remedy_of_frame(stack->frames[i]);
        inside = inside || stack->frames[i] == stack->user;
    }
    return text;
}

/* The next multiple of 64 MiB above five quarters of the peak. */
static uint64_t roomy(uint64_t peak_bytes)
{
    uint64_t wanted = saturating_sum(peak_bytes, peak_bytes / 4);

    return saturating_sum(wanted, 64 * MIB - 1) / (64 * MIB) * (64 * MIB);
}

/*
 * What the job would hold when the input that it was reading had been read to its end, if that goes on as it began; 0
 * when no large input is under way.
 */
static uint64_t projected_bytes(const struct profile *profile, uint64_t used)
{
    const struct input *input = profile->input_count > 0 ? &profile->inputs[0] : NULL;

    if (!input || input->size_bytes < MIB || input->size_bytes > used * 4 || input->offset_bytes > input->size_bytes ||
        input->offset_bytes < input->size_bytes / 20)
        return 0;
    return size_scaled(used, input->size_bytes, input->offset_bytes);
}

static void advise_limit(const struct profile *profile, const struct verdict *verdict, struct pile *pile)
{
    const struct lw_level *level = &profile->binding->record;
    uint64_t used = level_pressing_bytes(level), limit = level->limit_bytes;
    uint64_t most = used > limit ? used : limit, projected = projected_bytes(profile, used);
    int64_t rate = profile->state.growth_bytes_per_s;

    if (level->kind != LW_LEVEL_CGROUP_V1 && level->kind != LW_LEVEL_CGROUP_V2 && level->kind != LW_LEVEL_USER)
        return;
    if (projected > most)
        add(pile, ADVICE_QUICK, "a limit of at least %s: %s was read to %.0f %%, all of it would come to some %s",
            size_prose(roomy(projected)).text, profile->inputs[0].short_path,
            100.0 * (double)profile->inputs[0].offset_bytes / (double)profile->inputs[0].size_bytes,
            size_prose(projected).text);
    else if (verdict->cause == CAUSE_SITE_GROWTH && rate > (int64_t)MIB)
        add(pile, ADVICE_QUICK,
            "a limit of at least %s gets it further; how much it needs in all is not known, it was still growing by %s",
            size_prose(roomy(most)).text, size_rate(rate).text);
    else
        add(pile, ADVICE_QUICK, "a limit of at least %s (a quarter more than what it had when it ended)",
            size_prose(roomy(most)).text);
}

static void advise_stacks(const struct profile *profile, struct pile *pile)
{
    const struct thread *thread = no_site_deepest(profile);

    if (thread && profile->state.threads <= 4)
        add(pile, ADVICE_PROPER, "%.300s: bound the depth of this recursion, or keep its data in a heap of its own",
            label_place(thread->stack.user).text);
    else
        add(pile, ADVICE_PROPER, "%u threads have stacks of their own: run fewer, or bound the depth of their calls",
            profile->state.threads);
}

static void advise_site(const struct profile *profile, const struct verdict *verdict, struct pile *pile)
{
    if (profile->binding)
        advise_limit(profile, verdict, pile);
    if (verdict->of_stacks) {
        advise_stacks(profile, pile);
        return;
    }
    for (size_t i = 0; i < profile->line_count && i < 2; i++) {
        const struct line *line = &profile->lines[i];
        const char *remedy = remedy_of_stack(&line->sites[0]->stack);
        if (remedy && line->resident_bytes > profile_resident_bytes(profile) / 10)
            add(pile, ADVICE_PROPER, "%s: %s", label_place(line->frame).text, remedy);
        else if (i == 0 && verdict->cause == CAUSE_SITE_GROWTH && line->growth_run_bytes_per_s > 0)
            add(pile, ADVICE_PROPER,
                line->live_count == 1 ? "%s: %llu allocation is alive; free it, or bound what keeps it"
                                      : "%s: %llu allocations are alive; free them, or bound what keeps them",
                label_place(line->frame).text, (unsigned long long)line->live_count);
        else if (i == 0 && verdict->cause == CAUSE_SITE_SPIKE)
            add(pile, ADVICE_PROPER, "%s: do it piece by piece; %s came within %s", label_place(line->frame).text,
                size_prose(line->resident_bytes).text, size_duration(verdict->window_ns / 1000000).text);
    }
}

static void advise_others(const struct profile *profile, const struct verdict *verdict, struct pile *pile)
{
    const struct culprit *culprit = &verdict->culprit;

    if (culprit->name && culprit->journal)
        add(pile, ADVICE_PROPER, "look at %.100s (pid %u) instead: lastwords report %.300s", culprit->name,
            culprit->pid, culprit->journal->name);
    else if (culprit->name)
        add(pile, ADVICE_PROPER, "look at %.100s (pid %u) instead; it left no journal: preload lastwords into it too",
            culprit->name, culprit->pid);
    else if (profile->binding)
        add(pile, ADVICE_PROPER,
            "look at the other processes of %.200s; preload lastwords into them too, or give this "
            "process a cgroup of its own: lastwords run --limit SIZE -- COMMAND",
            profile->binding->path);
}

/* Fixed advice by cause. */
static const struct {
    enum verdict_cause cause;
    enum advice_kind kind;
    const char *text;
} fixed[] = {
    {CAUSE_ALLOCATOR_SLACK, ADVICE_QUICK, "MALLOC_ARENA_MAX=2 in the environment, or another allocator"},
    {CAUSE_ALLOCATOR_SLACK, ADVICE_PROPER,
     "free in the order of allocation, or call malloc_trim(0) after the large phase"},
    {CAUSE_SHARED_MEMORY, ADVICE_PROPER,
     "files in /dev/shm and other tmpfs count as memory: remove them, write to a disk, "
     "or unmap what is no longer needed"},
    {CAUSE_PAGE_CACHE, ADVICE_PROPER, "write in smaller portions and wait for the disk (fdatasync) between them"},
    {CAUSE_KERNEL_MEMORY, ADVICE_PROPER, "fewer open sockets, files and mappings; see slab in memory.stat"},
    {CAUSE_HOST_MEMORY, ADVICE_QUICK, "give the jobs of this machine limits of their own, or move one away"},
    {CAUSE_SWAP_EXHAUSTED, ADVICE_QUICK, "swap only delays: raise the memory limit, or lower the number of workers"},
    {CAUSE_NOT_MEMORY, ADVICE_PROPER,
     "ask who sends signals here: a scheduler's time limit, a supervisor, an operator"},
};

size_t advice_give(const struct profile *profile, const struct verdict *verdict, struct advice advices[ADVICE_MAX])
{
    struct pile pile = {.advices = advices};
    bool killed = profile->end == PROFILE_SIGNALLED || profile->end == PROFILE_GONE;

    switch (verdict->cause) {
    case CAUSE_SITE_GROWTH:
    case CAUSE_SITE_SPIKE:
        advise_site(profile, verdict, &pile);
        break;
    case CAUSE_SIBLING:
    case CAUSE_CHILD:
        advise_others(profile, verdict, &pile);
        break;
    default:
        break;
    }
    for (size_t i = 0; i < COUNT(fixed); i++)
        if (fixed[i].cause == verdict->cause &&
            (verdict->cause != CAUSE_NOT_MEMORY || (killed && profile->signal == 9)))
            add(&pile, fixed[i].kind, "%s", fixed[i].text);
    return pile.count;
}
