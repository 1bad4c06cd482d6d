/* SPDX-License-Identifier: MIT */
#include "conduct/chores.h"
#include "conduct/attribution.h"
#include "conduct/binding.h"
#include "conduct/final.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/takeoff.h"
#include "ground/allocator.h"
#include "observe/elf_symbols.h"
#include "observe/faults.h"
#include "store/sampler.h"

#include <string.h>

#define MS                 UINT64_C(1000000)
#define SLOW_NS            (1000 * MS)
#define GOVERN_NS          (100 * MS)
#define SAMPLING_BUDGET    (10 * MS)    /* 1 % of one core */
#define SCAN_SHARE         100u         /* a scan may cost 1 % of the time since the last one */
#define STILL_NS           (30000 * MS) /* the pause where nothing has come or gone since */
#define STILL_FAULTS       64u
#define STILL_BYTES        (256u << 10)
#define SYMBOLS_A_LOOK     32u
#define SYMBOLS_FROM_BYTES (256u << 10)

static struct {
    uint64_t slow_ns, scan_ns, govern_ns, tend_ns;
    uint64_t sampling_ns;                        /* spent on samples until the governor's last look */
    uint64_t peak_bytes;                         /* that was marked */
    uint64_t faults, rss_bytes, committed_bytes; /* at the last scan */
} last;

bool chores_are_due(uint64_t now_ns)
{
    return !last.slow_ns || now_ns - last.slow_ns >= SLOW_NS;
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

void chores_govern(uint64_t now_ns)
{
    uint64_t span = now_ns - last.govern_ns;
    if (!flight.options.sample.automatic || span < GOVERN_NS)
        return;
    uint64_t per_s = (uint64_t)((double)(flight.sampling_ns - last.sampling_ns) * 1e9 / (double)span);
    last.sampling_ns = flight.sampling_ns;
    last.govern_ns = now_ns;
    flight.sample_interval_bytes = sampler_govern(flight.sample_interval_bytes, flight.state.committed_bytes,
                                                  flight.live.count, per_s, SAMPLING_BUDGET);
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

static uint64_t scan_pause(void)
{
    uint64_t pause = flight.state.scan_cost_ns * SCAN_SHARE, least = stands_still() ? STILL_NS : SLOW_NS;
    return pause > least ? pause : least;
}

void chores_calm(uint64_t now_ns)
{
    gate_yield(true);
    takeoff_python(now_ns);
    elf_note_symbols(&flight.journal, SYMBOLS_A_LOOK, SYMBOLS_FROM_BYTES);
    gate_yield(false);
    tend_allocator(now_ns);
    if (last.scan_ns && now_ns - last.scan_ns < scan_pause())
        return;
    attribution_scan();
    mark_peak();
    last.scan_ns = now_ns;
    last.faults = flight.state.minor_faults;
    last.rss_bytes = flight.state.rss_bytes;
    last.committed_bytes = flight.state.committed_bytes;
}

void chores_reset(void)
{
    memset(&last, 0, sizeof last);
}
