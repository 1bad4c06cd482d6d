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

#include <string.h>

#define MS                 UINT64_C(1000000)
#define SLOW_NS            (1000 * MS)
#define FIRST_NS           (500 * MS) /* of scans, near a limit */
#define SLOW_CALM_NS       (2000 * MS)
#define SCAN_SHARE         100u         /* near a limit a scan may cost 1 % of the time since the last one, */
#define SCAN_SHARE_CALM    200u         /* elsewhere half of that; with less the evidence is seconds old */
#define STILL_NS           (30000 * MS) /* the pause where nothing has come or gone since */
#define STILL_FAULTS       64u
#define STILL_BYTES        (256u << 10)
#define SYMBOLS_A_LOOK     32u
#define SYMBOLS_FEW        2u /* where no limit is near, and a twentieth of a percent of the time at most */
#define SYMBOLS_SHARE      2000u
#define SYMBOLS_LOOK_NS    MS /* what a look may take: none in the first two seconds */
#define SYMBOLS_FROM_BYTES (256u << 10)

struct size {
    uint64_t faults, rss_bytes, committed_bytes;
};

static struct {
    uint64_t slow_ns, scan_ns, tend_ns;
    uint64_t symbols_ns;       /* spent on names, ever */
    uint64_t peak_bytes;       /* that was marked */
    struct size scanned, seen; /* at the last scan, at the last look */
} last;

bool chores_are_due(uint64_t now_ns)
{
    return now_ns - last.slow_ns >= (vigil_is_watchful() ? SLOW_NS : SLOW_CALM_NS);
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

static struct size size_now(void)
{
    const struct lw_state *state = &flight.state;
    return (struct size){state->minor_faults, state->rss_bytes, state->committed_bytes};
}

/* Hardly a page came or went since, and no record: a scan would find what it would have found then. */
static bool stands_still_since(const struct size *then)
{
    struct size now = size_now();
    uint64_t rss = now.rss_bytes, before = then->rss_bytes;
    return now.faults - then->faults < STILL_FAULTS && now.committed_bytes == then->committed_bytes &&
           (rss > before ? rss - before : before - rss) < STILL_BYTES;
}

/*
 * The first one follows the baseline; far from limits many a process is gone by then. There the evidence may be two
 * seconds old: a process of some hundred mappings pays 2 ms for it, from cold caches. But where growth has just
 * come to rest it may stay so for long, and this is what is to be told of it.
 */
static uint64_t scan_pause(void)
{
    bool near = vigil_is_watchful(), soon = near || (last.scan_ns && stands_still_since(&last.seen));
    uint64_t pause = flight.state.scan_cost_ns * (soon ? SCAN_SHARE : SCAN_SHARE_CALM);
    uint64_t least = soon ? SLOW_NS : SLOW_CALM_NS;
    if (!last.scan_ns)
        least = near ? FIRST_NS : SLOW_NS;
    else if (stands_still_since(&last.scanned))
        least = STILL_NS;
    return pause > least ? pause : least;
}

static bool scan_is_due(uint64_t now_ns)
{
    return now_ns - (last.scan_ns ? last.scan_ns : flight.journal.identity->activated_ns) >= scan_pause();
}

/* In a large binary a name takes a quarter of a millisecond, and the reader finds most of them by itself. */
static void note_symbols(uint64_t now_ns)
{
    bool near = vigil_is_watchful();
    if (!near && (last.symbols_ns + SYMBOLS_LOOK_NS) * SYMBOLS_SHARE > now_ns)
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
    bool due = scan_is_due(now_ns);
    last.seen = size_now();
    if (!due)
        return;
    attribution_scan(!vigil_is_watchful());
    mark_peak();
    last.scan_ns = now_ns;
    last.scanned = size_now();
}

void chores_reset(void)
{
    memset(&last, 0, sizeof last);
    last.slow_ns = flight_now_ns(); /* the takeoff does them */
}
