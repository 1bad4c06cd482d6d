/* SPDX-License-Identifier: MIT */
#include "voices/write_prometheus.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SITES 10u /* every line is a time series of its own at the other end */

/* What a process is, in its numbers. False: unknown. */
typedef bool reading(const struct profile *profile, double *value);

static bool known(uint64_t number, double *value)
{
    *value = (double)number;
    return number != LW_UNKNOWN;
}

static bool of_state(const struct profile *profile, uint64_t number, double *value)
{
    return profile->has_state && known(number, value);
}

static bool of_level(const struct profile *profile, uint64_t number, double *value)
{
    return profile->binding && known(number, value);
}

static bool read_headroom(const struct profile *profile, double *value)
{
    return of_level(profile, profile->state.headroom_bytes, value);
}

static bool read_limit(const struct profile *profile, double *value)
{
    return profile->binding && of_level(profile, profile->binding->record.limit_bytes, value);
}

static bool read_used(const struct profile *profile, double *value)
{
    return profile->binding && of_level(profile, profile->binding->record.used_bytes, value);
}

static bool read_reclaimable(const struct profile *profile, double *value)
{
    return profile->binding && of_level(profile, profile->binding->record.reclaimable_bytes, value);
}

static bool read_resident(const struct profile *profile, double *value)
{
    return of_state(profile, profile->state.rss_bytes, value);
}

static bool read_peak(const struct profile *profile, double *value)
{
    return of_state(profile, profile->state.peak_rss_bytes, value);
}

static bool read_anonymous(const struct profile *profile, double *value)
{
    return of_state(profile, profile->state.anon_bytes, value);
}

static bool read_swapped(const struct profile *profile, double *value)
{
    return of_state(profile, profile->state.swap_bytes, value);
}

static bool read_committed(const struct profile *profile, double *value)
{
    return of_state(profile, profile->state.committed_bytes, value);
}

static bool read_growth(const struct profile *profile, double *value)
{
    *value = (double)profile->state.growth_bytes_per_s;
    return profile->has_state;
}

static bool read_time_to_limit(const struct profile *profile, double *value)
{
    bool there = of_state(profile, profile->state.time_to_limit_ms, value);

    *value /= 1000;
    return there;
}

static bool read_some(const struct profile *profile, double *value)
{
    *value = profile->state.some_avg10_permyriad / 10000.0;
    return profile->has_state && profile->state.some_total_us != LW_UNKNOWN;
}

static bool read_full(const struct profile *profile, double *value)
{
    *value = profile->state.full_avg10_permyriad / 10000.0;
    return profile->has_state && profile->state.full_total_us != LW_UNKNOWN;
}

static bool read_stage(const struct profile *profile, double *value)
{
    return of_state(profile, profile->state.stage, value);
}

static bool read_refused(const struct profile *profile, double *value)
{
    return of_state(profile, profile->state.refused_count, value);
}

static bool read_running(const struct profile *profile, double *value)
{
    *value = profile->end == PROFILE_LIVE;
    return true;
}

static bool read_time(const struct profile *profile, double *value)
{
    *value = (double)((profile->identity->started_realtime_ns + profile->last_ns) / 1000000) / 1000;
    return profile->identity->started_realtime_ns > 0;
}

static const struct {
    const char *name;
    const char *type;
    reading *read;
    const char *help;
} metrics[] = {
    {"headroom_bytes", "gauge", read_headroom, "Memory left below the limit that binds, reclaimable cache included."},
    {"limit_bytes", "gauge", read_limit, "The limit that binds."},
    {"limit_used_bytes", "gauge", read_used, "Memory charged to the limit that binds."},
    {"limit_reclaimable_bytes", "gauge", read_reclaimable, "Of that, what reclaim gives back without hurting."},
    {"resident_bytes", "gauge", read_resident, "Resident memory of the process."},
    {"resident_peak_bytes", "gauge", read_peak, "Largest resident memory of the process."},
    {"anonymous_bytes", "gauge", read_anonymous, "Anonymous resident memory of the process."},
    {"swapped_bytes", "gauge", read_swapped, "Swapped memory of the process."},
    {"committed_bytes", "gauge", read_committed, "Memory obtained by the recorded call sites, resident or not."},
    {"growth_bytes_per_second", "gauge", read_growth, "Growth of the memory charged to the limit that binds."},
    {"time_to_limit_seconds", "gauge", read_time_to_limit, "Time until the limit at the present growth."},
    {"pressure_some_ratio", "gauge", read_some, "Memory pressure, some, of the last 10 s."},
    {"pressure_full_ratio", "gauge", read_full, "Memory pressure, full, of the last 10 s."},
    {"stage", "gauge", read_stage, "0 calm, 1 warn, 2 relief, 3 margin, 4 action."},
    {"refused_allocations_total", "counter", read_refused, "Allocations that the system refused."},
    {"running", "gauge", read_running, "1 while the process runs."},
    {"last_sign_of_life_timestamp_seconds", "gauge", read_time, "When the journal was written last."},
};

static const struct {
    const char *name;
    enum metric metric;
    const char *help;
} site_metrics[] = {
    {"site_resident_bytes", METRIC_RESIDENT, "Resident memory that this line of the user's code obtained."},
    {"site_committed_bytes", METRIC_COMMITTED, "Memory that this line obtained and has not given back."},
    {"site_resident_peak_bytes", METRIC_PEAK, "Largest resident memory of this line."},
    {"site_growth_bytes_per_second", METRIC_GROWTH, "Growth of the resident memory of this line; 0: it shrinks."},
};

static void head(struct sink *sink, const char *name, const char *type, const char *help)
{
    sink_printf(sink, "# HELP lastwords_%s %s\n# TYPE lastwords_%s %s\n", name, help, name, type);
}

/* ,name="value" with what the format wants to be escaped. */
static void label(struct sink *sink, const char *name, const char *value)
{
    sink_printf(sink, ",%s=\"", name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            fputc('\\', sink->file);
        if (*value == '\n')
            fputs("\\n", sink->file);
        else
            fputc(*value, sink->file);
    }
    sink_printf(sink, "\"");
}

static void begin(struct sink *sink, const char *name, const struct profile *profile)
{
    char host[4 * sizeof(profile->identity->host) + 1];

    sink_printable(profile->identity->host, strlen(profile->identity->host), host, sizeof(host));
    sink_printf(sink, "lastwords_%s{pid=\"%u\"", name, profile->identity->pid);
    label(sink, "program", profile->program);
    label(sink, "host", host); /* in containers every pid is 1 */
}

static void write_processes(struct sink *sink, const struct story *story)
{
    double value;

    for (size_t m = 0; m < sizeof(metrics) / sizeof(metrics[0]); m++) {
        bool first = true;
        for (size_t i = 0; i < story->all_count; i++) {
            if (!metrics[m].read(story->all[i], &value))
                continue;
            if (first)
                head(sink, metrics[m].name, metrics[m].type, metrics[m].help);
            first = false;
            begin(sink, metrics[m].name, story->all[i]);
            sink_printf(sink, "} %.16g\n", value);
        }
    }
}

static void write_verdicts(struct sink *sink, const struct story *story)
{
    head(sink, "verdict", "gauge", "1, with what ended the process and why as labels.");
    for (size_t i = 0; i < story->all_count; i++) {
        struct verdict verdict = story->verdict;
        if (i > 0)
            verdict_decide(story->all[i], story->all, story->all_count, &verdict);
        begin(sink, "verdict", story->all[i]);
        label(sink, "cause", verdict_cause_name(verdict.cause));
        label(sink, "oom_kill", verdict_oom_kill_name(verdict.oom_kill));
        sink_printf(sink, "} 1\n");
    }
}

static void write_line(struct sink *sink, const char *name, const struct profile *profile, const struct line *line,
                       uint64_t value)
{
    const struct frame *frame = line->frame;
    char number[16] = "", address[24] = "";

    if (frame && frame->line > 0)
        snprintf(number, sizeof(number), "%d", frame->line);
    if (frame && !frame->short_function[0]) /* what lines are told apart by: no two of them may look the same here */
        snprintf(address, sizeof(address), "0x%llx", (unsigned long long)frame->address);
    begin(sink, name, profile);
    label(sink, "function", !frame || address[0] ? address : frame->short_function);
    label(sink, "file", frame ? flow_frame_file(frame) : "");
    label(sink, "line", number);
    sink_printf(sink, "} %" PRIu64 "\n", value);
}

static void write_lines(struct sink *sink, const struct story *story, const struct view *view)
{
    size_t most = view->sites ? view->sites : DEFAULT_SITES;

    for (size_t m = 0; m < sizeof(site_metrics) / sizeof(site_metrics[0]); m++) {
        head(sink, site_metrics[m].name, "gauge", site_metrics[m].help);
        for (size_t i = 0; i < story->all_count; i++) {
            const struct profile *profile = story->all[i];
            const struct line **lines = metric_lines(profile, view->by);
            for (size_t l = 0; l < profile->line_count && l < most; l++)
                write_line(sink, site_metrics[m].name, profile, lines[l],
                           metric_of_line(lines[l], site_metrics[m].metric));
            free(lines);
        }
    }
}

void write_prometheus(struct sink *sink, const struct story *story, const struct view *view)
{
    write_processes(sink, story);
    write_verdicts(sink, story);
    write_lines(sink, story, view);
}
