/* SPDX-License-Identifier: MIT */
#include "judgement/verdict.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "judgement/cause.h"
#include "judgement/death.h"
#include "judgement/evidence_words.h"
#include "judgement/sentence.h"

static const char *const cause_names[] = {
    [CAUSE_SITE_GROWTH] = "site_growth",
    [CAUSE_SITE_SPIKE] = "site_spike",
    [CAUSE_ALLOCATOR_SLACK] = "allocator_slack",
    [CAUSE_SIBLING] = "sibling",
    [CAUSE_CHILD] = "child",
    [CAUSE_PAGE_CACHE] = "page_cache",
    [CAUSE_SHARED_MEMORY] = "shared_memory",
    [CAUSE_KERNEL_MEMORY] = "kernel_memory",
    [CAUSE_HOST_MEMORY] = "host_memory",
    [CAUSE_SWAP_EXHAUSTED] = "swap_exhausted",
    [CAUSE_ALLOCATION_REFUSED] = "allocation_refused",
    [CAUSE_NOT_MEMORY] = "not_memory",
    [CAUSE_NONE] = "none",
    [CAUSE_UNKNOWN] = "unknown",
};

static const char *const oom_kill_names[] = {
    [OOM_KILL_CONFIRMED] = "confirmed",
    [OOM_KILL_LIKELY] = "likely",
    [OOM_KILL_NO] = "no",
    [OOM_KILL_UNKNOWN] = "unknown",
};

const char *verdict_cause_name(enum verdict_cause cause)
{
    return cause_names[cause];
}

const char *verdict_oom_kill_name(enum verdict_oom_kill oom_kill)
{
    return oom_kill_names[oom_kill];
}

/* How sure: what is known of the end, times what is known of the cause. */
static double weigh_confidence(const struct evidence *evidence, const struct verdict *verdict)
{
    static const double of_end[] = {
        [OOM_KILL_CONFIRMED] = 1, [OOM_KILL_LIKELY] = 0.8, [OOM_KILL_NO] = 0.95, [OOM_KILL_UNKNOWN] = 0.5};
    double others = evidence->pressing_bytes ? (double)evidence->other_bytes / (double)evidence->pressing_bytes : 0;
    double cause = 0.9;

    if (verdict->cause == CAUSE_UNKNOWN)
        return 0;
    if (verdict->of_stacks)
        cause = 0.8;
    else if (verdict->cause == CAUSE_SITE_GROWTH || verdict->cause == CAUSE_SITE_SPIKE)
        cause = verdict->line_share >= 0.5 ? 0.95 : verdict->line_share >= 0.25 ? 0.8 : 0.5;
    if (verdict->cause == CAUSE_SIBLING && !verdict->culprit.name)
        cause = others >= 0.75 ? 0.9 : 0.7;
    return (int)(100 * of_end[verdict->oom_kill] * cause + 0.5) / 100.0;
}

void verdict_decide(const struct profile *profile, const struct profile *const *peers, size_t peer_count,
                    struct verdict *verdict)
{
    struct evidence evidence;
    uint64_t resident = profile_resident_bytes(profile);

    memset(verdict, 0, sizeof(*verdict));
    evidence_weigh(profile, &evidence);
    verdict->line = profile->line_count > 0 ? &profile->lines[0] : NULL;
    if (verdict->line && resident > 0)
        verdict->line_share = (double)verdict->line->resident_bytes / (double)resident;
    if (verdict->line_share > 1)
        verdict->line_share = 1;
    verdict->grown_bytes = evidence.grown_bytes;
    verdict->window_ns = evidence.window_ns;
    culprit_find(profile, peers, peer_count, &verdict->culprit);
    verdict->oom_kill = death_judge(profile, &evidence);
    verdict->cause = cause_judge(profile, &evidence, verdict);
    verdict->confidence = weigh_confidence(&evidence, verdict);
    sentence_write(profile, &evidence, verdict);
    evidence_words_write(profile, &evidence, verdict);
}

/* Of a process that was killed, or died unseen. */
static void title_of_death(const struct profile *profile, const struct verdict *verdict, char *out, size_t size)
{
    bool not_for_memory = verdict->oom_kill == OOM_KILL_NO;

    if (verdict->oom_kill == OOM_KILL_CONFIRMED)
        snprintf(out, size, "was OOM-killed");
    else if (verdict->oom_kill == OOM_KILL_LIKELY)
        snprintf(out, size, "was probably OOM-killed");
    else if (profile->end != PROFILE_SIGNALLED)
        snprintf(out, size, not_for_memory ? "died, and not for memory" : "died, nobody saw how");
    else if (profile->signal == SIGKILL)
        snprintf(out, size, "was killed by SIGKILL%s", not_for_memory ? ", and not for memory" : "");
    else
        snprintf(out, size, "was ended by signal %d (%s)", profile->signal, strsignal(profile->signal));
}

static void title_of_exit(const struct profile *profile, const struct verdict *verdict, char *out, size_t size)
{
    if (death_was_told(profile))
        snprintf(out, size, "was told to end before the OOM kill, and ended with exit code %d", profile->exit_code);
    else if (profile->exit_code == 0)
        snprintf(out, size, "ended well");
    else if (verdict->cause == CAUSE_ALLOCATION_REFUSED)
        snprintf(out, size, "was refused memory and ended with exit code %d", profile->exit_code);
    else
        snprintf(out, size, "ended with exit code %d", profile->exit_code);
}

void verdict_title(const struct profile *profile, const struct verdict *verdict, char *out, size_t size)
{
    bool given = profile->binding && profile->binding->record.kind == LW_LEVEL_USER;

    switch (profile->end) {
    case PROFILE_LIVE:
        snprintf(out, size, "is running%s", verdict->by_memory ? ", and close to its limit" : "");
        break;
    case PROFILE_EXECED:
        snprintf(out, size, "replaced itself by another program");
        break;
    case PROFILE_CONTROLLED:
        snprintf(out, size,
                 given ? "reached the limit that it was given, and was ended" : "was about to be OOM-killed");
        break;
    case PROFILE_EXITED:
        title_of_exit(profile, verdict, out, size);
        break;
    default:
        title_of_death(profile, verdict, out, size);
        break;
    }
}
