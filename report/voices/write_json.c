/* SPDX-License-Identifier: MIT */
#include "voices/write_json.h"

#include <jansson.h>
#include <stdlib.h>

#include "judgement/job.h"
#include "judgement/warning.h"
#include "voices/json_parts.h"

/* null without a state in the journal */
static json_t *state_number(const struct profile *profile, uint64_t value)
{
    return profile->has_state ? json_number(value) : json_null();
}

static json_t *milliseconds(uint64_t ns)
{
    return json_integer((json_int_t)(ns / 1000000));
}

static json_t *percent(uint32_t permyriad, bool known)
{
    return known ? json_real(permyriad / 100.0) : json_null();
}

static json_t *process_json(const struct profile *profile)
{
    const struct lw_identity *identity = profile->identity;
    json_t *command = json_array();

    for (size_t i = 0; i < profile->argument_count; i++)
        json_array_append_new(command, json_text(profile->arguments[i]));
    uint64_t ended = profile->ended_ns ? identity->started_realtime_ns + profile->ended_ns : 0;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}}", "pid", json_number(identity->pid), "ppid",
                     json_number(identity->ppid), "command", command, "started_at",
                     json_date(identity->started_realtime_ns), "ended_at", json_date(ended), "exit", "code",
                     profile->exit_code_known ? json_integer(profile->exit_code) : json_null(), "signal",
                     profile->signal ? json_integer(profile->signal) : json_null());
}

static json_t *verdict_json(const struct verdict *verdict)
{
    json_t *evidence = json_array();

    for (size_t i = 0; i < verdict->evidence_count; i++)
        json_array_append_new(evidence, json_text(verdict->evidence[i]));
    return json_pack("{s:s, s:f, s:o, s:s, s:o}", "cause", verdict_cause_name(verdict->cause), "confidence",
                     verdict->confidence, "sentence", json_text(verdict->sentence), "oom_kill",
                     verdict_oom_kill_name(verdict->oom_kill), "evidence", evidence);
}

static json_t *level_json(const struct level *level)
{
    const struct lw_level *record = &level->record;

    return json_pack("{s:s, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", level->kind,
                     "path", json_text(level->path), "own", (record->flags & LW_LEVEL_OWN) != 0, "kills",
                     (record->flags & LW_LEVEL_KILLS) != 0, "bytes", json_number(record->limit_bytes), "used_bytes",
                     json_number(record->used_bytes), "reclaimable_bytes", json_number(record->reclaimable_bytes),
                     "headroom_bytes", json_number(record->headroom_bytes), "high_bytes",
                     json_number(record->high_bytes), "swap_limit_bytes", json_number(record->swap_limit_bytes),
                     "swap_used_bytes", json_number(record->swap_used_bytes), "peak_bytes",
                     json_number(record->peak_bytes), "oom_kills", json_number(record->oom_kills), "oom_kills_start",
                     json_number(record->oom_kills_start));
}

static json_t *limit_json(const struct profile *profile)
{
    const struct level *binding = profile->binding;
    json_t *levels = json_array();

    for (size_t i = 0; i < profile->level_count; i++)
        json_array_append_new(levels, level_json(&profile->levels[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "binding", binding ? json_text(binding->path) : json_null(),
                     "kind", binding ? json_string(binding->kind) : json_null(), "bytes",
                     binding ? json_number(binding->record.limit_bytes) : json_null(), "used_bytes",
                     binding ? json_number(binding->record.used_bytes) : json_null(), "reclaimable_bytes",
                     binding ? json_number(binding->record.reclaimable_bytes) : json_null(), "headroom_bytes",
                     binding ? json_number(profile->state.headroom_bytes) : json_null(), "levels", levels);
}

static json_t *pressure_json(const struct profile *profile)
{
    const struct lw_state *state = &profile->state;
    bool known = profile->has_state && state->some_total_us != LW_UNKNOWN;

    return json_pack("{s:o, s:o, s:o, s:o}", "some_avg10", percent(state->some_avg10_permyriad, known), "full_avg10",
                     percent(state->full_avg10_permyriad, known), "some_total_us",
                     state_number(profile, state->some_total_us), "full_total_us",
                     state_number(profile, state->full_total_us));
}

static json_t *memory_json(const struct profile *profile)
{
    const struct lw_state *state = &profile->state;
    const struct {
        const char *key;
        uint64_t bytes;
    } rows[] = {
        {"rss_bytes", state->rss_bytes},
        {"anon_bytes", state->anon_bytes},
        {"file_bytes", state->file_bytes},
        {"shmem_bytes", state->shmem_bytes},
        {"swap_bytes", state->swap_bytes},
        {"page_tables_bytes", state->page_tables_bytes},
        {"peak_rss_bytes", state->peak_rss_bytes},
        {"committed_bytes", state->committed_bytes},
        {"explained_bytes", state->explained_bytes},
        {"self_bytes", state->self_bytes},
        {"allocator_live_bytes", state->allocator_live_bytes},
        {"allocator_resident_bytes", state->allocator_resident_bytes},
    };
    size_t count = sizeof(rows) / sizeof(rows[0]);
    json_t *memory = json_object();

    if (!state->allocator_resident_bytes) /* an allocator that does not tell */
        count -= 2;
    for (size_t i = 0; i < count; i++)
        json_object_set_new(memory, rows[i].key, state_number(profile, rows[i].bytes));
    return memory;
}

static json_t *site_json(const struct site *site)
{
    const struct lw_site *record = &site->record;
    json_t *touched = json_array();

    for (size_t i = 0; i < site->touch_count; i++)
        json_array_append_new(touched, json_pack("{s:o, s:o}", "bytes", json_number(site->touches[i].bytes), "stack",
                                                 json_stack(&site->touches[i].stack)));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "id", json_number(site->id), "committed_bytes",
                     json_number(record->committed_bytes), "resident_bytes", json_number(record->resident_bytes),
                     "swapped_bytes", json_number(record->swapped_bytes), "peak_resident_bytes",
                     json_number(record->peak_resident_bytes), "live_allocations", json_number(record->live_count),
                     "growth_bytes_per_s", (json_int_t)record->growth_bytes_per_s, "stack", json_stack(&site->stack),
                     "touched_by", touched);
}

static size_t at_most(size_t count, const struct view *view)
{
    return view->sites && view->sites < count ? view->sites : count;
}

static json_t *site_element(const void *sites, size_t i)
{
    return site_json(((const struct site *const *)sites)[i]);
}

static json_t *line_json(const struct line *line)
{
    json_t *object = json_object(), *sites = json_array();

    for (size_t i = 0; i < line->site_count; i++)
        json_array_append_new(sites, json_number(line->sites[i]->id));
    json_add_place(object, line->frame);
    json_object_set_new(object, "resident_bytes", json_number(line->resident_bytes));
    json_object_set_new(object, "committed_bytes", json_number(line->committed_bytes));
    json_object_set_new(object, "growth_bytes_per_s", json_integer(line->growth_bytes_per_s));
    json_object_set_new(object, "sites", sites);
    return object;
}

static json_t *lines_json(const struct profile *profile, const struct view *view)
{
    const struct line **lines = metric_lines(profile, view->by);
    json_t *array = json_array();

    for (size_t i = 0; i < at_most(profile->line_count, view); i++)
        json_array_append_new(array, line_json(lines[i]));
    free(lines);
    return array;
}

static json_t *other_json(const struct profile *profile)
{
    json_t *array = json_array();

    for (size_t i = 0; i < profile->other_count; i++)
        json_array_append_new(array, json_pack("{s:s, s:o}", "kind", profile->others[i].key, "resident_bytes",
                                               json_number(profile->others[i].resident_bytes)));
    return array;
}

static json_t *thread_element(const void *profile, size_t i)
{
    const struct thread *thread = &((const struct profile *)profile)->threads[i];

    return json_pack("{s:o, s:o, s:o}", "tid", json_number(thread->tid), "name", json_text(thread->name), "stack",
                     json_stack(&thread->stack));
}

static json_t *tick_element(const void *profile, size_t i)
{
    const struct lw_tick *tick = &((const struct profile *)profile)->ticks[i];
    bool pressure = tick->some_total_us != LW_UNKNOWN;

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "t_ms", milliseconds(tick->t_ns),
                     "headroom_bytes", json_number(tick->headroom_bytes), "current_bytes",
                     json_number(tick->current_bytes), "reclaimable_bytes", json_number(tick->reclaimable_bytes),
                     "rss_bytes", json_number(tick->rss_bytes), "committed_bytes", json_number(tick->committed_bytes),
                     "some_avg10", percent(tick->some_avg10_permyriad, pressure), "full_avg10",
                     percent(tick->full_avg10_permyriad, pressure), "stage", profile_stage_name(tick->stage));
}

static void add_event(void *array, uint64_t t_ns, const char *kind, const char *said)
{
    json_array_append_new(
        array, json_pack("{s:o, s:s, s:o}", "t_ms", milliseconds(t_ns), "kind", kind, "text", json_text(said)));
}

static json_t *events_json(const struct profile *profile)
{
    json_t *array = json_array();

    warning_events(profile, add_event, array);
    return array;
}

static json_t *neighbours_json(const struct profile *profile)
{
    json_t *array = json_array();

    for (size_t i = 0; i < profile->neighbour_count; i++) {
        const struct lw_neighbour *record = &profile->neighbours[i].record;
        json_array_append_new(
            array, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b}", "pid", json_number(record->pid), "ppid",
                             json_number(record->ppid), "name", json_text(profile->neighbours[i].name),
                             "resident_bytes", json_number(record->rss_bytes), "first_resident_bytes",
                             json_number(record->first_rss_bytes), "peak_resident_bytes",
                             json_number(record->peak_rss_bytes), "child", (record->flags & LW_NEIGHBOUR_CHILD) != 0,
                             "gone", record->gone_ns != 0, "killed", (record->flags & LW_NEIGHBOUR_KILLED) != 0));
    }
    return array;
}

static json_t *advice_json(const struct story *story)
{
    json_t *array = json_array();

    for (size_t i = 0; i < story->advice_count; i++)
        json_array_append_new(array, json_pack("{s:s, s:o}", "kind",
                                               story->advices[i].kind == ADVICE_QUICK ? "quick" : "proper", "text",
                                               json_text(story->advices[i].text)));
    return array;
}

static json_t *capabilities_json(const struct profile *profile)
{
    json_t *object = json_object();

    for (size_t i = 0; i < profile->capability_count; i++) {
        const struct capability *capability = &profile->capabilities[i];
        json_object_set_new(
            object, capability->name,
            json_pack("{s:b, s:o}", "available", (int)capability->available, "why", json_text(capability->why)));
    }
    return object;
}

static json_t *job_process_json(const struct job_process *process)
{
    const struct profile *profile = process->profile;
    bool ticks = profile->tick_count > 0, grew = process->grew_bytes > 0;

    return json_pack(
        "{s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:s}", "pid",
        json_number(profile->identity->pid), "ppid", json_number(profile->identity->ppid), "command",
        json_text(profile->command), "journal", json_text(profile->name), "present", (int)process->present,
        "resident_bytes", json_number(process->resident_bytes), "own_bytes", json_number(process->own_bytes),
        "inherited_bytes", json_number(process->inherited_bytes), "peak_resident_bytes",
        json_number(process->peak_bytes), "peak_t_ms", ticks ? milliseconds(process->peak_ns) : json_null(),
        "grew_bytes", json_number(process->grew_bytes), "grew_from_t_ms",
        grew ? milliseconds(process->grew_from_ns) : json_null(), "grew_to_t_ms",
        grew ? milliseconds(process->grew_to_ns) : json_null(), "end", json_text(process->end), "cause",
        verdict_cause_name(process->verdict.cause), "oom_kill", verdict_oom_kill_name(process->verdict.oom_kill));
}

static json_t *job_line_json(const struct job_line *line)
{
    json_t *object = json_object();

    json_add_place(object, line->frame);
    json_object_set_new(object, "resident_bytes", json_number(line->resident_bytes));
    json_object_set_new(object, "committed_bytes", json_number(line->committed_bytes));
    json_object_set_new(object, "processes", json_number(line->processes));
    return object;
}

static json_t *job_json(const struct story *story, const struct view *view)
{
    json_t *processes = json_array(), *lines = json_array();
    struct job job;

    job_make(&job, story);
    for (size_t i = 0; i < job.count; i++)
        json_array_append_new(processes, job_process_json(&job.processes[i]));
    for (size_t i = 0; i < at_most(job.line_count, view); i++)
        json_array_append_new(lines, job_line_json(&job.lines[i]));
    json_t *made =
        json_pack("{s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o, s:o, s:o}}", "started_at", json_date(job.started_realtime_ns),
                  "processes", processes, "lines", lines, "total", "resident_bytes", json_number(job.resident_bytes),
                  "own_bytes", json_number(job.own_bytes), "shared_bytes", json_number(job.shared_bytes), "file_bytes",
                  json_number(job.file_bytes), "swapped_bytes", json_number(job.swapped_bytes), "inherited_bytes",
                  json_number(job.inherited_bytes));
    job_free(&job);
    return made;
}

void write_json(struct sink *sink, const struct story *story)
{
    write_json_view(sink, story, &(struct view){.by = METRIC_RESIDENT});
}

/* ---- the whole, member by member: that of a large journal has millions of frames, which nobody wants in memory ----
 */

struct members {
    struct sink *sink;
    bool any;
};

static void dump(struct sink *sink, json_t *value)
{
    json_dumpf(value, sink->file, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(10) | JSON_ENCODE_ANY);
    json_decref(value);
}

static void name(struct members *members, const char *key)
{
    sink_printf(members->sink, "%s  \"%s\": ", members->any ? ",\n" : "", key);
    members->any = true;
}

static void member(struct members *members, const char *key, json_t *value)
{
    name(members, key);
    dump(members->sink, value);
}

static void list(struct members *members, const char *key, size_t count,
                 json_t *(*element)(const void *context, size_t i), const void *context)
{
    name(members, key);
    sink_printf(members->sink, "[");
    for (size_t i = 0; i < count; i++) {
        sink_printf(members->sink, "%s\n    ", i > 0 ? "," : "");
        dump(members->sink, element(context, i));
    }
    sink_printf(members->sink, count > 0 ? "\n  ]" : "]");
}

void write_json_view(struct sink *sink, const struct story *story, const struct view *view)
{
    const struct profile *profile = story->profile;
    const struct site **sites = metric_sites(profile, view->by);
    struct members members = {.sink = sink};

    sink_printf(sink, "{\n");
    member(&members, "schema", json_string("lastwords/1"));
    member(&members, "process", process_json(profile));
    member(&members, "verdict", verdict_json(&story->verdict));
    member(&members, "limit", limit_json(profile));
    member(&members, "pressure", pressure_json(profile));
    member(&members, "memory", memory_json(profile));
    list(&members, "sites", at_most(profile->site_count, view), site_element, sites);
    member(&members, "lines", lines_json(profile, view));
    member(&members, "other", other_json(profile));
    list(&members, "threads", profile->thread_count, thread_element, profile);
    member(&members, "moment_ms",
           profile->of_moment ? json_integer((json_int_t)(profile->moment_ns / 1000000)) : json_null());
    list(&members, "timeline", profile->tick_count, tick_element, profile);
    member(&members, "events", events_json(profile));
    member(&members, "neighbours", neighbours_json(profile));
    member(&members, "advice", advice_json(story));
    member(&members, "capabilities", capabilities_json(profile));
    if (story->other_count > 0)
        member(&members, "job", job_json(story, view));
    sink_printf(sink, "\n}\n");
    free(sites);
}
