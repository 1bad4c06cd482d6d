/* SPDX-License-Identifier: MIT */
#include "conduct/governor.h"
#include "conduct/flight.h"
#include "conduct/vigil.h"
#include "store/sampler.h"

#define MS           UINT64_C(1000000)
#define GOVERN_NS    (100 * MS)
#define SLIGHT_BYTES (64u << 10) /* a few of them at the line of another are nothing, far from every limit */

/*
 * What the governor aims at. 1 % of one core near a limit: with less a large ETL is told to 80 or 90 %. Elsewhere
 * 0.15 %, which describes a program of 300 MiB that allocates in bursts as well as 0.2 % did, or 0.3 % with twice the
 * burst (24 runs each), since a burst may be spent; with 0.1 % its small sites are told badly. Where stacks are deep
 * and every frame comes from memory, as while Python imports, a sample takes 20 us: far from limits it begins coarse.
 */
static const struct sampler_budget *budget(void)
{
    static const struct sampler_budget near = {.ns_per_s = 10 * MS, .burst_ns = 20 * MS, .first_interval = 64u << 10};
    static const struct sampler_budget far = {.ns_per_s = 3 * MS / 2, .burst_ns = 5 * MS, .first_interval = 512u << 10};
    return vigil_is_watchful() ? &near : &far;
}

/*
 * What stacks of mappings may cost where mappings come and go: CPython's stack of frames, in pieces of 16 KiB, does so
 * at every call that crosses the edge of one, 400 times while pandas is imported.
 */
static const struct sampler_budget *ranges_budget(void)
{
    static const struct sampler_budget near = {.ns_per_s = 2 * MS, .burst_ns = 5 * MS};
    static const struct sampler_budget far = {.ns_per_s = MS / 2, .burst_ns = 2 * MS};
    return vigil_is_watchful() ? &near : &far;
}

static const struct sampler_budget *aimed_at; /* at its last look */

/* So much was spent: when to hold back next. */
static void note_spent(uint64_t spent_ns)
{
    uint64_t allowed = __atomic_load_n(&flight.sampling_allowed_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&flight.sampling_stop_ns, sampler_stop(allowed, spent_ns, budget()), __ATOMIC_RELAXED);
}

void governor_hold_back(bool large, uint64_t spent_ns)
{
    uint64_t *bytes = large ? &flight.large_interval_bytes : &flight.sample_interval_bytes;
    uint64_t interval = __atomic_load_n(bytes, __ATOMIC_RELAXED);
    uint64_t governed = large ? flight.governed_large_interval_bytes : flight.governed_interval_bytes;
    note_spent(spent_ns);
    if (flight.options.sample.automatic)
        __atomic_compare_exchange_n(bytes, &interval, sampler_hold_back(interval, governed), false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED);
}

bool governor_spares_range(uint64_t bytes)
{
    if (!flight.options.sample.automatic)
        return false;
    bool slight = bytes <= SLIGHT_BYTES && !vigil_is_watchful();
    return slight || __atomic_load_n(&flight.ranges_ns, __ATOMIC_RELAXED) >
                         __atomic_load_n(&flight.ranges_allowed_ns, __ATOMIC_RELAXED);
}

static uint64_t rate(uint64_t more, uint64_t span_ns)
{
    return (uint64_t)((double)more * 1e9 / (double)span_ns);
}

static void leave_intervals(uint64_t small_bytes, uint64_t large_bytes)
{
    flight.sample_interval_bytes = flight.governed_interval_bytes = small_bytes;
    flight.large_interval_bytes = flight.governed_large_interval_bytes = large_bytes;
}

void governor_begin(void)
{
    const struct amount *wanted = &flight.options.sample;
    const struct sampler_budget *aim = budget();
    uint64_t bytes = wanted->automatic || wanted->bytes < 64 ? aim->first_interval : wanted->bytes;
    bytes = bytes < UINT32_MAX ? bytes : UINT32_MAX; /* a clock's widest; larger blocks are exact then */
    leave_intervals(bytes, wanted->automatic ? SAMPLER_LARGE : bytes);
    aimed_at = aim;
    flight.sampling_allowed_ns = aim->burst_ns;
    flight.ranges_allowed_ns = ranges_budget()->burst_ns;
    note_spent(0);
}

/* Near a limit everything is saved up anew: what was spent far from it says nothing about what is to be told now. */
static uint64_t allowance(uint64_t spent_ns, uint64_t span_ns, const struct sampler_budget *aim)
{
    bool nearer = aim->burst_ns > aimed_at->burst_ns;
    aimed_at = aim;
    if (nearer)
        return spent_ns + aim->burst_ns;
    return sampler_allowance(flight.sampling_allowed_ns, spent_ns, span_ns, aim);
}

void governor_look(uint64_t now_ns)
{
    uint64_t span = now_ns - flight.governed_ns, spent = flight.sampling_ns, large = flight.large_sampling_ns;
    if (!flight.options.sample.automatic || span < GOVERN_NS)
        return;
    const struct sampler_budget *aim = budget();
    uint64_t per_s = rate(spent - flight.governed_sampling_ns, span);
    uint64_t large_per_s = rate(large - flight.governed_large_ns, span), half = aim->ns_per_s / 2;
    uint64_t left = large_per_s < half ? aim->ns_per_s - large_per_s : half;
    uint64_t small_per_s = per_s > large_per_s ? per_s - large_per_s : 0;
    uint64_t saved = flight.sampling_allowed_ns > spent ? flight.sampling_allowed_ns - spent : 0;
    leave_intervals(
        sampler_govern(flight.sample_interval_bytes, flight.state.committed_bytes, live_count(&flight.live),
                       small_per_s, sampler_bearable(small_per_s, left, saved)),
        sampler_govern_large(flight.large_interval_bytes, large_per_s, sampler_bearable(large_per_s, half, saved)));
    flight.governed_sampling_ns = spent;
    flight.governed_large_ns = large;
    flight.governed_ns = now_ns;
    __atomic_store_n(&flight.sampling_allowed_ns, allowance(spent, span, aim), __ATOMIC_RELAXED);
    note_spent(spent);
    uint64_t ranges = __atomic_load_n(&flight.ranges_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&flight.ranges_allowed_ns,
                     sampler_allowance(flight.ranges_allowed_ns, ranges, span, ranges_budget()), __ATOMIC_RELAXED);
}
