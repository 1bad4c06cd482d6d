/* SPDX-License-Identifier: MIT */
#include "judgement/evidence.h"

#include <string.h>

#define MIB (UINT64_C(1) << 20)
#define SEC UINT64_C(1000000000)

#define SPIKE_PART_PERCENT  60  /* of the growth */
#define SPIKE_TIME_PERCENT  10  /* of the run: faster than that is a spike */
#define SPIKE_SHORT_PERCENT 35  /* of the run, when it also took less than ... */
#define SPIKE_SHORT_NS      SEC /* ... a second: a short run that climbs all the time is no spike */
#define NEAR_PERCENT        5   /* of the limit is left */
#define NEAR_TIME_MS        2000
#define LAST_PERCENT        12 /* of what presses: what came last */
#define FAR_PERCENT         25 /* of the limit is left, and ... */
#define FAR_BYTES           (64 * MIB)

/* Where the kernel kills: a limit set by the user (limit=) is watched by the library alone. */
static bool of_kernel(const struct lw_level *level)
{
    return level->kind == LW_LEVEL_CGROUP_V1 || level->kind == LW_LEVEL_CGROUP_V2 || level->kind == LW_LEVEL_HOST;
}

static const struct lw_level *killing_level(const struct profile *profile)
{
    const struct lw_level *least = NULL;

    for (size_t i = 0; i < profile->level_count; i++) {
        const struct lw_level *level = &profile->levels[i].record;
        if (of_kernel(level) && level->limit_bytes != LW_UNLIMITED &&
            (!least || level->headroom_bytes < least->headroom_bytes))
            least = level;
    }
    return least;
}

static void weigh_distance(const struct profile *profile, struct evidence *evidence)
{
    const struct lw_state *state = &profile->state;
    const struct lw_level *level = killing_level(profile);

    if (!level) {
        evidence->far_from_end = profile->level_count > 0 && state->stage == LW_STAGE_CALM;
        return;
    }
    bool binding = profile->binding && level == &profile->binding->record;
    uint64_t limit = level->limit_bytes, headroom = level->headroom_bytes;
    bool judged_near = binding && (state->stage >= LW_STAGE_WARN || headroom <= state->warn_bytes ||
                                   state->time_to_limit_ms < NEAR_TIME_MS);
    evidence->near_end = judged_near || headroom <= limit / 100 * NEAR_PERCENT;
    evidence->far_from_end = !evidence->near_end && headroom > limit / 100 * FAR_PERCENT && headroom > FAR_BYTES;
}

static void weigh_shares(const struct profile *profile, struct evidence *evidence)
{
    const struct lw_state *state = &profile->state;
    const struct level *binding = profile->binding;

    evidence->own_bytes = known_bytes(state->rss_bytes);
    if (!binding)
        return;
    evidence->pressing_bytes = level_pressing_bytes(&binding->record);
    if (binding->record.kind != LW_LEVEL_USER)
        evidence->own_bytes += known_bytes(state->page_tables_bytes);
    if (evidence->pressing_bytes > evidence->own_bytes)
        evidence->other_bytes = evidence->pressing_bytes - evidence->own_bytes;
    for (size_t i = 0; i < profile->other_count; i++)
        if (profile->others[i].kind == LW_OTHER_SLACK)
            evidence->slack_bytes += known_bytes(profile->others[i].resident_bytes);
}

static uint64_t tick_pressing(const struct lw_tick *tick)
{
    uint64_t reclaimable = known_bytes(tick->reclaimable_bytes), current = known_bytes(tick->current_bytes);

    return current > reclaimable ? current - reclaimable : 0;
}

/* Those up to the moment that is told of. */
static size_t ticks_told(const struct profile *profile)
{
    size_t count = profile->tick_count;

    while (profile->of_moment && count > 0 && profile->ticks[count - 1].t_ns > profile->moment_ns)
        count--;
    return count;
}

static int64_t own_growth(const struct lw_tick *from, const struct lw_tick *to)
{
    return (int64_t)(known_bytes(to->rss_bytes) - known_bytes(from->rss_bytes));
}

static int64_t level_growth(const struct lw_tick *from, const struct lw_tick *to)
{
    return (int64_t)(tick_pressing(to) - tick_pressing(from));
}

/* From the last tick before the level's last LAST_PERCENT on; false: no tick from `first` on is so old. */
static bool grew_last(const struct lw_tick *ticks, size_t first, size_t count)
{
    const struct lw_tick *last = &ticks[count - 1];
    uint64_t pressing = tick_pressing(last), before = pressing - pressing / 100 * LAST_PERCENT;
    size_t from = count - 1;

    while (from > first && tick_pressing(&ticks[from]) > before)
        from--;
    int64_t level = level_growth(&ticks[from], last);
    return level > 0 && tick_pressing(&ticks[from]) <= before && own_growth(&ticks[from], last) >= level / 2;
}

/* Only ticks with the binding level of the last one can be compared with it. */
static void weigh_growth(const struct profile *profile, struct evidence *evidence)
{
    const struct lw_tick *ticks = profile->ticks;
    size_t count = ticks_told(profile), first = 0;

    if (count < 2)
        return;
    while (ticks[first].binding_level != ticks[count - 1].binding_level)
        first++;
    const struct lw_tick *last = &ticks[count - 1];
    evidence->own_growth_bytes = own_growth(&ticks[first], last);
    evidence->level_growth_bytes = level_growth(&ticks[first], last);
    evidence->last_growth_is_own = grew_last(ticks, first, count);
    evidence->first_rss_bytes = known_bytes(ticks[0].rss_bytes);
    evidence->last_rss_bytes = known_bytes(last->rss_bytes);
    if (evidence->last_rss_bytes <= evidence->first_rss_bytes)
        return;
    evidence->grown_bytes = evidence->last_rss_bytes - evidence->first_rss_bytes;
    evidence->grown_ns = last->t_ns - ticks[0].t_ns;
}

/* The shortest run of ticks between which SPIKE_PART_PERCENT of the growth lies: two fingers along the timeline. */
static void weigh_spike(const struct profile *profile, struct evidence *evidence)
{
    const struct lw_tick *ticks = profile->ticks;
    uint64_t part = evidence->grown_bytes / 100 * SPIKE_PART_PERCENT;
    size_t from = 0, count = ticks_told(profile);

    evidence->window_ns = evidence->grown_ns;
    for (size_t to = 1; part > 0 && to < count; to++) {
        while (from < to && known_bytes(ticks[to].rss_bytes) >= known_bytes(ticks[from].rss_bytes) + part) {
            uint64_t took = ticks[to].t_ns - ticks[from].t_ns;
            evidence->window_ns = took < evidence->window_ns ? took : evidence->window_ns;
            from++;
        }
    }
    uint64_t whole = evidence->grown_ns, window = evidence->window_ns;
    evidence->spike = part > 0 && whole > 0 &&
                      (window <= whole / 100 * SPIKE_TIME_PERCENT ||
                       (window < SPIKE_SHORT_NS && window <= whole / 100 * SPIKE_SHORT_PERCENT));
}

void evidence_weigh(const struct profile *profile, struct evidence *evidence)
{
    memset(evidence, 0, sizeof(*evidence));
    weigh_distance(profile, evidence);
    weigh_shares(profile, evidence);
    weigh_growth(profile, evidence);
    weigh_spike(profile, evidence);
}
