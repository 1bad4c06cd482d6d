/* SPDX-License-Identifier: MIT */
/*
 * The first screen, in the order in which somebody who was woken up asks: what died, against which limit, how fast,
 * why, where in the code, and what to do.
 */
#include "voices/write_text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "judgement/job.h"
#include "profile/labels.h"
#include "profile/lines.h"
#include "sources/sizes.h"

#define WIDTH        116u
#define KEY_COLUMNS  13u
#define ROW_COLUMNS  43u /* before `where` */
#define PROCESS_ROWS 12u
#define MIB          (UINT64_C(1) << 20)
#define SCAN_LATE_NS UINT64_C(500000000)

/* "  key        text", wrapped at blanks with the continuation below the text. */
__attribute__((format(printf, 3, 4))) static void row(struct sink *sink, const char *key, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    size_t column = KEY_COLUMNS, pending = 0;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (sink->take_row) {
        sink->take_row(sink->context, key, text);
        return;
    }
    sink_style(sink, SINK_DIM);
    sink_printf(sink, "  %-10s ", key);
    sink_style(sink, SINK_PLAIN);
    for (const char *rest = text; *rest;) {
        size_t length = strcspn(rest, " ");
        char word[sizeof(text)];
        snprintf(word, sizeof(word), "%.*s", (int)length, rest);
        size_t columns = label_columns(word);
        if (column + pending + columns > WIDTH && column > KEY_COLUMNS) {
            sink_printf(sink, "\n%*s", (int)KEY_COLUMNS, "");
            column = KEY_COLUMNS;
            pending = 0;
        }
        sink_printf(sink, "%*s%s", (int)pending, "", word);
        column += pending + columns;
        pending = strspn(rest + length, " "); /* blanks inside a row keep their number */
        rest += length + pending;
    }
    sink_printf(sink, "\n");
}

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
        row(sink, "limit", "unknown: the journal holds no whole state");
        return;
    }
    if (!profile->binding) {
        row(sink, "limit", "none was found");
        return;
    }
    const struct lw_level *level = &profile->binding->record;
    double percent = level->limit_bytes ? 100.0 * (double)level->headroom_bytes / (double)level->limit_bytes : 0;
    row(sink, "limit", "%-9s %-26s used %s, reclaimable %s, headroom %s (%.*f %%)", size_prose(level->limit_bytes).text,
        level_title(profile->binding, title, sizeof(title)), size_prose(known_bytes(level->used_bytes)).text,
        size_prose(known_bytes(level->reclaimable_bytes)).text, size_prose(level->headroom_bytes).text, percent < 1,
        percent);
}

/* The process went on, freed memory and ended: its last numbers would tell nothing. */
static void write_moment(struct sink *sink, const struct profile *profile)
{
    uint64_t end_ns = profile->ended_ns ? profile->ended_ns : profile->last_ns;

    if (profile->of_moment)
        row(sink, "moment", "%s after the start, %s before the end: all numbers here are of the report written then",
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
    row(sink, "swap", "%s%s used, %s of it by this process; %s came back a second, at its worst",
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
    row(sink, "growth", "%s over the last %s%s%s", size_rate(state->growth_bytes_per_s).text, span, shape, when);
}

static void write_pressure(struct sink *sink, const struct profile *profile)
{
    const struct lw_state *state = &profile->state;

    if (!profile->has_state || state->some_total_us == LW_UNKNOWN)
        return;
    row(sink, "pressure", "some %.1f %%  full %.1f %% (10 s)", state->some_avg10_permyriad / 100.0,
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
    row(sink, "ended", "by lastwords (action=%s)%s%s", profile_action_name(state->action), used, complete);
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
                label_chain(&line->sites[0]->stack, WIDTH - ROW_COLUMNS).text);
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
        row(sink, "where", "no allocation was recorded: the memory is older than the records, or %s",
            "the process was too short-lived");
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
    char text[1200];
    size_t used = 0;

    if (!profile->has_state)
        return;
    if (state->scanned_ns == 0 || state->scan_anon_bytes == 0 || state->scan_anon_bytes == LW_UNKNOWN) {
        row(sink, "explained", "resident memory had not been scanned yet: only committed sizes are known");
        return;
    }
    bool late = state->written_ns > state->scanned_ns + SCAN_LATE_NS;
    char when[80] = "";
    if (late)
        snprintf(when, sizeof(when), " (scanned %s before the last sign of life)",
                 size_duration((state->written_ns - state->scanned_ns) / 1000000).text);
    used = (size_t)snprintf(text, sizeof(text), "%.1f %% of %s anonymous%s",
                            100.0 * (double)known_bytes(state->explained_bytes) / (double)state->scan_anon_bytes,
                            size_prose(state->scan_anon_bytes).text, when);
    for (size_t i = 0; i < profile->other_count && used < sizeof(text) - 200; i++)
        if (profile->others[i].resident_bytes >= MIB / 2)
            used += (size_t)snprintf(text + used, sizeof(text) - used, "; %s %s", profile->others[i].text,
                                     size_prose(known_bytes(profile->others[i].resident_bytes)).text);
    row(sink, "explained", "%s", text);
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
        row(sink, "touched", "what %s reserved was first used at %s (%.0f %% of what was seen)",
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
        row(sink, "input", "%s %s is open%s: resident is %.1f times its size", input->short_path,
            size_prose(input->size_bytes).text, progress, (double)resident / (double)input->size_bytes);
    }
}

static void write_losses(struct sink *sink, const struct profile *profile)
{
    const struct lw_state *state = &profile->state;

    if (state->samples_dropped || state->stacks_dropped || state->frees_unseen)
        row(sink, "lost", "%llu samples, %llu stacks and %llu frees found no room: the estimates are that much worse",
            (unsigned long long)state->samples_dropped, (unsigned long long)state->stacks_dropped,
            (unsigned long long)state->frees_unseen);
    if (profile->other_machine)
        row(sink, "note", "the journal was written on another machine: whether the process still runs is not known");
    for (size_t i = 0; i < profile->note_count && i < 4; i++)
        row(sink, "note", "%s", profile->notes[i]);
}

/* The same line in several processes: what a pool of workers does together. */
static void write_job_lines(struct sink *sink, const struct job *job, const struct text_options *options)
{
    sink_printf(sink, "\n");
    sink_style(sink, SINK_DIM);
    sink_printf(sink, "  %12s %12s %12s   %s\n", "resident", "committed", "processes",
                "where, in all processes together");
    sink_style(sink, SINK_PLAIN);
    for (size_t i = 0; i < job->line_count && i < options->lines; i++)
        sink_printf(sink, "  %12s %12s %12zu   %s\n", size_table(job->lines[i].resident_bytes).text,
                    size_table(job->lines[i].committed_bytes).text, job->lines[i].processes,
                    label_frame(job->lines[i].frame).text);
}

static void write_process(struct sink *sink, const struct job_process *process, bool full)
{
    const struct profile *profile = process->profile;
    char grew[32] = "", pid[32], end[sizeof(process->end) + 64];

    if (process->grew_bytes >= MIB)
        snprintf(grew, sizeof(grew), "%.1f-%.1f s", (double)process->grew_from_ns / 1e9,
                 (double)process->grew_to_ns / 1e9);
    snprintf(pid, sizeof(pid), "(pid %u)", profile->identity->pid);
    snprintf(end, sizeof(end), "%s: %s", process->end, verdict_cause_name(process->verdict.cause));
    size_t room = WIDTH - ROW_COLUMNS, taken = strlen(pid) + strlen(end) + 2;
    sink_printf(sink, "  %12s %12s %12s   %s %s %s\n", size_table(process->own_bytes).text,
                size_table(process->peak_bytes).text, grew,
                label_cut(profile->command, taken + 16 < room ? room - taken : 16).text, pid, end);
    if (full)
        sink_printf(sink, "  %12s %12s %12s   resident %s%s, %s\n", "", "", "",
                    size_prose(process->resident_bytes).text, process->present ? "" : ", gone before", profile->name);
}

/* Several processes: each with its sizes, its growth in the time of the job, its end and its cause; then the total. */
static void write_job(struct sink *sink, const struct story *story, const struct text_options *options)
{
    struct job job;

    if (story->other_count == 0)
        return;
    job_make(&job, story);
    sink_printf(sink, "\n");
    sink_style(sink, SINK_DIM);
    sink_printf(sink, "  %12s %12s %12s   %s\n", "own", "peak", "grew at", "process");
    sink_style(sink, SINK_PLAIN);
    size_t most = options->full ? job.count : PROCESS_ROWS;
    for (size_t i = 0; i < job.count && i < most; i++)
        write_process(sink, &job.processes[i], options->full);
    if (job.count > most)
        sink_printf(sink, "  %12s %12s %12s   %zu more: --full\n", "", "", "", job.count - most);
    row(sink, "together",
        "%s in %zu process%s at the %s of the first: own %s, shared memory %s and files %s once%s%s%s",
        size_prose(job.resident_bytes).text, job.present, job.present == 1 ? "" : "es",
        story->profile->of_moment ? "report" : "end", size_prose(job.own_bytes).text, size_prose(job.shared_bytes).text,
        size_prose(job.file_bytes).text, job.inherited_bytes > 0 ? "; inherited by fork and not counted again " : "",
        job.inherited_bytes > 0 ? size_prose(job.inherited_bytes).text : "",
        job.swapped_bytes > 0 ? "; some of it is swapped besides" : "");
    if (options->full)
        write_job_lines(sink, &job, options);
    job_free(&job);
}

static void write_facts(struct sink *sink, const struct story *story)
{
    write_moment(sink, story->profile);
    write_limit(sink, story->profile);
    write_swap(sink, story->profile);
    write_growth(sink, story);
    write_pressure(sink, story->profile);
    row(sink, "cause", "%s", story->verdict.sentence);
    write_ended(sink, story->profile);
}

static void write_remedies(struct sink *sink, const struct story *story)
{
    write_explained(sink, story->profile);
    write_touched(sink, story);
    write_inputs(sink, story->profile);
    for (size_t i = 0; i < story->advice_count; i++)
        row(sink, story->advices[i].kind == ADVICE_QUICK ? "quick fix" : "proper fix", "%s", story->advices[i].text);
    write_losses(sink, story->profile);
}

/* The other processes in a row each, for voices that have no table of them. */
static void write_others(struct sink *sink, const struct story *story)
{
    for (size_t i = 0; i < story->other_count && i < PROCESS_ROWS; i++) {
        const struct profile *other = story->others[i];
        struct verdict verdict;
        char title[200];
        verdict_decide(other, story->all, story->all_count, &verdict);
        verdict_title(other, &verdict, title, sizeof(title));
        row(sink, "also", "%.80s (pid %u), %s resident, %s: %s", other->program, other->identity->pid,
            size_prose(profile_resident_bytes(other)).text, title, other->name);
    }
    if (story->other_count > PROCESS_ROWS)
        row(sink, "also", "%zu more", story->other_count - PROCESS_ROWS);
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
    write_job(sink, story, options);
    if (options->full)
        write_text_details(sink, story, options);
    else
        sink_printf(sink, "  full report: lastwords report %s --html\n", profile->name);
}
