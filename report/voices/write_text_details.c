/* SPDX-License-Identifier: MIT */
/* What follows the first screen: everything that the journal knows, section by section. */
#include "voices/write_text.h"

#include <inttypes.h>
#include <stdlib.h>

#include "judgement/dashboard.h"
#include "profile/labels.h"
#include "profile/stacks.h"
#include "sources/sizes.h"

#define TIMELINE_ROWS 24u

static void heading(struct sink *sink, const char *text)
{
    sink_style(sink, SINK_BOLD);
    sink_printf(sink, "\n%s\n", text);
    sink_style(sink, SINK_PLAIN);
}

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static const char *size_or_dash(uint64_t bytes, struct size_text *text)
{
    if (bytes == LW_UNKNOWN)
        return "-";
    *text = size_table(bytes);
    return text->text;
}

static void write_stack(struct sink *sink, const struct stack *stack, bool native)
{
    struct shown shown = stacks_shown(stack, native);

    for (size_t i = 0; i < shown.count; i++)
        sink_printf(sink, "      %s %s\n", shown.frames[i] == stack->user ? "*" : " ",
                    label_frame(shown.frames[i]).text);
    if (shown.folded > 0)
        sink_printf(sink, "        (%zu frame%s of the interpreter: --native shows them)\n", shown.folded,
                    shown.folded == 1 ? "" : "s");
    free(shown.frames);
}

static void write_sites(struct sink *sink, const struct profile *profile, const struct text_options *options)
{
    const struct site **sites = metric_sites(profile, options->by);
    size_t most = options->lines;

    heading(sink, "call sites (innermost frame first, * is the line that is responsible)");
    for (size_t i = 0; i < profile->site_count && i < most; i++) {
        const struct site *site = sites[i];
        const struct lw_site *record = &site->record;
        sink_printf(sink, "  site %u: resident %s, committed %s, swapped %s, peak %s, %" PRIu64 " live, %s\n", site->id,
                    size_prose(record->resident_bytes).text, size_prose(record->committed_bytes).text,
                    size_prose(record->swapped_bytes).text, size_prose(record->peak_resident_bytes).text,
                    record->live_count, size_rate(record->growth_bytes_per_s).text);
        write_stack(sink, &site->stack, options->native);
        for (size_t t = 0; t < site->touch_count && t < 3; t++)
            sink_printf(sink, "      touched first at %s (%s seen)\n", label_chain(&site->touches[t].stack, 70).text,
                        size_prose(site->touches[t].bytes).text);
    }
    free(sites);
    if (profile->site_count > most)
        sink_printf(sink, "  %zu more sites: --sites N shows more\n", profile->site_count - most);
}

static void write_threads(struct sink *sink, const struct profile *profile, bool native)
{
    static const char *const why[] = {
        [LW_THREAD_ASKED] = "no stack: it did not answer in time",
        [LW_THREAD_SKIPPED] = "no stack: asleep in a system call, left alone",
    };

    if (profile->thread_count == 0)
        return;
    heading(sink, "threads at the last moment");
    for (size_t i = 0; i < profile->thread_count; i++) {
        const struct thread *thread = &profile->threads[i];
        sink_printf(sink, "  %u %s (%c)%s%s\n", thread->tid, thread->name, thread->run_state,
                    thread->ready == LW_THREAD_READY ? "" : " ",
                    thread->ready == LW_THREAD_READY ? "" : why[thread->ready]);
        write_stack(sink, &thread->stack, native);
    }
}

static void write_levels(struct sink *sink, const struct profile *profile)
{
    struct size_text limit, used, reclaimable, headroom, peak;

    if (profile->level_count == 0)
        return;
    heading(sink, "limits (> the one with the least headroom)");
    sink_printf(sink, "    %-10s %11s %11s %11s %11s %11s  path\n", "kind", "limit", "used", "reclaimable", "headroom",
                "peak");
    for (size_t i = 0; i < profile->level_count; i++) {
        const struct level *level = &profile->levels[i];
        const struct lw_level *record = &level->record;
        sink_printf(sink, "  %s %-10s %11s %11s %11s %11s %11s  %s\n", level == profile->binding ? ">" : " ",
                    level->kind, size_or_dash(record->limit_bytes, &limit), size_or_dash(record->used_bytes, &used),
                    size_or_dash(record->reclaimable_bytes, &reclaimable),
                    size_or_dash(record->headroom_bytes, &headroom), size_or_dash(record->peak_bytes, &peak),
                    level->path);
    }
}

static void write_timeline(struct sink *sink, const struct profile *profile)
{
    struct size_text headroom, used, rss;
    size_t count = profile->tick_count;
    size_t rows = count < TIMELINE_ROWS ? count : TIMELINE_ROWS;

    if (rows == 0)
        return;
    int decimals = profile->ticks[count - 1].t_ns < UINT64_C(10000000000) ? 3 : 1;
    heading(sink, "timeline");
    sink_printf(sink, "  %9s %12s %12s %12s %7s  stage\n", "time", "headroom", "used", "resident", "full");
    for (size_t i = 0; i < rows; i++) {
        const struct lw_tick *tick = &profile->ticks[rows == 1 ? 0 : i * (count - 1) / (rows - 1)];
        sink_printf(sink, "  %7.*f s %12s %12s %12s %5.1f %%  %s\n", decimals, seconds(tick->t_ns),
                    size_or_dash(tick->headroom_bytes, &headroom), size_or_dash(tick->current_bytes, &used),
                    size_or_dash(tick->rss_bytes, &rss), tick->full_avg10_permyriad / 100.0,
                    profile_stage_name(tick->stage));
    }
}

static void write_range(struct sink *sink, const char *what, const struct dashboard_range *range, uint64_t limit_bytes)
{
    sink_printf(sink, "    %-12s %s (%.0f %% of the limit) in the median, %s to %s\n", what,
                size_prose(range->median_bytes).text, 100.0 * (double)range->median_bytes / (double)limit_bytes,
                size_prose(range->low_bytes).text, size_prose(range->high_bytes).text);
}

/* Only for an end that people look for in vain on their dashboard. */
static void write_dashboard(struct sink *sink, const struct story *story)
{
    static const unsigned periods_s[] = {15, 30};
    const struct profile *profile = story->profile;
    struct dashboard dashboard;
    bool first = true;

    for (size_t i = 0; story->verdict.by_memory && i < sizeof(periods_s) / sizeof(periods_s[0]); i++) {
        if (!dashboard_judge(profile, periods_s[i] * UINT64_C(1000000000), &dashboard))
            continue;
        if (first) {
            heading(sink, "what a dashboard showed (its last look before the end, whenever that was)");
            sink_printf(
                sink, "  true peak: %s, %.1f %% of the limit, at %.3f s\n", size_prose(dashboard.peak_bytes).text,
                100.0 * (double)dashboard.peak_bytes / (double)dashboard.limit_bytes, seconds(dashboard.peak_ns));
        }
        first = false;
        sink_printf(sink, "  looking every %u s:", periods_s[i]);
        if (dashboard.blind_percent > 0)
            sink_printf(sink, " nothing at all in %u %% of the cases, else", dashboard.blind_percent);
        sink_printf(sink, "\n");
        write_range(sink, "working set", &dashboard.working_set, dashboard.limit_bytes);
        write_range(sink, "resident", &dashboard.resident, dashboard.limit_bytes);
    }
    if (!first)
        sink_printf(sink, "  working set: used minus %s\n",
                    dashboard.inactive_file_known ? "inactive file pages" : "reclaimable cache");
}

static void write_events(struct sink *sink, const struct profile *profile)
{
    if (profile->event_count > 0)
        heading(sink, "events");
    for (size_t i = 0; i < profile->event_count; i++)
        sink_printf(sink, "  %7.3f s  %-10s %s\n", seconds(profile->events[i].t_ns), profile->events[i].kind,
                    profile->events[i].text);
}

static void write_surroundings(struct sink *sink, const struct profile *profile)
{
    if (profile->input_count > 0)
        heading(sink, "files open for reading");
    for (size_t i = 0; i < profile->input_count; i++)
        sink_printf(sink, "  %12s  %s\n", size_table(known_bytes(profile->inputs[i].size_bytes)).text,
                    profile->inputs[i].path);
    if (profile->capability_count > 0)
        heading(sink, "what could be sensed");
    for (size_t i = 0; i < profile->capability_count; i++)
        sink_printf(sink, "  %-3s %-20s %s\n", profile->capabilities[i].available ? "yes" : "no",
                    profile->capabilities[i].name, profile->capabilities[i].why);
}

static void write_evidence(struct sink *sink, const struct verdict *verdict)
{
    heading(sink, "evidence");
    for (size_t i = 0; i < verdict->evidence_count; i++)
        sink_printf(sink, "  %s\n", verdict->evidence[i]);
    sink_printf(sink, "  cause %s, confidence %.2f, OOM kill %s\n", verdict_cause_name(verdict->cause),
                verdict->confidence, verdict_oom_kill_name(verdict->oom_kill));
}

static void write_memory(struct sink *sink, const struct profile *profile)
{
    const struct lw_state *state = &profile->state;

    if (!profile->has_state)
        return;
    heading(sink, "memory of the process");
    sink_printf(sink, "  resident %s (peak %s): anonymous %s, file %s, shared %s\n", size_prose(state->rss_bytes).text,
                size_prose(state->peak_rss_bytes).text, size_prose(state->anon_bytes).text,
                size_prose(state->file_bytes).text, size_prose(state->shmem_bytes).text);
    sink_printf(sink, "  swapped %s, page tables %s, committed by the sites %s\n",
                size_prose(known_bytes(state->swap_bytes)).text, size_prose(known_bytes(state->page_tables_bytes)).text,
                size_prose(known_bytes(state->committed_bytes)).text);
    sink_printf(sink, "  sampling: every %s on average, %" PRIu64 " samples; %u threads; watcher used %.0f ms\n",
                size_prose(state->sample_interval_bytes).text, state->samples_taken, state->threads,
                (double)state->watcher_cpu_ns / 1e6);
    if (state->allocator_resident_bytes)
        sink_printf(sink, "  jemalloc: %s in blocks of the program, %s resident for them and kept\n",
                    size_prose(state->allocator_live_bytes).text, size_prose(state->allocator_resident_bytes).text);
}

void write_text_details(struct sink *sink, const struct story *story, const struct text_options *options)
{
    const struct profile *profile = story->profile;

    write_evidence(sink, &story->verdict);
    write_memory(sink, profile);
    write_sites(sink, profile, options);
    write_threads(sink, profile, options->native);
    write_levels(sink, profile);
    write_timeline(sink, profile);
    write_dashboard(sink, story);
    write_events(sink, profile);
    write_surroundings(sink, profile);
}
