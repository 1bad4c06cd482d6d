/* SPDX-License-Identifier: MIT */
#include "judgement/merge.h"

#include <stdlib.h>

/* How much this process has to tell; higher is more. */
static int weight(const struct profile *profile)
{
    struct verdict verdict;
    const struct profile *alone[] = {profile};

    verdict_decide(profile, alone, 1, &verdict);
    if (profile->end == PROFILE_CONTROLLED)
        return 6;
    if (verdict.oom_kill == OOM_KILL_CONFIRMED)
        return 5;
    if (verdict.oom_kill == OOM_KILL_LIKELY)
        return 4;
    if (verdict.by_memory)
        return 3;
    return profile->end == PROFILE_SIGNALLED || profile->end == PROFILE_GONE ? 2 : profile->end == PROFILE_LIVE ? 1 : 0;
}

struct ranked {
    struct profile *profile;
    int weight;
};

static int compare(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    const struct profile *l = left->profile, *r = right->profile;

    if (left->weight != right->weight)
        return left->weight > right->weight ? -1 : 1;
    if (l->state.worst_stage != r->state.worst_stage)
        return l->state.worst_stage > r->state.worst_stage ? -1 : 1;
    uint64_t left_bytes = profile_resident_bytes(l), right_bytes = profile_resident_bytes(r);
    if (left_bytes != right_bytes)
        return left_bytes > right_bytes ? -1 : 1;
    uint64_t left_start = l->identity->started_realtime_ns, right_start = r->identity->started_realtime_ns;
    return left_start > right_start ? -1 : left_start < right_start;
}

void merge_order(struct profile **profiles, size_t count)
{
    struct ranked *ranked = array_resize(NULL, count, sizeof(*ranked));

    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){.profile = profiles[i], .weight = weight(profiles[i])};
    qsort(ranked, count, sizeof(*ranked), compare);
    for (size_t i = 0; i < count; i++)
        profiles[i] = ranked[i].profile;
    free(ranked);
}

bool merge_incident(const struct profile *profile)
{
    return weight(profile) >= 2 || profile->state.worst_stage >= LW_STAGE_WARN || profile->state.refused_count > 0;
}
