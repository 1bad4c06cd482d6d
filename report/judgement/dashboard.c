/* SPDX-License-Identifier: MIT */
#include "judgement/dashboard.h"

#include <stdlib.h>
#include <string.h>

#define MOMENTS    120u /* at which the last look may have happened, evenly over the period */
#define LEAST_SEEN 12u  /* of them, and as many ticks behind them */

static uint64_t working_set(const struct lw_tick *tick, bool inactive_file_known)
{
    uint64_t used = known_bytes(tick->current_bytes);
    uint64_t cold = known_bytes(inactive_file_known ? tick->inactive_file_bytes : tick->reclaimable_bytes);

    return used > cold ? used - cold : 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

static struct dashboard_range range_of(uint64_t *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return (struct dashboard_range){
        .low_bytes = values[0], .median_bytes = values[count / 2], .high_bytes = values[count - 1]};
}

static void find_peak(const struct profile *profile, uint64_t from_ns, struct dashboard *dashboard)
{
    for (size_t i = 0; i < profile->tick_count; i++) {
        const struct lw_tick *tick = &profile->ticks[i];
        uint64_t bytes = working_set(tick, dashboard->inactive_file_known);
        if (tick->t_ns < from_ns || bytes <= dashboard->peak_bytes)
            continue;
        dashboard->peak_bytes = bytes;
        dashboard->peak_ns = tick->t_ns;
    }
}

/* Walks moments and ticks together: each moment sees the latest tick before it. Returns how many saw one. */
static size_t look(const struct profile *profile, uint64_t end_ns, const struct dashboard *dashboard,
                   uint64_t resident[MOMENTS], uint64_t working[MOMENTS], size_t *ticks)
{
    size_t at = 0, seen = 0, last = SIZE_MAX;

    *ticks = 0;
    for (size_t i = 0; i < MOMENTS; i++) {
        uint64_t before = dashboard->period_ns / MOMENTS * (MOMENTS - i);
        if (before > end_ns || profile->ticks[0].t_ns > end_ns - before)
            continue;
        while (at + 1 < profile->tick_count && profile->ticks[at + 1].t_ns <= end_ns - before)
            at++;
        resident[seen] = known_bytes(profile->ticks[at].rss_bytes);
        working[seen++] = working_set(&profile->ticks[at], dashboard->inactive_file_known);
        *ticks += at != last;
        last = at;
    }
    return seen;
}

bool dashboard_judge(const struct profile *profile, uint64_t period_ns, struct dashboard *dashboard)
{
    uint64_t resident[MOMENTS], working[MOMENTS];
    size_t ticks;

    memset(dashboard, 0, sizeof(*dashboard));
    if (profile->tick_count == 0 || !profile->binding || profile->binding->record.limit_bytes == LW_UNLIMITED)
        return false;
    uint64_t end_ns = profile->ticks[profile->tick_count - 1].t_ns;
    dashboard->period_ns = period_ns;
    dashboard->limit_bytes = profile->binding->record.limit_bytes;
    for (size_t i = 0; i < profile->tick_count; i++)
        dashboard->inactive_file_known |= known_bytes(profile->ticks[i].inactive_file_bytes) > 0;
    find_peak(profile, end_ns > period_ns ? end_ns - period_ns : 0, dashboard);
    size_t seen = look(profile, end_ns, dashboard, resident, working, &ticks);
    if (seen < LEAST_SEEN || ticks < LEAST_SEEN)
        return false;
    dashboard->blind_percent = (unsigned)(100 * (MOMENTS - seen) / MOMENTS);
    dashboard->resident = range_of(resident, seen);
    dashboard->working_set = range_of(working, seen);
    return dashboard->working_set.median_bytes < dashboard->peak_bytes / 20 * 19;
}
