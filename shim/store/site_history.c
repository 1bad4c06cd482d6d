/* SPDX-License-Identifier: MIT */
#include "store/site_history.h"

#define KEPT_NS UINT64_C(500000000)

bool site_history_open(struct site_history *history, struct arena *arena, uint32_t sites)
{
    *history = (struct site_history){
        .resident_bytes = arena_take(arena, (size_t)sites * SITE_HISTORY_SCANS * sizeof *history->resident_bytes)};
    return history->resident_bytes != NULL;
}

void site_history_begin(struct site_history *history, uint64_t now_ns)
{
    uint32_t last = (history->kept - 1) % SITE_HISTORY_SCANS;
    history->now_ns = now_ns;
    history->keeps = !history->kept || now_ns - history->scanned_ns[last] >= KEPT_NS;
}

static int64_t growth(uint64_t now_bytes, uint64_t then_bytes, uint64_t span_ns)
{
    return span_ns ? (int64_t)(((double)now_bytes - (double)then_bytes) * 1e9 / (double)span_ns) : 0;
}

/* Over the last scans; of a site younger than those over its life: it began with nothing. */
static int64_t recent_growth(const struct site_history *history, uint32_t i, uint64_t first_ns, uint64_t resident_bytes)
{
    uint32_t oldest = history->kept >= SITE_HISTORY_SCANS ? history->kept % SITE_HISTORY_SCANS : 0;
    if (!history->kept || first_ns > history->scanned_ns[oldest])
        return growth(resident_bytes, 0, history->now_ns - first_ns);
    return growth(resident_bytes, history->resident_bytes[i * SITE_HISTORY_SCANS + oldest],
                  history->now_ns - history->scanned_ns[oldest]);
}

void site_history_tell(struct site_history *history, uint32_t i, struct lw_site *site, uint64_t resident_bytes,
                       uint64_t swapped_bytes)
{
    int64_t recent = recent_growth(history, i, site->first_ns, resident_bytes);
    if (history->keeps)
        history->resident_bytes[i * SITE_HISTORY_SCANS + history->kept % SITE_HISTORY_SCANS] = resident_bytes;
    __atomic_store_n(&site->resident_bytes, resident_bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&site->swapped_bytes, swapped_bytes, __ATOMIC_RELAXED);
    if (resident_bytes > site->peak_resident_bytes)
        __atomic_store_n(&site->peak_resident_bytes, resident_bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&site->growth_bytes_per_s, recent, __ATOMIC_RELAXED);
    __atomic_store_n(&site->growth_run_bytes_per_s, growth(resident_bytes, 0, history->now_ns - site->first_ns),
                     __ATOMIC_RELAXED);
    __atomic_store_n(&site->scanned_ns, history->now_ns, __ATOMIC_RELAXED);
}

void site_history_end(struct site_history *history)
{
    if (history->keeps)
        history->scanned_ns[history->kept++ % SITE_HISTORY_SCANS] = history->now_ns;
}
