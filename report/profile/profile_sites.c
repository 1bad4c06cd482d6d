/* SPDX-License-Identifier: MIT */
#include "profile/profile_parts.h"

#include <stdlib.h>

#define MAX_SITES 262144u /* a writer has some thousands: a hostile journal ends here */

static int site_compare(const void *a, const void *b)
{
    const struct lw_site *left = &((const struct site *)a)->record, *right = &((const struct site *)b)->record;

    if (left->resident_bytes != right->resident_bytes)
        return left->resident_bytes > right->resident_bytes ? -1 : 1;
    if (left->committed_bytes != right->committed_bytes)
        return left->committed_bytes > right->committed_bytes ? -1 : 1;
    return ((const struct site *)a)->id < ((const struct site *)b)->id ? -1 : 1;
}

/* Sites that are not listed held nothing worth a record then. */
static void sites_of_moment(struct profile *profile, uint64_t count)
{
    struct lw_moment_site then;
    uint64_t listed = profile_count_of(profile, LW_SECTION_MOMENT_SITES, MAX_SITES);

    for (uint64_t i = 0; i < count; i++) {
        struct lw_site *record = &profile->sites[i].record;
        record->resident_bytes = record->committed_bytes = record->swapped_bytes = 0;
        record->growth_bytes_per_s = 0;
    }
    for (uint64_t i = 0; i < listed; i++) {
        journal_get(profile->journal, LW_SECTION_MOMENT_SITES, i, &then, sizeof(then));
        if (then.site >= count)
            continue;
        struct lw_site *record = &profile->sites[then.site].record;
        record->resident_bytes = then.resident_bytes;
        record->committed_bytes = then.committed_bytes;
        record->growth_bytes_per_s = record->growth_run_bytes_per_s = then.growth_bytes_per_s;
    }
}

/* A stack whose only request failed holds nothing, and matters. */
static bool was_refused(const struct profile *profile, uint32_t site)
{
    for (size_t i = 0; i < profile->event_count; i++)
        if (site != 0 && profile->events[i].site == site)
            return true;
    return false;
}

void profile_read_sites(struct profile *profile, struct frames *frames)
{
    uint64_t count = profile_count_of(profile, LW_SECTION_SITES, MAX_SITES);

    profile->sites = arena_new(&profile->arena, count, sizeof(*profile->sites));
    for (uint64_t i = 0; i < count; i++)
        journal_get(profile->journal, LW_SECTION_SITES, i, &profile->sites[i].record, sizeof(struct lw_site));
    if (profile->of_moment)
        sites_of_moment(profile, count);
    for (uint64_t i = 0; i < count; i++) {
        struct site *site = &profile->sites[profile->site_count];
        struct lw_site *record = &site->record;
        *record = profile->sites[i].record;
        bool nothing = record->committed_bytes == 0 && record->resident_bytes == 0 && record->allocated_bytes == 0;
        if (nothing && !was_refused(profile, (uint32_t)i))
            continue;
        site->id = (uint32_t)i;
        frames_stack_of_node(frames, record->node, &site->stack);
        profile->site_count++;
    }
    qsort(profile->sites, profile->site_count, sizeof(*profile->sites), site_compare);
}

static int touch_compare(const void *a, const void *b)
{
    const struct lw_touch *left = a, *right = b;

    if (left->site != right->site)
        return left->site < right->site ? -1 : 1;
    if (left->bytes != right->bytes)
        return left->bytes > right->bytes ? -1 : 1;
    return left->node < right->node ? -1 : left->node > right->node;
}

static void site_touches(struct profile *profile, struct frames *frames, struct site *site, const struct lw_touch *all,
                         size_t count)
{
    size_t low = 0, high = count, end;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all[middle].site < site->id)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < count && all[end].site == site->id; end++)
        ;
    site->touches = arena_new(&profile->arena, end - low, sizeof(*site->touches));
    for (; low < end; low++) {
        struct touch *touch = &site->touches[site->touch_count++];
        touch->bytes = all[low].bytes;
        frames_stack_of_node(frames, all[low].node, &touch->stack);
    }
}

void profile_read_touches(struct profile *profile, struct frames *frames)
{
    uint64_t count = profile_count_of(profile, LW_SECTION_TOUCHES, MAX_SITES);
    struct lw_touch *all = array_resize(NULL, count, sizeof(*all));

    for (uint64_t i = 0; i < count; i++)
        journal_get(profile->journal, LW_SECTION_TOUCHES, i, &all[i], sizeof(all[i]));
    qsort(all, count, sizeof(*all), touch_compare);
    for (size_t i = 0; i < profile->site_count; i++)
        site_touches(profile, frames, &profile->sites[i], all, count);
    free(all);
}
