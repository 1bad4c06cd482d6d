/* SPDX-License-Identifier: MIT */
#include "profile/profile_parts.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sources/journal_records.h"

static const char *const level_kinds[] = {
    [LW_LEVEL_CGROUP_V1] = "cgroup_v1",
    [LW_LEVEL_CGROUP_V2] = "cgroup_v2",
    [LW_LEVEL_HOST] = "host",
    [LW_LEVEL_USER] = "user",
    [LW_LEVEL_COMMIT] = "commit",
    [LW_LEVEL_RLIMIT_AS] = "rlimit_as",
    [LW_LEVEL_RLIMIT_DATA] = "rlimit_data",
};

static const struct {
    const char *key;
    const char *text;
} other_kinds[] = {
    [LW_OTHER_INTERPRETER] = {"interpreter", "interpreter and libraries"},
    [LW_OTHER_BEFORE] = {"before", "older than the records"},
    [LW_OTHER_STACKS] = {"stacks", "stacks"},
    [LW_OTHER_SLACK] = {"slack", "allocator slack"},
    [LW_OTHER_UNTRACKED] = {"untracked", "untracked mappings"},
    [LW_OTHER_PAGE_TABLES] = {"page_tables", "page tables"},
    [LW_OTHER_SELF] = {"self", "lastwords itself"},
    [LW_OTHER_SMALL_OBJECTS] = {"small_objects", "small objects"},
};

static void read_level(struct profile *profile, const struct lw_level *record)
{
    struct level *level = &profile->levels[profile->level_count++];
    bool cgroup = record->kind == LW_LEVEL_CGROUP_V1 || record->kind == LW_LEVEL_CGROUP_V2;

    level->record = *record;
    level->path = profile_fixed_text(profile, record->path, sizeof(record->path));
    level->kind = record->kind > 0 && record->kind < PROFILE_COUNT(level_kinds) ? level_kinds[record->kind] : "unknown";
    if (!level->path[0])
        level->path = cgroup ? "/" : level->kind;
}

static int other_compare(const void *a, const void *b)
{
    const struct other *left = a, *right = b;

    if (left->resident_bytes != right->resident_bytes)
        return left->resident_bytes > right->resident_bytes ? -1 : 1;
    return left->kind < right->kind ? -1 : left->kind > right->kind;
}

/* Its end came about by itself, or by a signal that let it clean up. */
static bool ended_by_itself(const struct profile *profile)
{
    return profile->end == PROFILE_EXITED || profile->end == PROFILE_EXECED ||
           ((profile->end == PROFILE_CONTROLLED || profile->end == PROFILE_SIGNALLED) &&
            profile->state.action == LW_ACTION_SIGNAL && profile->signal != SIGKILL);
}

/* What is told of the whole run stays as it was at the end. */
static void choose_moment(struct profile *profile)
{
    struct lw_state *state = &profile->state;
    struct lw_state *moment = arena_new(&profile->arena, 1, sizeof(*moment));

    if (!ended_by_itself(profile) || !journal_moment(profile->journal, moment) || moment->complete_ns == 0 ||
        state->headroom_bytes <= moment->headroom_bytes)
        return;
    moment->stage = state->stage;
    moment->worst_stage = state->worst_stage;
    moment->action_ns = state->action_ns;
    moment->recovered_ns = state->recovered_ns;
    moment->incidents = state->incidents;
    moment->refused_count = state->refused_count;
    moment->refused_bytes = state->refused_bytes;
    moment->peak_rss_bytes = state->peak_rss_bytes;
    moment->samples_taken = state->samples_taken;
    moment->samples_dropped = state->samples_dropped;
    moment->stacks_dropped = state->stacks_dropped;
    moment->watcher_cpu_ns = state->watcher_cpu_ns;
    moment->touch_events = state->touch_events;
    *state = *moment;
    profile->of_moment = true;
    profile->moment_ns = moment->complete_ns;
}

void profile_read_state(struct profile *profile)
{
    struct lw_state *state = &profile->state;

    profile->oom_kills_now = LW_UNKNOWN;
    profile->has_state = journal_state(profile->journal, state);
    if (profile->has_state)
        choose_moment(profile);
    if (!profile->has_state) {
        memset(state, 0, sizeof(*state));
        state->binding_level = -1;
        return;
    }
    for (uint32_t i = 0; i < state->level_count; i++)
        read_level(profile, &state->levels[i]);
    if (state->binding_level >= 0)
        profile->binding = &profile->levels[state->binding_level];
    profile->others = arena_new(&profile->arena, state->other_count, sizeof(*profile->others));
    for (uint32_t i = 0; i < state->other_count; i++) {
        uint32_t kind = state->others[i].kind;
        bool known = kind > 0 && kind < PROFILE_COUNT(other_kinds);
        profile->others[profile->other_count++] = (struct other){
            .kind = kind,
            .key = known ? other_kinds[kind].key : "unknown",
            .text = known ? other_kinds[kind].text : "unknown",
            .name = profile_string_text(profile, state->others[i].name),
            .resident_bytes = state->others[i].resident_bytes,
        };
    }
    qsort(profile->others, profile->other_count, sizeof(*profile->others), other_compare);
}
