/* SPDX-License-Identifier: MIT */
/*
 * culprit: when it was not this process, who else? From the processes that the library saw under the same limit, and
 * from the journals of the same job. Pure.
 */
#ifndef LASTWORDS_REPORT_CULPRIT_H
#define LASTWORDS_REPORT_CULPRIT_H

#include "profile/profile.h"

struct culprit {
    const char *name; /* NULL: nobody is known. Belongs to the profile that was asked, or to the peer */
    uint32_t pid;
    uint64_t held_bytes;  /* resident (of a journal: and swapped); of one that is gone the most that was seen */
    uint64_t grown_bytes; /* while the process that was asked looked on; 0: not known */
    bool child;           /* of the process that was asked */
    bool gone;
    bool killed;                   /* it was gone when the OOM killer's counter had risen, or its journal proves it */
    const struct profile *journal; /* NULL: it left none, or none was given */
};

/* peers: profiles of the same job, which may contain the subject. */
void culprit_find(const struct profile *profile, const struct profile *const *peers, size_t peer_count,
                  struct culprit *culprit);

/* How many of the neighbours the OOM killer took, as seen until then (ns on the journal's clock). */
size_t culprit_kills(const struct profile *profile, uint64_t until_ns);

#endif
