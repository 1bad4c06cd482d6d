/* SPDX-License-Identifier: MIT */
#include "judgement/cause.h"

#include <signal.h>

#include "judgement/death.h"
#include "judgement/no_site.h"

/* The level is full, and it was not this process: which kind of memory is the rest? */
static enum verdict_cause judge_others(const struct profile *profile, const struct evidence *evidence,
                                       const struct culprit *culprit)
{
    const struct lw_level *level = &profile->binding->record;
    uint64_t half = evidence->other_bytes / 2;
    uint64_t own_shmem = known_bytes(profile->state.shmem_bytes), shmem = known_bytes(level->shmem_bytes);

    if (shmem > own_shmem && shmem - own_shmem > half)
        return CAUSE_SHARED_MEMORY;
    if (level->kind == LW_LEVEL_HOST)
        return CAUSE_HOST_MEMORY;
    bool grew = evidence->level_growth_bytes > 0 && (int64_t)culprit->grown_bytes > evidence->level_growth_bytes / 2;
    if (culprit->name && (culprit->held_bytes > half || grew))
        return culprit->child ? CAUSE_CHILD : CAUSE_SIBLING;
    if (known_bytes(level->kernel_bytes) > half)
        return CAUSE_KERNEL_MEMORY;
    uint64_t file = known_bytes(level->file_bytes), reclaimable = known_bytes(level->reclaimable_bytes);
    if (file > shmem + reclaimable && file - shmem - reclaimable > half)
        return CAUSE_PAGE_CACHE;
    return CAUSE_SIBLING;
}

/* Of the level that binds, or of the machine where that is less or the level has none of its own; 0: no swap. */
uint64_t cause_swap_limit_bytes(const struct profile *profile)
{
    uint64_t least = profile->binding->record.swap_limit_bytes, host = 0;

    for (size_t i = 0; i < profile->level_count; i++)
        if (profile->levels[i].record.kind == LW_LEVEL_HOST)
            host = profile->levels[i].record.swap_limit_bytes;
    return host != LW_UNKNOWN && (least == LW_UNKNOWN || (host > 0 && host < least)) ? host : least;
}

/*
 * Of the level that binds, or of the machine: whichever is short of swap. Full is a tenth that is left, and where the
 * swap is small what stands between the margin and the end.
 */
static bool swap_is_full(const struct profile *profile)
{
    const struct lw_level *level = &profile->binding->record;
    uint64_t limit = cause_swap_limit_bytes(profile), used = known_bytes(level->swap_used_bytes);

    for (size_t i = 0; i < profile->level_count; i++)
        if (profile->levels[i].record.kind == LW_LEVEL_HOST && limit == profile->levels[i].record.swap_limit_bytes)
            used = known_bytes(profile->levels[i].record.swap_used_bytes);
    if (limit == LW_UNKNOWN || limit == 0 || used <= level_pressing_bytes(level) / 10)
        return false;
    uint64_t left = limit > used ? limit - used : 0;
    return left <= limit / 10 || left <= 2 * known_bytes(profile->state.margin_bytes);
}

/* File pages that are mapped here and cannot be taken away: locked, or dirty and slow to write. */
static bool holds_file_pages(const struct profile *profile, uint64_t resident)
{
    const struct lw_level *level = profile->binding ? &profile->binding->record : NULL;
    uint64_t own = known_bytes(profile->state.file_bytes);

    return level && own > resident / 2 && level_pressing_bytes(level) > known_bytes(level->anon_bytes) + resident / 2;
}

static enum verdict_cause judge_own(const struct profile *profile, const struct evidence *evidence,
                                    struct verdict *verdict)
{
    uint64_t resident = profile_resident_bytes(profile);
    uint64_t top = verdict->line ? verdict->line->resident_bytes : 0;

    if (profile->binding && swap_is_full(profile))
        return CAUSE_SWAP_EXHAUSTED;
    if (holds_file_pages(profile, resident))
        return CAUSE_PAGE_CACHE;
    if (known_bytes(profile->state.shmem_bytes) > resident / 2 || (verdict->line && verdict->line->shared))
        return CAUSE_SHARED_MEMORY;
    if (evidence->slack_bytes > top && evidence->slack_bytes > resident / 4)
        return CAUSE_ALLOCATOR_SLACK;
    verdict->of_stacks = verdict->line_share < 0.05 && no_site_is_stacks(profile);
    if (verdict->line_share < 0.05 && !verdict->of_stacks)
        return CAUSE_UNKNOWN;
    return evidence->spike ? CAUSE_SITE_SPIKE : CAUSE_SITE_GROWTH;
}

static uint64_t held_by_neighbours(const struct profile *profile)
{
    uint64_t held = 0;

    for (size_t i = 0; i < profile->neighbour_count; i++)
        held += profile->neighbours[i].held_bytes;
    return held;
}

/*
 * The library looked around and saw nobody who could hold what is not ours. Readings of one moment are some
 * milliseconds apart, and at full speed, or with pages on their way to swap, they do not add up.
 */
static bool is_alone(const struct profile *profile, const struct evidence *evidence)
{
    return journal_count(profile->journal, LW_SECTION_NEIGHBOURS) > 0 &&
           held_by_neighbours(profile) < evidence->other_bytes / 4;
}

/*
 * Many others, seen and small: together they hold more and have just begun, but the largest of all is this process. It
 * grew twice as much as any other, or more than any, and half of what filled the level up at last is its own.
 */
static bool stands_out(const struct profile *profile, const struct evidence *evidence, const struct culprit *culprit)
{
    int64_t own = evidence->own_growth_bytes, most = (int64_t)culprit->grown_bytes;
    bool grew_most = own > 0 && (own / 2 >= most || (own > most && evidence->last_growth_is_own));

    return culprit->name && culprit->held_bytes < evidence->own_bytes && grew_most &&
           held_by_neighbours(profile) >= evidence->other_bytes / 2;
}

static enum verdict_cause judge_memory(const struct profile *profile, const struct evidence *evidence,
                                       struct verdict *verdict)
{
    if (!profile->has_state)
        return CAUSE_UNKNOWN;
    if (profile->binding && !(profile->binding->record.flags & LW_LEVEL_KILLS))
        return CAUSE_ALLOCATION_REFUSED;
    bool small = profile->binding && evidence->own_bytes < evidence->pressing_bytes / 2;
    bool grew_less = evidence->level_growth_bytes <= 0 || evidence->own_growth_bytes < evidence->level_growth_bytes / 2;
    /* Large, but steady: what others added is a telling part. */
    bool steady = evidence->other_bytes > evidence->pressing_bytes / 4 &&
                  evidence->level_growth_bytes > (int64_t)(evidence->pressing_bytes / 8);
    if ((small || steady) && grew_less && profile->binding && profile->binding->record.kind != LW_LEVEL_USER) {
        enum verdict_cause cause = judge_others(profile, evidence, &verdict->culprit);
        bool sibling = cause == CAUSE_SIBLING, another = sibling || cause == CAUSE_CHILD;
        bool ours =
            (sibling && is_alone(profile, evidence)) || (another && stands_out(profile, evidence, &verdict->culprit));
        if (!ours)
            return cause;
    }
    return judge_own(profile, evidence, verdict);
}

/* It ended by itself, but the OOM killer took another process of the job meanwhile. */
static bool outlived(const struct verdict *verdict)
{
    const struct culprit *culprit = &verdict->culprit;
    bool gave_way = culprit->journal && culprit->journal->end == PROFILE_CONTROLLED;

    return culprit->name && (culprit->killed || gave_way);
}

static enum verdict_cause judge_exited(const struct profile *profile, struct verdict *verdict)
{
    bool refused = profile->state.refused_count > 0, failed = profile->exit_code != 0;

    verdict->outlived = outlived(verdict) && !(failed && refused);
    verdict->by_memory = failed && (refused || verdict->outlived);
    if (verdict->outlived)
        return verdict->culprit.child ? CAUSE_CHILD : CAUSE_SIBLING;
    return !failed ? CAUSE_NONE : refused ? CAUSE_ALLOCATION_REFUSED : CAUSE_NOT_MEMORY;
}

/* It was killed, or died unseen. */
static enum verdict_cause judge_death(const struct profile *profile, const struct evidence *evidence,
                                      struct verdict *verdict)
{
    bool sigkill = profile->signal == SIGKILL, not_for_memory = verdict->oom_kill == OOM_KILL_NO;

    verdict->by_memory = verdict->oom_kill == OOM_KILL_CONFIRMED || verdict->oom_kill == OOM_KILL_LIKELY;
    if (verdict->by_memory)
        return judge_memory(profile, evidence, verdict);
    verdict->outlived = not_for_memory && !sigkill && outlived(verdict);
    if (verdict->outlived)
        return verdict->culprit.child ? CAUSE_CHILD : CAUSE_SIBLING;
    if (profile->state.refused_count > 0 && !sigkill && !(profile->end == PROFILE_GONE && evidence->far_from_end))
        return CAUSE_ALLOCATION_REFUSED;
    return not_for_memory ? CAUSE_NOT_MEMORY : CAUSE_UNKNOWN;
}

enum verdict_cause cause_judge(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    switch (profile->end) {
    case PROFILE_EXECED:
        return CAUSE_NONE;
    case PROFILE_LIVE:
        verdict->by_memory = profile->state.stage >= LW_STAGE_WARN;
        return verdict->by_memory ? judge_memory(profile, evidence, verdict) : CAUSE_NONE;
    case PROFILE_EXITED:
        if (!death_was_told(profile))
            return judge_exited(profile, verdict);
        verdict->by_memory = true;
        return judge_memory(profile, evidence, verdict);
    case PROFILE_CONTROLLED:
        verdict->by_memory = true;
        return judge_memory(profile, evidence, verdict);
    default:
        return judge_death(profile, evidence, verdict);
    }
}
