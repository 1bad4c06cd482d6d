/* SPDX-License-Identifier: MIT */
#include "judgement/death.h"

#include <signal.h>

#include "judgement/culprit.h"

#define LAST_MOMENTS_NS UINT64_C(1000000000)

static bool counter_rose(const struct profile *profile)
{
    for (size_t i = 0; i < profile->level_count; i++) {
        const struct lw_level *level = &profile->levels[i].record;
        if (level->oom_kills != LW_UNKNOWN && level->oom_kills_start != LW_UNKNOWN &&
            level->oom_kills > level->oom_kills_start)
            return true;
    }
    return false;
}

/* Does the own cgroup's counter tell of more kills than those of neighbours that were seen until then? */
static bool counts_more(const struct profile *profile, uint64_t until_ns)
{
    return profile->oom_kills_now > profile->levels[0].record.oom_kills_start + culprit_kills(profile, until_ns);
}

/* What the own cgroup's counter says today, against when the journal was made. */
enum verdict_oom_kill death_counter_today(const struct profile *profile)
{
    if (profile->oom_kills_now == LW_UNKNOWN || profile->level_count == 0 ||
        profile->levels[0].record.oom_kills_start == LW_UNKNOWN)
        return OOM_KILL_UNKNOWN;
    return counts_more(profile, UINT64_MAX) ? OOM_KILL_CONFIRMED : OOM_KILL_NO; /* the others' were not for us */
}

/*
 * A kill of the last moments may have been our own, which the watcher lived to see: a child that was gone by then
 * passed for its victim.
 */
static bool may_have_been_ours(const struct profile *profile)
{
    return counts_more(profile, profile->last_ns > LAST_MOMENTS_NS ? profile->last_ns - LAST_MOMENTS_NS : 0);
}

static enum verdict_oom_kill judge_unseen_death(const struct profile *profile, const struct evidence *evidence)
{
    enum verdict_oom_kill today = death_counter_today(profile);

    if (today == OOM_KILL_NO && evidence->near_end && may_have_been_ours(profile))
        return OOM_KILL_LIKELY;
    if (today != OOM_KILL_UNKNOWN)
        return today;
    if (counter_rose(profile))
        return evidence->near_end ? OOM_KILL_CONFIRMED : OOM_KILL_LIKELY;
    if (evidence->near_end)
        return OOM_KILL_LIKELY;
    return evidence->far_from_end ? OOM_KILL_NO : OOM_KILL_UNKNOWN;
}

enum verdict_oom_kill death_judge(const struct profile *profile, const struct evidence *evidence)
{
    bool killed = profile->end == PROFILE_SIGNALLED && profile->signal == SIGKILL;

    if (profile->end != PROFILE_GONE && !killed)
        return OOM_KILL_NO;
    if (profile->kernel_says[0])
        return OOM_KILL_CONFIRMED;
    if (!profile->has_outcome)
        return judge_unseen_death(profile, evidence);
    if (profile->outcome.oom_kill == 1)
        return OOM_KILL_CONFIRMED;
    if (profile->outcome.oom_kill == 2)
        return OOM_KILL_NO;
    return judge_unseen_death(profile, evidence);
}

/* action=signal: the program was asked to end before the kill, and did. */
bool death_was_told(const struct profile *profile)
{
    const struct lw_state *state = &profile->state;

    return profile->has_state && state->action == LW_ACTION_SIGNAL && state->action_ns > state->spared_ns;
}
