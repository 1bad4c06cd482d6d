/* SPDX-License-Identifier: MIT */
#include "judgement/story.h"

void story_tell(struct profile *const *profiles, size_t count, struct story *story)
{
    const struct profile *const *all = (const struct profile *const *)profiles;

    story->profile = all[0];
    story->others = all + 1;
    story->other_count = count - 1;
    story->all = all;
    story->all_count = count;
    verdict_decide(all[0], all, count, &story->verdict);
    story->advice_count = advice_give(all[0], &story->verdict, story->advices);
}
