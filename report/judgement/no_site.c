/* SPDX-License-Identifier: MIT */
#include "judgement/no_site.h"

#include <stdio.h>

#include "profile/labels.h"
#include "sources/sizes.h"

const struct other *no_site_part(const struct profile *profile)
{
    uint64_t anon = known_bytes(profile->state.scan_anon_bytes);

    for (size_t i = 0; i < profile->other_count; i++) {
        const struct other *other = &profile->others[i];
        if (other->kind != LW_OTHER_PAGE_TABLES && other->kind != LW_OTHER_SLACK && anon > 0 &&
            other->resident_bytes > anon / 2)
            return other;
    }
    return NULL;
}

bool no_site_is_stacks(const struct profile *profile)
{
    const struct other *part = no_site_part(profile);

    return part && part->kind == LW_OTHER_STACKS;
}

const struct thread *no_site_deepest(const struct profile *profile)
{
    const struct thread *deepest = NULL;

    for (size_t i = 0; i < profile->thread_count; i++)
        if (profile->threads[i].stack.user && (!deepest || profile->threads[i].stack.count > deepest->stack.count))
            deepest = &profile->threads[i];
    return deepest;
}

bool no_site_sentence(const struct profile *profile, char *out, size_t size)
{
    const struct other *part = no_site_part(profile);
    const struct thread *thread = part && part->kind == LW_OTHER_STACKS ? no_site_deepest(profile) : NULL;
    char where[480] = "";

    if (!part)
        return false;
    if (thread)
        snprintf(where, sizeof(where), "; the deepest is in %.400s (%zu frames or more)",
                 label_place(thread->stack.user).text, thread->stack.count);
    snprintf(out, size, "no call site: %s of %s resident are %s%s%.450s", size_prose(part->resident_bytes).text,
             size_prose(known_bytes(profile->state.scan_anon_bytes)).text, part->text,
             part->kind == LW_OTHER_STACKS ? " of threads" : "", where);
    return true;
}
