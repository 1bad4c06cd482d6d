/* SPDX-License-Identifier: MIT */
/* no_site: memory that no call site obtained, where it is most of what is resident: stacks, and mappings unseen. Pure.
 */
#ifndef LASTWORDS_REPORT_NO_SITE_H
#define LASTWORDS_REPORT_NO_SITE_H

#include "profile/profile.h"

/* The part that holds more than half of the anonymous resident memory; NULL when there is none. */
const struct other *no_site_part(const struct profile *profile);

/* Is that part the stacks of this process's threads? Then it is its own growth, and its place is known. */
bool no_site_is_stacks(const struct profile *profile);

/* The deepest stack that was taken at the last moment; NULL without any. */
const struct thread *no_site_deepest(const struct profile *profile);

/* One sentence about that part. False without one. */
bool no_site_sentence(const struct profile *profile, char *out, size_t size);

#endif
