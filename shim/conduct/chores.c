/* SPDX-License-Identifier: MIT */
#include "conduct/chores.h"
#include "conduct/attribution.h"
#include "conduct/binding.h"
#include "conduct/final.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/takeoff.h"
#include "conduct/vigil.h"
#include "ground/allocator.h"
#include "observe/elf_symbols.h"
#include "observe/faults.h"
#include "store/sampler.h"

#include <string.h>

#define MS                 UINT64_C(1000000)
#define SLOW_NS            (1000 * MS)
#define FIRST_NS           (500 * MS)
#define SLOW_CALM_NS       (2000 * MS)
#define GOVERN_NS          (100 * MS)
#define SCAN_SHARE         100u         /* near a limit a scan may cost 1 % of the time since the last one, */
#define SCAN_SHARE_CALM    200u         /* elsewhere half of that; with less the evidence is seconds old */
#define STILL_NS           (30000 * MS) /* the pause where nothing has come or gone since */
#define STILL_FAULTS       64u
#define STILL_BYTES        (256u << 10)
#define SYMBOLS_A_LOOK     32u
#define SYMBOLS_FEW        2u /* where no limit is near, and a twentieth of a percent of the time at most */
#define SYMBOLS_SHARE      2000u
#define SYMBOLS_FROM_BYTES (256u << 10)

/*
 * Of samples, what the governor aims at. 1 % of one core near a limit: with less a large ETL is told to 80 or 90 %.
 * Elsewhere 0.3 %, which describes a program of 300 MiB that allocates in bursts as well as 0.6 % did (36 runs, beside
 * two emulators on two cores). Such a burst takes 10 ms for some 7000 samples; with 5 its last blocks are told by half
 * a dozen of them. Where stacks are deep and every frame comes from memory, as while Python imports, a sample takes 20
 * us: far from limits it begins coarse.
 */
static const struct sampler_budget *budget(void)
{
    static const struct sampler_budget near = {.ns_per_s = 10 * MS, .burst_ns = 20 * MS, .first_interval = 64u << 10};
    static const struct sampler_budget far = {.ns_per_s = 3 * MS, .burst_ns = 10 * MS, .first_interval = 256u << 10};
    return vigil_is_watchful() ? &near : &far;
}

void chores_note_spent(uint64_t spent_ns)
{
    uint64_t allowed = __atomic_load_n(&flight.sampling_allowed_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&flight.sampling_stop_ns, sampler_stop(allowed, spent_ns, budget()), __ATOMIC_RELAXED);
}

static struct {
    const struct sampler_budget *aim; /* of the governor's last look */
    uint64_t slow_ns, scan_ns, tend_ns;
    uint64_t symbols_ns;                         /* spent on names, ever */
    uint64_t peak_bytes;                         /* that was marked */
    uint64_t faults, rss_bytes, committed_bytes; /* at the last scan */
} last;

bool chores_are_due(uint64_t now_ns, bool calm)
{
    return now_ns - last.slow_ns >= (calm ? SLOW_CALM_NS : SLOW_NS);
}

void chores_slow(uint64_t now_ns)
{
    gate_yield(true);
    elf_note_modules(&flight.journal);
    gate_yield(false);
    if (flight.state.fault_counter && !faults_running()) {
        flight.state.fault_counter = false;
        journal_event(&flight.journal, now_ns, LW_EVENT_DEGRADED, 0,
                      "the program took SIGTRAP: the fault counter was given up");
    }
    if (cgroup_moved(&flight.cgroup, "")) {
        gate_disarm();
        binding_drop();
        cgroup_close(&flight.cgroup);
        cgroup_open(&flight.cgroup, "");
        journal_event(&flight.journal, now_ns, LW_EVENT_LIMIT, 0, "the process was moved to another cgroup");
    }
    last.slow_ns = now_ns;
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

void chores_begin(void)
{
    const struct amount *wanted = &flight.options.sample;
    const struct sampler_budget *aim = budget();
    uint64_t bytes = wanted->automatic || wanted->bytes < 64 ? aim->first_interval : wanted->bytes;
    bytes = bytes < UINT32_MAX ? bytes : UINT32_MAX; /* a clock's widest; larger blocks are exact then */
    leave_intervals(bytes, wanted->automatic ? SAMPLER_LARGE : bytes);
    last.aim = aim;
    flight.sampling_allowed_ns = aim->burst_ns;
    chores_note_spent(0);
}

/* Near a limit everything is saved up anew: what was spent far from it says nothing about what is to be told now. */
static uint64_t allowance(uint64_t spent_ns, uint64_t span_ns, const struct sampler_budget *aim)
{
    bool nearer = aim->burst_ns > last.aim->burst_ns;
    last.aim = aim;
    if (nearer)
        return spent_ns + aim->burst_ns;
    return sampler_allowance(flight.sampling_allowed_ns, spent_ns, span_ns, aim);
}

void chores_govern(uint64_t now_ns)
{
    uint64_t span = now_ns - flight.governed_ns, spent = flight.sampling_ns, large = flight.large_sampling_ns;
    if (!flight.options.sample.automatic || span < GOVERN_NS)
        return;
    const struct sampler_budget *aim = budget();
    uint64_t per_s = rate(spent - flight.governed_sampling_ns, span);
    uint64_t large_per_s = rate(large - flight.governed_large_ns, span), half = aim->ns_per_s / 2;
    uint64_t left = large_per_s < half ? aim->ns_per_s - large_per_s : half;
    leave_intervals(sampler_govern(flight.sample_interval_bytes, flight.state.committed_bytes, live_count(&flight.live),
                                   per_s > large_per_s ? per_s - large_per_s : 0, left),
                    sampler_govern_large(flight.large_interval_bytes, large_per_s, half));
    flight.governed_sampling_ns = spent;
    flight.governed_large_ns = large;
    flight.governed_ns = now_ns;
    __atomic_store_n(&flight.sampling_allowed_ns, allowance(spent, span, aim), __ATOMIC_RELAXED);
    chores_note_spent(spent);
}

/* jemalloc gives old pages back as the program calls it; one that has gone quiet would keep them. */
static void tend_allocator(uint64_t now_ns)
{
    struct allocator_numbers numbers;
    if (!allocator_is_jemalloc() || now_ns - last.tend_ns < SLOW_NS)
        return;
    last.tend_ns = now_ns;
    gate_yield(true);
    if (allocator_tend(&numbers)) {
        flight.state.allocator_live_bytes = numbers.live_bytes;
        flight.state.allocator_resident_bytes = numbers.resident_bytes;
    }
    gate_yield(false);
}

static void mark_peak(void)
{
    uint64_t bytes = flight.state.sites_resident_bytes;
    if (bytes <= last.peak_bytes + last.peak_bytes / 8 + (8u << 20))
        return;
    last.peak_bytes = bytes;
    final_mark(LW_MARK_PEAK);
}

/* Hardly a page came or went, and no record: a scan would find what the last one found. */
static bool stands_still(void)
{
    const struct lw_state *state = &flight.state;
    uint64_t rss = state->rss_bytes, before = last.rss_bytes;
    return state->minor_faults - last.faults < STILL_FAULTS && state->committed_bytes == last.committed_bytes &&
           (rss > before ? rss - before : before - rss) < STILL_BYTES;
}

/* The first one follows the baseline, which has cost as much; many a process is gone by then. */
static bool scan_is_due(uint64_t now_ns)
{
    uint64_t share = vigil_is_watchful() ? SCAN_SHARE : SCAN_SHARE_CALM, pause = flight.state.scan_cost_ns * share;
    uint64_t least = !last.scan_ns ? FIRST_NS : stands_still() ? STILL_NS : SLOW_NS;
    uint64_t since = last.scan_ns ? last.scan_ns : flight.journal.identity->activated_ns;
    return now_ns - since >= (pause > least ? pause : least);
}

/* In a large binary a name takes a quarter of a millisecond, and the reader finds most of them by itself. */
static void note_symbols(uint64_t now_ns)
{
    bool near = vigil_is_watchful();
    if (!near && last.symbols_ns * SYMBOLS_SHARE > now_ns)
        return;
    uint64_t started = sys_now_ns();
    elf_note_symbols(&flight.journal, near ? SYMBOLS_A_LOOK : SYMBOLS_FEW, SYMBOLS_FROM_BYTES);
    last.symbols_ns += sys_now_ns() - started;
}

void chores_calm(uint64_t now_ns)
{
    gate_yield(true);
    takeoff_follow(now_ns);
    note_symbols(now_ns);
    gate_yield(false);
    tend_allocator(now_ns);
    if (!scan_is_due(now_ns))
        return;
    attribution_scan(!vigil_is_watchful());
    mark_peak();
    last.scan_ns = now_ns;
    last.faults = flight.state.minor_faults;
    last.rss_bytes = flight.state.rss_bytes;
    last.committed_bytes = flight.state.committed_bytes;
}

void chores_reset(void)
{
    memset(&last, 0, sizeof last);
    last.slow_ns = flight_now_ns(); /* the takeoff does them */
}
