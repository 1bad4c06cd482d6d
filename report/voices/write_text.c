/* SPDX-License-Identifier: MIT */
/*
 * The first screen, in the order in which somebody who was woken up asks: what died, against which limit, how fast,
 * why, where in the code, and what to do.
 */
#include "voices/write_text.h"

#include <stdlib.h>
#include <string.h>

#include "judgement/no_site.h"
#include "profile/labels.h"
#include "profile/lines.h"
#include "sources/sizes.h"
#include "sources/text.h"
#include "voices/write_row.h"

#define MIB          (UINT64_C(1) << 20)
#define SCAN_LATE_NS UINT64_C(500000000)

static void write_title(struct sink *sink, const struct story *story)
{
    const struct profile *profile = story->profile;
    char title[200], command[400];

    snprintf(command, sizeof(command), "%s", profile->command);
    if (label_columns(command) > 70) {
        size_t bytes = 0;
        for (size_t columns = 0; command[bytes] && columns < 67; columns++)
            do
                bytes++;
            while (((unsigned char)command[bytes] & 0xc0) == 0x80);
        snprintf(command + bytes, sizeof(command) - bytes, "...");
    }
    verdict_title(profile, &story->verdict, title, sizeof(title));
    sink_style(sink, SINK_BOLD);
    sink_printf(sink, "lastwords: %s (pid %u) %s\n", command, profile->identity->pid, title);
    sink_style(sink, SINK_PLAIN);
}

/* The last part of a long path says most; the whole one is among the details. */
static const char *path_end(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strlen(path) > 32 && slash && slash > path && slash[1] ? slash + 1 : path;
}

static const char *level_title(const struct level *level, char *out, size_t size)
{
    switch (level->record.kind) {
    case LW_LEVEL_CGROUP_V1:
    case LW_LEVEL_CGROUP_V2:
        snprintf(out, size, "cgroup %s (%s)", path_end(level->path),
                 level->record.kind == LW_LEVEL_CGROUP_V1 ? "v1" : "v2");
        return out;
    case LW_LEVEL_HOST:
        return "memory of this machine";
    case LW_LEVEL_USER:
        return "limit= on its own resident memory";
    case LW_LEVEL_COMMIT:
        return "commit limit (vm.overcommit_memory=2)";
    case LW_LEVEL_RLIMIT_AS:
        return "address space (ulimit -v)";
    case LW_LEVEL_RLIMIT_DATA:
        return "data segment (ulimit -d)";
    default:
        return "unknown kind of limit";
    }
}

static void write_limit(struct sink *sink, const struct profile *profile)
{
    char title[320];

    if (!profile->has_state) {
        write_row(sink, "limit", "unknown: the journal holds no whole state");
        return;
    }
    if (!profile->binding) {
        write_row(sink, "limit", "none was found");
        return;
    }
    const struct lw_level *level = &profile->binding->record;
    double percent = level->limit_bytes ? 100.0 * (double)level->headroom_bytes / (double)level->limit_bytes : 0;
    write_row(sink, "limit", "%-9s %-26s used %s, reclaimable %s, headroom %s (%.*f %%)",
              size_prose(level->limit_bytes).text, level_title(profile->binding, title, sizeof(title)),
              size_prose(known_bytes(level->used_bytes)).text, size_prose(known_bytes(level->reclaimable_bytes)).text,
              size_prose(level->headroom_bytes).text, percent < 1, percent);
}

/* The process went on, freed memory and ended: its last numbers would tell nothing. */
static void write_moment(struct sink *sink, const struct profile *profile)
{
    uint64_t end_ns = profile->ended_ns ? profile->ended_ns : profile->last_ns;

    if (profile->of_moment)
        write_row(sink, "moment",
                  "%s after the start, %s before the end: all numbers here are of the report written then",
                  size_duration(profile->moment_ns / 1000000).text,
                  size_duration(end_ns > profile->moment_ns ? (end_ns - profile->moment_ns) / 1000000 : 0).text);
}

/* RAM and swap apart: the headroom counts what can still be swapped. */
static void write_swap(struct sink *sink, const struct profile *profile)
{
    const struct lw_level *level = profile->has_state && profile->binding ? &profile->binding->record : NULL;
    char of[48] = "";

    if (!level || known_bytes(level->swap_used_bytes) == 0)
        return;
    if (level->swap_limit_bytes != LW_UNLIMITED)
        snprintf(of, sizeof(of), " of %s", size_prose(level->swap_limit_bytes).text);
    write_row(
        sink, "swap", "%s%s used, %s of it by this process; %s came back a second, at its worst",
        size_prose(level->swap_used_bytes).text, of, size_prose(known_bytes(profile->state.swap_bytes)).text,
        size_prose((uint64_t)profile->state.peak_anon_refaults_per_s * journal_header(profile->journal)->page_bytes)
            .text);
}

static void write_growth(struct sink *sink, const struct story *story)
{
    const struct lw_state *state = &story->profile->state;
    const struct verdict *verdict = &story->verdict;
    char shape[96] = "", when[96] = "", span[40] = "10 s";

    if (!story->profile->has_state)
        return;
    uint64_t since = story->profile->identity->activated_ns;
    if (state->written_ns > since && (state->written_ns - since) / 1000000 < 10000)
        snprintf(span, sizeof(span), "%s", size_duration((state->written_ns - since) / 1000000).text);
    if (verdict->cause == CAUSE_SITE_SPIKE)
        snprintf(shape, sizeof(shape), ", a jump: 60 %% of it came within %s",
                 size_duration(verdict->window_ns / 1000000).text);
    else if (verdict->grown_bytes > 0 && state->growth_bytes_per_s > (int64_t)MIB && verdict->by_memory)
        snprintf(shape, sizeof(shape), ", steady climb");
    if (state->time_to_limit_ms != LW_UNKNOWN && state->growth_bytes_per_s > 0 && story->profile->binding)
        snprintf(when, sizeof(when), "; at this rate the limit comes in %s",
                 size_duration(state->time_to_limit_ms).text);
    write_row(sink, "growth", "%s over the last %s%s%s", size_rate(state->growth_bytes_per_s).text, span, shape, when);
}

static void write_pressure(struct sink *sink, const struct profile *profile)
{
    const struct lw_state *state = &profile->state;

    if (!profile->has_state || state->some_total_us == LW_UNKNOWN)
        return;
    write_row(sink, "pressure", "some %.1f %%  full %.1f %% (10 s)", state->some_avg10_permyriad / 100.0,
              state->full_avg10_permyriad / 100.0);
}

static void write_ended(struct sink *sink, const struct profile *profile)
{
    const struct lw_state *state = &profile->state;
    char used[64] = "", complete[96] = "";

    if (profile->end != PROFILE_CONTROLLED || !profile->has_state)
        return;
    if (profile->binding && profile->binding->record.limit_bytes > 0)
        snprintf(used, sizeof(used), " with %.1f %% of the limit used",
                 100.0 - 100.0 * (double)state->headroom_bytes / (double)profile->binding->record.limit_bytes);
    if (state->complete_ns >= state->margin_ns && state->margin_ns > 0)
        snprintf(complete, sizeof(complete), "; this report was complete %s after the margin was reached",
                 size_duration((state->complete_ns - state->margin_ns) / 1000000).text);
    write_row(sink, "ended", "by lastwords (action=%s)%s%s", profile_action_name(state->action), used, complete);
}

/* The third column is the growth, unless another number was asked for that has no column. */
static enum metric third_column(const struct text_options *options)
{
    return options->by == METRIC_PEAK || options->by == METRIC_TOUCHED ? options->by : METRIC_GROWTH;
}

static void write_line(struct sink *sink, const struct line *line, enum metric third)
{
    struct size_text last =
        third == METRIC_GROWTH ? size_rate(line->growth_bytes_per_s) : size_table(metric_of_line(line, third));

    sink_printf(sink, "  %12s %12s %12s   %s\n", size_table(line->resident_bytes).text,
                size_table(line->committed_bytes).text, last.text,
                label_chain(&line->sites[0]->stack, SCREEN_WIDTH - TEXT_PLACE_COLUMN).text);
}

/* Lines below half a percent of the resident memory are only counted, unless they were asked for. */
static bool worth_a_row(const struct profile *profile, const struct line *line, const struct text_options *options)
{
    uint64_t least = options->full ? 1 : profile_resident_bytes(profile) / 200;

    if (options->by != METRIC_RESIDENT)
        return metric_of_line(line, options->by) > 0;
    return line->resident_bytes >= least || line->committed_bytes >= 64 * MIB;
}

static void write_lines(struct sink *sink, const struct profile *profile, const struct text_options *options)
{
    enum metric third = third_column(options);
    uint64_t left_bytes = 0;
    size_t shown = 0, left = 0;

    sink_printf(sink, "\n");
    if (profile->line_count == 0) {
        write_row(sink, "where", "no allocation was recorded: %s",
                  no_site_is_stacks(profile) ? "stacks of threads are none"
                                             : "the memory is older than the records, or the process was too "
                                               "short-lived");
        return;
    }
    sink_style(sink, SINK_DIM);
    sink_printf(sink, "  %12s %12s %12s   %s\n", "resident", "committed", metric_name(third), "where");
    sink_style(sink, SINK_PLAIN);
    const struct line **lines = metric_lines(profile, options->by);
    for (size_t i = 0; i < profile->line_count; i++) {
        if (shown < options->lines && (worth_a_row(profile, lines[i], options) || shown == 0)) {
            write_line(sink, lines[i], third);
            shown++;
        } else if (lines[i]->resident_bytes > 0) {
            left++;
            left_bytes += lines[i]->resident_bytes;
        }
    }
    free(lines);
    if (left > 0)
        sink_printf(sink, "  %12s %12s %12s   %zu more line%s\n", size_table(left_bytes).text, "", "", left,
                    left == 1 ? "" : "s");
}

static void write_explained(struct sink *sink, const struct profile *profile)
{
    const struct lw_state *state = &profile->state;
    char text[1200], when[80] = "";

    if (!profile->has_state)
        return;
    if (state->scanned_ns == 0 || state->scan_anon_bytes == 0 || state->scan_anon_bytes == LW_UNKNOWN) {
        write_row(sink, "explained", "resident memory had not been scanned yet: only committed sizes are known");
        return;
    }
    if (state->written_ns > state->scanned_ns + SCAN_LATE_NS)
        snprintf(when, sizeof(when), " (scanned %s before the last sign of life)",
                 size_duration((state->written_ns - state->scanned_ns) / 1000000).text);
    snprintf(text, sizeof(text), "%.1f %% of %s anonymous%s",
             100.0 * (double)known_bytes(state->explained_bytes) / (double)state->scan_anon_bytes,
             size_prose(state->scan_anon_bytes).text, when);
    for (size_t i = 0; i < profile->other_count && strlen(text) < sizeof(text) - 200; i++)
        if (profile->others[i].resident_bytes >= MIB / 2)
            text_append(text, sizeof(text), "; %s %s", profile->others[i].text,
                        size_prose(known_bytes(profile->others[i].resident_bytes)).text);
    write_row(sink, "explained", "%s", text);
}

/* Who touched first what the largest line had reserved, when that was mostly somebody else. */
static void write_touched(struct sink *sink, const struct story *story)
{
    const struct line *line = story->verdict.line;
    const struct touch *largest = NULL;
    uint64_t all = 0, elsewhere = 0;

    for (size_t i = 0; line && i < line->site_count; i++) {
        for (size_t t = 0; t < line->sites[i]->touch_count; t++) {
            const struct touch *touch = &line->sites[i]->touches[t];
            all += touch->bytes;
            if (lines_same(touch->stack.user, line->frame))
                continue;
            elsewhere += touch->bytes;
            largest = !largest || touch->bytes > largest->bytes ? touch : largest;
        }
    }
    if (largest && elsewhere > all / 2 && line->resident_bytes >= MIB)
        write_row(sink, "touched", "what %s reserved was first used at %s (%.0f %% of what was seen)",
                  label_place(line->frame).text, label_place(largest->stack.user).text,
                  100.0 * (double)elsewhere / (double)all);
}

static void write_inputs(struct sink *sink, const struct profile *profile)
{
    uint64_t resident = profile_resident_bytes(profile);

    for (size_t i = 0; i < profile->input_count && i < 2; i++) {
        const struct input *input = &profile->inputs[i];
        if (input->size_bytes < MIB || input->size_bytes == LW_UNKNOWN || resident == 0)
            continue;
        char progress[48] = "";
        if (input->offset_bytes > 0 && input->offset_bytes < input->size_bytes)
            snprintf(progress, sizeof(progress), ", %.0f %% of it read so far",
                     100.0 * (double)input->offset_bytes / (double)input->size_bytes);
        write_row(sink, "input", "%s %s is open%s: resident is %.1f times its size", input->short_path,
                  size_prose(input->size_bytes).text, progress, (double)resident / (double)input->size_bytes);
    }
}

static void write_losses(struct sink *sink, const struct profile *profile)
{
    const struct lw_state *state = &profile->state;

    if (state->samples_dropped || state->stacks_dropped || state->frees_unseen)
        write_row(sink, "lost",
                  "%llu samples, %llu stacks and %llu frees found no room: the estimates are that much worse",
                  (unsigned long long)state->samples_dropped, (unsigned long long)state->stacks_dropped,
                  (unsigned long long)state->frees_unseen);
    if (profile->other_machine)
        write_row(sink, "note",
                  "the journal was written on another machine: whether the process still runs is not known");
    for (size_t i = 0; i < profile->note_count && i < 4; i++)
        write_row(sink, "note", "%s", profile->notes[i]);
}

static void write_facts(struct sink *sink, const struct story *story)
{
    write_moment(sink, story->profile);
    write_limit(sink, story->profile);
    write_swap(sink, story->profile);
    write_growth(sink, story);
    write_pressure(sink, story->profile);
    write_row(sink, "cause", "%s", story->verdict.sentence);
    write_ended(sink, story->profile);
}

static void write_remedies(struct sink *sink, const struct story *story)
{
    write_explained(sink, story->profile);
    write_touched(sink, story);
    write_inputs(sink, story->profile);
    for (size_t i = 0; i < story->advice_count; i++)
        write_row(sink, story->advices[i].kind == ADVICE_QUICK ? "quick fix" : "proper fix", "%s",
                  story->advices[i].text);
    write_losses(sink, story->profile);
}

/* The other processes in a row each, for voices that have no table of them. */
static void write_others(struct sink *sink, const struct story *story)
{
    for (size_t i = 0; i < story->other_count && i < TEXT_PROCESS_ROWS; i++) {
        const struct profile *other = story->others[i];
        struct verdict verdict;
        char title[200];
        verdict_decide(other, story->all, story->all_count, &verdict);
        verdict_title(other, &verdict, title, sizeof(title));
        write_row(sink, "also", "%.80s (pid %u), %s resident, %s: %s", other->program, other->identity->pid,
                  size_prose(profile_resident_bytes(other)).text, title, other->name);
    }
    if (story->other_count > TEXT_PROCESS_ROWS)
        write_row(sink, "also", "%zu more", story->other_count - TEXT_PROCESS_ROWS);
}

void text_rows(const struct story *story, sink_take_row *take_row, void *context)
{
    struct sink rows = {.take_row = take_row, .context = context};

    write_facts(&rows, story);
    write_remedies(&rows, story);
    write_others(&rows, story);
}

void write_text(struct sink *sink, const struct story *story, const struct text_options *options)
{
    const struct profile *profile = story->profile;

    write_title(sink, story);
    write_facts(sink, story);
    write_lines(sink, profile, options);
    sink_printf(sink, "\n");
    write_remedies(sink, story);
    write_text_job(sink, story, options);
    if (options->full)
        write_text_details(sink, story, options);
    else
        sink_printf(sink, "  full report: lastwords report %s --html\n", profile->name);
}
