/* SPDX-License-Identifier: MIT */
#include "profile/profile.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "profile/frame_names.h"
#include "profile/frames.h"
#include "profile/lines.h"
#include "profile/profile_parts.h"
#include "sources/journal_records.h"
#include "sources/sizes.h"

static const char *const stage_names[] = {"calm", "warn", "relief", "margin", "action"};
static const char *const action_names[] = {"report", "abort", "refuse", "park", "signal"};

static const char *const event_kinds[] = {
    [LW_EVENT_ACTIVATED] = "activated", [LW_EVENT_STAGE] = "stage",       [LW_EVENT_LIMIT] = "limit",
    [LW_EVENT_REFUSED] = "refused",     [LW_EVENT_RELIEF] = "relief",     [LW_EVENT_ACTION] = "action",
    [LW_EVENT_RECOVERED] = "recovered", [LW_EVENT_FORK] = "fork",         [LW_EVENT_OOM_KILL] = "oom_kill",
    [LW_EVENT_DEGRADED] = "degraded",   [LW_EVENT_COMPLETE] = "complete", [LW_EVENT_SIGNAL] = "signal",
};

const char *profile_stage_name(uint32_t stage)
{
    return stage < PROFILE_COUNT(stage_names) ? stage_names[stage] : "unknown";
}

const char *profile_action_name(uint32_t action)
{
    return action < PROFILE_COUNT(action_names) ? action_names[action] : "unknown";
}

uint64_t level_pressing_bytes(const struct lw_level *level)
{
    if (level->used_bytes == LW_UNKNOWN)
        return 0;
    uint64_t reclaimable = known_bytes(level->reclaimable_bytes);
    return level->used_bytes > reclaimable ? level->used_bytes - reclaimable : 0;
}

uint64_t known_bytes(uint64_t bytes)
{
    return bytes == LW_UNKNOWN ? 0 : bytes;
}

uint64_t profile_resident_bytes(const struct profile *profile)
{
    uint64_t rss = known_bytes(profile->state.rss_bytes);

    return rss ? rss : known_bytes(profile->state.anon_bytes);
}

uint64_t profile_ended_realtime_ns(const struct profile *profile)
{
    return saturating_sum(profile->identity->started_realtime_ns,
                          profile->ended_ns ? profile->ended_ns : profile->last_ns);
}

const char *profile_fixed_text(struct profile *profile, const char *text, size_t size)
{
    return arena_text(&profile->arena, text, strnlen(text, size));
}

const char *profile_string_text(struct profile *profile, uint32_t offset)
{
    size_t length;
    const char *raw = journal_string(profile->journal, offset, &length);

    return arena_text(&profile->arena, raw, length < 4096 ? length : 4096);
}

uint64_t profile_count_of(const struct profile *profile, enum lw_section_kind kind, uint64_t most)
{
    uint64_t count = journal_count(profile->journal, kind);

    return count < most ? count : most;
}

static void read_command(struct profile *profile)
{
    const struct lw_identity *identity = profile->identity;
    size_t count = 0, joined = 0;
    char text[sizeof(identity->command)];

    profile->arguments = arena_new(&profile->arena, identity->command_bytes + 1, sizeof(char *));
    for (size_t i = 0; i < identity->command_bytes;) {
        size_t length = strnlen(identity->command + i, identity->command_bytes - i);
        profile->arguments[count] = arena_text(&profile->arena, identity->command + i, length);
        for (size_t c = 0; c <= length && joined < sizeof(text); c++) {
            char letter = c < length ? identity->command[i + c] : ' ';
            text[joined++] = letter == '\n' || letter == '\t' ? ' ' : letter;
        }
        count++;
        i += length + 1;
    }
    profile->argument_count = count;
    joined -= joined > 0 && text[joined - 1] == ' ';
    profile->command = joined > 0 ? arena_text(&profile->arena, text, joined) : profile->program;
}

static void read_identity(struct profile *profile)
{
    const struct lw_identity *identity = journal_identity(profile->journal);

    profile->identity = identity;
    profile->name = profile_fixed_text(profile, journal_name(profile->journal), 4096);
    profile->program = profile_fixed_text(profile, identity->program, sizeof(identity->program));
    profile->executable = profile_fixed_text(profile, identity->executable, sizeof(identity->executable));
    profile->directory = profile_fixed_text(profile, identity->directory, sizeof(identity->directory));
    read_command(profile);
}

/* What the launcher saw, where the journal itself does not say more. */
static void take_outcome(struct profile *profile)
{
    const struct lw_outcome *outcome = &profile->outcome;
    uint64_t ended = outcome->ended_realtime_ns, started = profile->identity->started_realtime_ns;

    profile->signal = outcome->signal > 0 ? outcome->signal : 0;
    if (profile->ended_ns == 0 && ended > started)
        profile->ended_ns = ended - started;
    if (profile->signal == 0 && outcome->exit_code < 0) /* a descendant: nobody waited for it */
        return;
    if (profile->end == PROFILE_GONE)
        profile->end = profile->signal > 0 ? PROFILE_SIGNALLED : PROFILE_EXITED;
    profile->exit_code_known = profile->signal == 0;
    profile->exit_code = outcome->exit_code;
}

static void read_end(struct profile *profile, enum journal_process process)
{
    const struct lw_header *header = journal_header(profile->journal);
    static const enum profile_end by_life[] = {
        [LW_LIFE_STARTING] = PROFILE_GONE, [LW_LIFE_LIVE] = PROFILE_GONE,        [LW_LIFE_EXITED] = PROFILE_EXITED,
        [LW_LIFE_EXECED] = PROFILE_EXECED, [LW_LIFE_ENDED] = PROFILE_CONTROLLED,
    };

    profile->end = header->life < PROFILE_COUNT(by_life) ? by_life[header->life] : PROFILE_GONE;
    profile->ended_ns = header->ended_ns;
    profile->exit_code_known = profile->end == PROFILE_EXITED || profile->end == PROFILE_CONTROLLED;
    profile->exit_code = profile->exit_code_known ? header->exit_code : 0;
    if (profile->end == PROFILE_CONTROLLED && header->exit_code < 0) { /* the library's abort */
        profile->exit_code_known = false;
        profile->exit_code = 0;
        profile->signal = SIGABRT;
    }
    profile->has_outcome = journal_outcome(profile->journal, &profile->outcome);
    profile->outcome_source = profile_fixed_text(profile, profile->outcome.source, sizeof(profile->outcome.source));
    if (profile->has_outcome) {
        take_outcome(profile);
    } else if (profile->end == PROFILE_GONE) {
        profile->other_machine = process == JOURNAL_PROCESS_UNKNOWN;
        if (process == JOURNAL_PROCESS_THERE)
            profile->end = PROFILE_LIVE;
    }
}

static void read_events(struct profile *profile)
{
    uint64_t count = profile_count_of(profile, LW_SECTION_EVENTS, 65536);
    struct lw_event record;

    profile->events = arena_new(&profile->arena, count, sizeof(*profile->events));
    for (uint64_t i = 0; i < count; i++) {
        journal_get(profile->journal, LW_SECTION_EVENTS, i, &record, sizeof(record));
        bool known = record.kind > 0 && record.kind < PROFILE_COUNT(event_kinds);
        profile->events[profile->event_count++] = (struct event){
            .t_ns = record.t_ns,
            .kind = known ? event_kinds[record.kind] : "unknown",
            .text = profile_fixed_text(profile, record.text, sizeof(record.text)),
            .a = record.a,
            .site = record.site,
        };
    }
}

/* A stack that was taken in a signal handler begins with the library's own frames and the frame of the signal. */
static void drop_own_frames(struct stack *stack)
{
    size_t own = 0;

    for (size_t i = 0; i < stack->count && i < 24; i++)
        if (strstr(stack->frames[i]->module, "/liblastwords.so"))
            own = i + 1;
    bool signal = own > 0 && own < stack->count && strstr(stack->frames[own]->module, "/libc.so") &&
                  (!stack->frames[own]->function[0] || strstr(stack->frames[own]->function, "restore_rt"));
    own += signal;
    stack->frames += own;
    stack->count -= own;
}

static void read_threads(struct profile *profile, struct frames *frames)
{
    uint64_t count = profile_count_of(profile, LW_SECTION_THREADS, 65536);
    struct lw_thread record;

    profile->threads = arena_new(&profile->arena, count, sizeof(*profile->threads));
    for (uint64_t i = 0; i < count; i++) {
        struct thread *thread = &profile->threads[profile->thread_count];
        journal_get(profile->journal, LW_SECTION_THREADS, i, &record, sizeof(record));
        if (record.ready == LW_THREAD_EMPTY || record.ready > LW_THREAD_SKIPPED)
            continue;
        size_t frame_count = record.frame_count < LW_THREAD_FRAMES ? record.frame_count : LW_THREAD_FRAMES;
        thread->tid = record.tid;
        thread->ready = record.ready;
        thread->run_state = record.run_state >= 'A' && record.run_state <= 'z' ? record.run_state : '?';
        thread->name = profile_fixed_text(profile, record.name, sizeof(record.name));
        frames_stack_of_words(frames, record.frames, record.ready == LW_THREAD_READY ? frame_count : 0, &thread->stack);
        drop_own_frames(&thread->stack);
        profile->thread_count++;
    }
}

/* Its place: what could not be had at first may have come later, under the same name. */
static struct capability *capability_slot(struct profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->capability_count; i++)
        if (strcmp(profile->capabilities[i].name, name) == 0)
            return &profile->capabilities[i];
    return &profile->capabilities[profile->capability_count++];
}

static void read_capabilities(struct profile *profile)
{
    uint64_t count = profile_count_of(profile, LW_SECTION_CAPABILITIES, 4096);
    struct lw_capability record;

    profile->capabilities = arena_new(&profile->arena, count, sizeof(*profile->capabilities));
    for (uint64_t i = 0; i < count; i++) {
        journal_get(profile->journal, LW_SECTION_CAPABILITIES, i, &record, sizeof(record));
        const char *name = profile_string_text(profile, record.name);
        *capability_slot(profile, name) = (struct capability){
            .name = name,
            .available = record.available == 1,
            .why = profile_string_text(profile, record.why),
        };
    }
}

static int input_compare(const void *a, const void *b)
{
    const struct input *left = a, *right = b;

    if (left->size_bytes != right->size_bytes)
        return left->size_bytes > right->size_bytes ? -1 : 1;
    return strcmp(left->path, right->path);
}

static void read_inputs(struct profile *profile)
{
    uint64_t count = profile_count_of(profile, LW_SECTION_INPUTS, 4096);
    struct lw_input record;

    profile->inputs = arena_new(&profile->arena, count, sizeof(*profile->inputs));
    for (uint64_t i = 0; i < count; i++) {
        journal_get(profile->journal, LW_SECTION_INPUTS, i, &record, sizeof(record));
        const char *path = profile_string_text(profile, record.path);
        profile->inputs[profile->input_count++] = (struct input){
            .path = path,
            .short_path = frames_short_file(path, profile->directory),
            .size_bytes = record.size_bytes,
            .offset_bytes = record.offset_bytes,
        };
    }
    qsort(profile->inputs, profile->input_count, sizeof(*profile->inputs), input_compare);
}

static int neighbour_compare(const void *a, const void *b)
{
    const struct neighbour *left = a, *right = b;

    if (left->grown_bytes != right->grown_bytes)
        return left->grown_bytes > right->grown_bytes ? -1 : 1;
    if (left->held_bytes != right->held_bytes)
        return left->held_bytes > right->held_bytes ? -1 : 1;
    return left->record.pid < right->record.pid ? -1 : left->record.pid > right->record.pid;
}

static void read_neighbours(struct profile *profile)
{
    struct lw_neighbour records[LW_MAX_NEIGHBOURS];
    uint32_t count = journal_neighbours(profile->journal, records);

    profile->neighbours = arena_new(&profile->arena, count, sizeof(*profile->neighbours));
    for (uint32_t i = 0; i < count; i++) {
        struct neighbour *neighbour = &profile->neighbours[profile->neighbour_count++];
        const struct lw_neighbour *record = &records[i];
        uint64_t held = known_bytes(record->gone_ns ? record->peak_rss_bytes : record->rss_bytes);
        uint64_t first = known_bytes(record->first_rss_bytes);
        *neighbour = (struct neighbour){
            .record = *record,
            .name = profile_fixed_text(profile, record->name, sizeof(record->name)),
            .held_bytes = held,
            .grown_bytes = held > first ? held - first : 0,
        };
    }
    qsort(profile->neighbours, profile->neighbour_count, sizeof(*profile->neighbours), neighbour_compare);
}

static void read_times(struct profile *profile)
{
    struct lw_tick *ticks;
    size_t count = journal_ticks(profile->journal, &ticks);

    profile->ticks = arena_new(&profile->arena, count, sizeof(*ticks));
    memcpy(profile->ticks, ticks, count * sizeof(*ticks));
    profile->tick_count = count;
    free(ticks);
    profile->last_ns = profile->state.written_ns;
    if (count > 0 && profile->ticks[count - 1].t_ns > profile->last_ns)
        profile->last_ns = profile->ticks[count - 1].t_ns;
}

static void read_notes(struct profile *profile)
{
    size_t count = journal_note_count(profile->journal);

    profile->notes = arena_new(&profile->arena, count + 1, sizeof(char *));
    for (size_t i = 0; i < count; i++)
        profile->notes[profile->note_count++] = profile_fixed_text(profile, journal_note(profile->journal, i), 160);
    if (!profile->has_state)
        profile->notes[profile->note_count++] = "no whole state is in the journal: limits and memory are unknown";
}

struct profile *profile_new(struct journal *journal, enum journal_process process, bool symbols)
{
    struct profile *profile = array_resize(NULL, 1, sizeof(*profile));

    memset(profile, 0, sizeof(*profile));
    profile->journal = journal;
    read_identity(profile);
    read_end(profile, process);
    profile_read_state(profile);
    struct frames *frames = frames_new(journal, &profile->arena, symbols);
    read_events(profile);
    profile_read_sites(profile, frames);
    profile_read_touches(profile, frames);
    read_threads(profile, frames);
    frames_free(frames);
    lines_roll_up(profile);
    read_capabilities(profile);
    read_inputs(profile);
    read_times(profile);
    read_neighbours(profile);
    read_notes(profile);
    return profile;
}

void profile_free(struct profile *profile)
{
    if (!profile)
        return;
    arena_free(&profile->arena);
    journal_close(profile->journal);
    free(profile);
}
