/* SPDX-License-Identifier: MIT */
/* evidence: the measurements that a verdict weighs, computed from a profile. Pure. */
#ifndef LASTWORDS_REPORT_EVIDENCE_H
#define LASTWORDS_REPORT_EVIDENCE_H

#include "profile/profile.h"

struct evidence {
    bool near_end;           /* the last sign of life is close to a limit that kills */
    bool far_from_end;       /* the opposite, beyond doubt; both false: neither can be said */
    uint64_t own_bytes;      /* resident, swapped and page tables of this process */
    uint64_t pressing_bytes; /* used minus reclaimable at the binding level */
    uint64_t other_bytes;    /* of these, not of this process */
    int64_t own_growth_bytes;
    int64_t level_growth_bytes; /* of pressing_bytes, over the same ticks */
    bool last_growth_is_own;    /* half of what came last (12 % of pressing_bytes), or more, came from this process */
    uint64_t first_rss_bytes;
    uint64_t last_rss_bytes;
    uint64_t grown_bytes;
    uint64_t grown_ns;
    uint64_t window_ns; /* the shortest time in which 60 % of grown_bytes came */
    uint64_t slack_bytes;
    bool spike; /* a large part came at once, not in a steady climb */
};

void evidence_weigh(const struct profile *profile, struct evidence *evidence);

#endif
