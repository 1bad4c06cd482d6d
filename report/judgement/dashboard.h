/* SPDX-License-Identifier: MIT */
/*
 * dashboard: "but the dashboard showed 80 %". A monitoring system looks every 15 or 30 s; what happens between its last
 * look and the end it never sees. From the timeline: what that last look showed, over all moments at which it may have
 * happened. Pure.
 */
#ifndef LASTWORDS_REPORT_DASHBOARD_H
#define LASTWORDS_REPORT_DASHBOARD_H

#include "profile/profile.h"

struct dashboard_range {
    uint64_t low_bytes, median_bytes, high_bytes; /* of those moments that the run had begun at */
};

struct dashboard {
    uint64_t period_ns;
    struct dashboard_range resident;    /* of the process */
    struct dashboard_range working_set; /* used minus inactive_file; where that is not known: minus reclaimable */
    bool inactive_file_known;
    unsigned blind_percent; /* of the moments lie before the timeline: nothing was shown at all */
    uint64_t limit_bytes;
    uint64_t peak_bytes; /* used minus inactive_file or reclaimable, largest of the last period */
    uint64_t peak_ns;
};

/*
 * False when the timeline does not support it: no limit, too few ticks in the last period, or a picture that was right
 * anyway (the median moment within a twentieth of the peak).
 */
bool dashboard_judge(const struct profile *profile, uint64_t period_ns, struct dashboard *dashboard);

#endif
