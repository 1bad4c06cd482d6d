/* SPDX-License-Identifier: MIT */
/* The data of the page: columns instead of objects, differences instead of values, tables instead of repetition. */
#include "voices/write_html.h"

#include <string.h>
#include <time.h>

#include "judgement/warning.h"
#include "voices/html_timeline.h"
#include "voices/json_parts.h"
#include "voices/web_tables.h"

#define MAX_ROWS 20000u /* sites, lines: the largest; the others are summed up */

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static json_t *text(const char *value)
{
    char clean[4096];

    sink_printable(value, strlen(value), clean, sizeof(clean));
    return json_string(clean);
}

static json_t *milliseconds(uint64_t ns)
{
    return ns == 0 ? json_null() : json_real((double)(ns / 1000) / 1000.0);
}

static void add(json_t *array, json_t *item)
{
    json_array_append_new(array, item);
}

/* ---- the process ---- */

static json_t *date(uint64_t realtime_ns)
{
    time_t when = (time_t)(realtime_ns / 1000000000);
    struct tm parts;
    char out[64];

    if (realtime_ns == 0 || !gmtime_r(&when, &parts))
        return json_null();
    strftime(out, sizeof(out), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(out);
}

static json_t *process_json(const struct profile *profile)
{
    const struct lw_identity *identity = profile->identity;
    const struct {
        const char *key;
        const char *value;
        size_t size;
    } texts[] = {
        {"host", identity->host, sizeof(identity->host)},
        {"kernel", identity->kernel, sizeof(identity->kernel)},
        {"python", identity->python_version, sizeof(identity->python_version)},
        {"options", identity->options, sizeof(identity->options)},
        {"shim", identity->shim_version, sizeof(identity->shim_version)},
    };
    json_t *process =
        json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "pid", (json_int_t)identity->pid, "ppid",
                  (json_int_t)identity->ppid, "cpus", (json_int_t)identity->cpus, "command", text(profile->command),
                  "executable", text(profile->executable), "directory", text(profile->directory), "journal",
                  text(profile->name), "started", date(identity->started_realtime_ns));

    for (size_t i = 0; i < COUNT(texts); i++) {
        char copy[600];
        snprintf(copy, sizeof(copy), "%.*s", (int)texts[i].size, texts[i].value);
        json_object_set_new(process, texts[i].key, text(copy));
    }
    return process;
}

static json_t *verdict_json(const struct verdict *verdict)
{
    json_t *evidence = json_array();

    for (size_t i = 0; i < verdict->evidence_count; i++)
        add(evidence, text(verdict->evidence[i]));
    return json_pack("{s:s, s:f, s:s, s:o}", "cause", verdict_cause_name(verdict->cause), "confidence",
                     verdict->confidence, "oom_kill", verdict_oom_kill_name(verdict->oom_kill), "evidence", evidence);
}

static json_t *state_json(const struct profile *profile)
{
    const struct lw_state *state = &profile->state;
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {
        {"rss", state->rss_bytes},
        {"peak_rss", state->peak_rss_bytes},
        {"anon", state->anon_bytes},
        {"file", state->file_bytes},
        {"shmem", state->shmem_bytes},
        {"swap", state->swap_bytes},
        {"page_tables", state->page_tables_bytes},
        {"committed", state->committed_bytes},
        {"scan_anon", state->scanned_ns ? state->scan_anon_bytes : LW_UNKNOWN},
        {"sites_resident", state->scanned_ns ? state->sites_resident_bytes : LW_UNKNOWN},
        {"explained", state->scanned_ns ? state->explained_bytes : LW_UNKNOWN},
        {"self", state->self_bytes},
        {"major_faults", state->major_faults},
        {"minor_faults", state->minor_faults},
        {"sample_interval", state->sample_interval_bytes},
        {"samples", state->samples_taken},
        {"samples_dropped", state->samples_dropped},
        {"threads", state->threads},
    };
    json_t *object = json_object();

    if (!profile->has_state) {
        json_decref(object);
        return json_null();
    }
    for (size_t i = 0; i < COUNT(rows); i++)
        json_object_set_new(object, rows[i].key, json_number(rows[i].value));
    json_object_set_new(object, "margin_bytes", json_number(state->margin_bytes));
    json_object_set_new(object, "warn_bytes", json_number(state->warn_bytes));
    return object;
}

/* Moments that are marked on the timeline, in milliseconds; null: did not come. */
static json_t *moments_json(const struct profile *profile)
{
    const struct lw_state *state = &profile->state;

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "activated", milliseconds(profile->identity->activated_ns),
                     "warn", milliseconds(state->warn_ns), "margin", milliseconds(state->margin_ns), "complete",
                     milliseconds(state->complete_ns), "action", milliseconds(state->action_ns), "recovered",
                     milliseconds(state->recovered_ns), "ended", milliseconds(profile->ended_ns));
}

static json_t *levels_json(const struct profile *profile)
{
    json_t *array = json_array();

    for (size_t i = 0; i < profile->level_count; i++) {
        const struct level *level = &profile->levels[i];
        const struct lw_level *record = &level->record;
        add(array, json_pack("{s:o, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "path",
                             text(level->path), "kind", level->kind, "own", (record->flags & LW_LEVEL_OWN) != 0,
                             "binding", level == profile->binding, "limit", json_number(record->limit_bytes), "used",
                             json_number(record->used_bytes), "reclaimable", json_number(record->reclaimable_bytes),
                             "headroom", json_number(record->headroom_bytes), "high", json_number(record->high_bytes),
                             "peak", json_number(record->peak_bytes), "anon", json_number(record->anon_bytes), "file",
                             json_number(record->file_bytes), "shmem", json_number(record->shmem_bytes), "kernel",
                             json_number(record->kernel_bytes), "oom_kills", json_number(record->oom_kills)));
    }
    return array;
}

static json_t *others_json(const struct profile *profile)
{
    json_t *array = json_array();

    for (size_t i = 0; i < profile->other_count; i++)
        add(array, json_pack("[s, s, o, o]", profile->others[i].key, profile->others[i].text,
                             text(profile->others[i].name), json_number(profile->others[i].resident_bytes)));
    return array;
}

static json_t *inputs_json(const struct profile *profile)
{
    json_t *array = json_array();

    for (size_t i = 0; i < profile->input_count; i++)
        add(array, json_pack("[o, o, o]", text(profile->inputs[i].path), json_number(profile->inputs[i].size_bytes),
                             json_number(profile->inputs[i].offset_bytes)));
    return array;
}

static void add_event(void *array, uint64_t t_ns, const char *kind, const char *said)
{
    add(array, json_pack("[f, s, o]", (double)(t_ns / 1000) / 1000.0, kind, text(said)));
}

static json_t *events_json(const struct profile *profile)
{
    json_t *array = json_array();

    warning_events(profile, add_event, array);
    return array;
}

static json_t *capabilities_json(const struct profile *profile)
{
    json_t *array = json_array();

    for (size_t i = 0; i < profile->capability_count; i++)
        add(array, json_pack("[o, b, o]", text(profile->capabilities[i].name), (int)profile->capabilities[i].available,
                             text(profile->capabilities[i].why)));
    return array;
}

static json_t *notes_json(const struct profile *profile)
{
    json_t *array = json_array();

    for (size_t i = 0; i < profile->note_count; i++)
        add(array, text(profile->notes[i]));
    return array;
}

/* ---- stacks, sites, lines ---- */

/* Frames from the innermost to the responsible one; -1: none. */
static json_int_t user_depth(const struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++)
        if (stack->frames[i] == stack->user)
            return (json_int_t)i;
    return -1;
}

static json_t *threads_json(const struct profile *profile, struct web_tables *tables)
{
    static const char *const why[] = {
        [LW_THREAD_EMPTY] = "",
        [LW_THREAD_ASKED] = "no stack: it did not answer in time",
        [LW_THREAD_READY] = "",
        [LW_THREAD_SKIPPED] = "no stack: asleep in a system call, left alone",
    };
    json_t *array = json_array();

    for (size_t i = 0; i < profile->thread_count; i++) {
        const struct thread *thread = &profile->threads[i];
        uint32_t node = web_stack(tables, &thread->stack);
        add(array,
            json_pack("[I, o, s#, s, I, I]", (json_int_t)thread->tid, text(thread->name), &thread->run_state, 1,
                      why[thread->ready], (json_int_t)(node == WEB_NO_ROOM ? 0 : node), user_depth(&thread->stack)));
    }
    return array;
}

static void add_touches(json_t *touches, const struct site *site, size_t row, struct web_tables *tables)
{
    for (size_t i = 0; i < site->touch_count; i++) {
        uint32_t node = web_stack(tables, &site->touches[i].stack);
        if (node != WEB_NO_ROOM)
            add(touches, json_pack("[I, I, o, I]", (json_int_t)row, (json_int_t)node,
                                   json_number(site->touches[i].bytes), user_depth(&site->touches[i].stack)));
    }
}

static json_t *rest_json(const struct profile *profile, size_t from)
{
    uint64_t resident = 0, committed = 0;

    for (size_t i = from; i < profile->site_count; i++) {
        resident += known_bytes(profile->sites[i].record.resident_bytes);
        committed += known_bytes(profile->sites[i].record.committed_bytes);
    }
    return json_pack("{s:I, s:o, s:o}", "count", (json_int_t)(profile->site_count - from), "resident",
                     json_number(resident), "committed", json_number(committed));
}

/* The row of each site, and of its line, by their places in the profile. */
static json_t *sites_json(const struct profile *profile, struct web_tables *tables)
{
    enum { ID, NODE, USER, KIND, RESIDENT, COMMITTED, SWAPPED, PEAK, LIVE, GROWTH, COLUMNS };
    static const char *const keys[] = {"id",        "node",    "user", "kind", "resident",
                                       "committed", "swapped", "peak", "live", "growth"};
    size_t count = profile->site_count < MAX_ROWS ? profile->site_count : MAX_ROWS;
    json_t *columns[COLUMNS], *touches = json_array(), *sites = json_object();

    for (size_t c = 0; c < COLUMNS; c++)
        json_object_set_new(sites, keys[c], columns[c] = json_array());
    for (size_t i = 0; i < count; i++) {
        const struct site *site = &profile->sites[i];
        const struct lw_site *record = &site->record;
        uint32_t node = web_stack(tables, &site->stack);
        add(columns[ID], json_number(site->id));
        add(columns[NODE], json_integer(node == WEB_NO_ROOM ? 0 : node));
        add(columns[USER], json_integer(user_depth(&site->stack)));
        add(columns[KIND], json_number(record->kind));
        add(columns[RESIDENT], json_number(record->resident_bytes));
        add(columns[COMMITTED], json_number(record->committed_bytes));
        add(columns[SWAPPED], json_number(record->swapped_bytes));
        add(columns[PEAK], json_number(record->peak_resident_bytes));
        add(columns[LIVE], json_number(record->live_count));
        add(columns[GROWTH], json_integer(record->growth_bytes_per_s));
        add_touches(touches, site, i, tables);
    }
    json_object_set_new(sites, "touches", touches);
    json_object_set_new(sites, "rest", rest_json(profile, count));
    return sites;
}

static json_t *lines_json(const struct profile *profile, struct web_tables *tables)
{
    enum { FRAME, SITE, SITES, RESIDENT, COMMITTED, PEAK, LIVE, GROWTH, COLUMNS };
    static const char *const keys[] = {"frame", "site", "sites", "resident", "committed", "peak", "live", "growth"};
    size_t count = profile->line_count < MAX_ROWS ? profile->line_count : MAX_ROWS;
    json_t *columns[COLUMNS], *lines = json_object();

    for (size_t c = 0; c < COLUMNS; c++)
        json_object_set_new(lines, keys[c], columns[c] = json_array());
    for (size_t i = 0; i < count; i++) {
        const struct line *line = &profile->lines[i];
        json_t *sites = json_array();
        for (size_t s = 0; s < line->site_count; s++)
            if (line->sites[s] - profile->sites < (ptrdiff_t)MAX_ROWS)
                add(sites, json_integer(line->sites[s] - profile->sites));
        add(columns[FRAME], json_integer(line->frame ? (json_int_t)web_frame(tables, line->frame) : -1));
        add(columns[SITE], json_integer(json_integer_value(json_array_get(sites, 0))));
        add(columns[SITES], sites);
        add(columns[RESIDENT], json_number(line->resident_bytes));
        add(columns[COMMITTED], json_number(line->committed_bytes));
        add(columns[PEAK], json_number(line->peak_resident_bytes));
        add(columns[LIVE], json_number(line->live_count));
        add(columns[GROWTH], json_integer(line->growth_bytes_per_s));
    }
    return lines;
}

json_t *html_data(const struct story *story)
{
    const struct profile *profile = story->profile;
    struct web_tables *tables = web_tables_new();
    json_t *root = json_object();

    json_object_set_new(root, "tool", json_string(LASTWORDS_VERSION));
    json_object_set_new(root, "process", process_json(profile));
    json_object_set_new(root, "verdict", verdict_json(&story->verdict));
    json_object_set_new(root, "memory", state_json(profile));
    json_object_set_new(root, "moments", moments_json(profile));
    json_object_set_new(root, "levels", levels_json(profile));
    json_object_set_new(root, "others", others_json(profile));
    json_object_set_new(root, "inputs", inputs_json(profile));
    json_object_set_new(root, "events", events_json(profile));
    json_object_set_new(root, "capabilities", capabilities_json(profile));
    json_object_set_new(root, "notes", notes_json(profile));
    json_object_set_new(root, "ticks", html_timeline(profile));
    json_object_set_new(root, "sites", sites_json(profile, tables));
    json_object_set_new(root, "lines", lines_json(profile, tables));
    json_object_set_new(root, "threads", threads_json(profile, tables));
    web_tables_json(tables, root);
    web_tables_free(tables);
    return root;
}
