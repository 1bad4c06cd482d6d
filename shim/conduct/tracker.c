/* SPDX-License-Identifier: MIT */
#include "conduct/tracker.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/governor.h"
#include "conduct/lifecycle.h"
#include "conduct/muster.h"
#include "conduct/pulse.h"
#include "conduct/refusal.h"
#include "conduct/stack.h"
#include "conduct/touch.h"
#include "ground/allocator.h"
#include "ground/filter.h"
#include "ground/guard.h"
#include "ground/next.h"
#include "observe/elf_symbols.h"
#include "observe/unwind.h"
#include "store/sampler.h"

#include <sys/mman.h>

/* A request or mapping of so many bytes makes a dormant process look at its size at once. */
#define DORMANT_STEP     (1u << 20)
#define STOP_STACK_BYTES (16u << 10) /* 12 KiB were measured */
/* Allocators round small requests up. What is beyond is the page's rest. */
#define CHUNK_WASTE 16384u
/* What a sample costs beside the time it is measured for: the way in and out, its free, what it drives out of the
   caches. In all 480 to 940 ns were seen for a stack of five frames, where 400 were measured. */
#define BESIDE_NS     500u
#define TAKES_MOST_NS UINT64_C(100000) /* longer: the thread lost its processor in the midst of it */
/* From this size on a request is also a chance to see how near the end is. */
#define GATE_REQUEST (256u * 1024)

static uint32_t capture_site(enum lw_site_kind kind, uint64_t now_ns)
{
    struct stack_scratch scratch;
    uint64_t frames[STACK_MAX];
    uint32_t count = stack_capture(&scratch, frames, STACK_MAX, NULL, false);
    thread_state.flags |= THREAD_UNWOUND;
    return sites_site(&flight.sites, sites_node(&flight.sites, frames, count), kind, now_ns);
}

static uint64_t *interval_for(bool large)
{
    return large ? &flight.large_interval_bytes : &flight.sample_interval_bytes;
}

static uint64_t cost_since(uint64_t started_ns)
{
    uint64_t took = sys_now_ns() - started_ns;
    return BESIDE_NS + (took < TAKES_MOST_NS ? took : TAKES_MOST_NS);
}

static void settle_cost(uint64_t started_ns, bool large)
{
    uint64_t took = cost_since(started_ns);
    uint64_t spent = __atomic_add_fetch(&flight.sampling_ns, took, __ATOMIC_RELAXED);
    if (large)
        __atomic_fetch_add(&flight.large_sampling_ns, took, __ATOMIC_RELAXED);
    if (UNLIKELY(spent > __atomic_load_n(&flight.sampling_stop_ns, __ATOMIC_RELAXED)))
        governor_hold_back(large, spent);
}

static void record_block(void *pointer, size_t size, double weight, bool object)
{
    uint64_t started = sys_now_ns(), now = started - flight.epoch_ns;
    uint64_t usable = object ? (size + 15) & ~UINT64_C(15) : next.malloc_usable_size(pointer) + allocator_head_bytes();
    struct live_block block = {.size = size, .weight = (float)weight, .site = capture_site(LW_SITE_HEAP, now)};
    block.overhead = usable - size <= CHUNK_WASTE ? (uint32_t)(usable - size) : 0;
    block.object = object;
    if (filter_maybe(pointer))
        tracker_freeing(pointer); /* freed past our doors, e.g. by a library that was loaded with RTLD_DEEPBIND */
    if (live_insert(&flight.live, pointer, &block))
        sites_grow(&flight.sites, block.site, size, (double)block.weight, now);
    else
        __atomic_fetch_add(&flight.samples_dropped, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&flight.samples_taken, 1, __ATOMIC_RELAXED);
    settle_cost(started, size >= SAMPLER_LARGE);
}

static double step(struct sample_clock *clock, size_t size)
{
    if (size < clock->countdown && size < clock->interval) { /* e.g. a realloc that went the slow way for its pointer */
        clock->countdown -= size;
        return 0;
    }
    bool large = size >= SAMPLER_LARGE;
    uint64_t interval = __atomic_load_n(interval_for(large), __ATOMIC_RELAXED);
    /* Not read but for a thread's first draw: the sampler seeds a clock once. */
    uint64_t seed = clock->random ? 0 : sys_now_ns() ^ (uintptr_t)clock;
    return (large ? sampler_large : sampler_step)(clock, size, interval, seed);
}

/* The thread's clock as the sampler wants it; inside, the countdown proper is kept in `muted`. */
static double step_clock(size_t size)
{
    struct sample_clock clock = {.countdown = thread_state.muted,
                                 .carry = thread_state.carry,
                                 .interval = thread_state.interval,
                                 .round = thread_state.round,
                                 .random = thread_state.random};
    double weight = step(&clock, size);
    thread_state.muted = clock.countdown;
    thread_state.carry = clock.carry;
    thread_state.interval = clock.interval;
    thread_state.round = clock.round;
    thread_state.random = clock.random;
    return weight;
}

static void note_refusal(size_t size, const char *text)
{
    if (flight_phase() != FLIGHT_ACTIVE)
        return;
    uint64_t now = flight_now_ns();
    if (__atomic_fetch_add(&flight.refused_count, 1, __ATOMIC_RELAXED) < 16)
        journal_event_at(&flight.journal, now, LW_EVENT_REFUSED, (int64_t)size, capture_site(LW_SITE_HEAP, now), text);
    uint64_t most = __atomic_load_n(&flight.refused_bytes, __ATOMIC_RELAXED);
    while (size > most &&
           !__atomic_compare_exchange_n(&flight.refused_bytes, &most, size, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        continue;
}

/* true: the flight is on (perhaps only now). The guard is held. */
static bool awake(size_t size)
{
    uint32_t phase = flight_phase();
    if (phase == FLIGHT_ACTIVE && UNLIKELY(!guard_same_process())) {
        lifecycle_forked();
        phase = FLIGHT_DORMANT;
    }
    if (LIKELY(phase == FLIGHT_ACTIVE))
        return true;
    thread_state.interval = 0;
    thread_state.muted = phase == FLIGHT_OFF ? UINT64_MAX / 2 : DORMANT_STEP;
    if (phase == FLIGHT_DORMANT) {
        lifecycle_consider(size);
        thread_state.muted = lifecycle_dormant_step();
    }
    /*
     * Who comes by meanwhile waits a moment, a MiB later at the latest: what grows at full speed would be beyond
     * memory.high, where the takeoff itself is throttled, or at the limit before it is over.
     */
    if (flight_phase() == FLIGHT_TAKEOFF)
        lifecycle_await_takeoff();
    return flight_phase() == FLIGHT_ACTIVE;
}

static bool refuses(size_t size)
{
    bool refused = awake(size) && refusal_of(size);
    if (refused)
        note_refusal(size, "an allocation was refused by action=refuse (ENOMEM)");
    return refused;
}

bool tracker_refuses(size_t size)
{
    struct guard guard;
    if (flight.options.action != LW_ACTION_REFUSE || !guard_enter(&guard))
        return false;
    bool refused = refuses(size);
    if (refused)
        guard.saved_errno = ENOMEM;
    guard_leave(&guard);
    return refused;
}

void tracker_allocated(void *pointer, size_t size)
{
    struct guard guard;
    if (!guard_enter(&guard))
        return;
    if (awake(size)) {
        refusal_recorded(size);
        if (!pointer && size) {
            note_refusal(size, "an allocation was refused (ENOMEM)");
        } else {
            double weight = step_clock(size);
            if (weight > 0)
                record_block(pointer, size, weight, false);
            if (size >= GATE_REQUEST)
                gate_look();
        }
    }
    guard_leave(&guard);
}

static bool has_books(void)
{
    return flight_phase() == FLIGHT_ACTIVE && guard_same_process();
}

static void strike_out(const struct live_block *block)
{
    sites_shrink(&flight.sites, block->site, block->size, (double)block->weight);
}

void tracker_freeing(void *pointer)
{
    struct live_block block;
    if (has_books() && live_remove(&flight.live, pointer, &block))
        strike_out(&block);
}

uint32_t tracker_moving(void *pointer)
{
    return has_books() ? live_hold(&flight.live, pointer) : TRACKER_UNKNOWN;
}

void tracker_moved(uint32_t moving, bool stayed)
{
    struct live_block block;
    if (moving == TRACKER_UNKNOWN || !has_books())
        return;
    if (stayed)
        live_back(&flight.live, moving);
    else if (live_gone(&flight.live, moving, &block))
        strike_out(&block);
}

/* ---- small objects of an interpreter ---- */

__thread struct sample_clock tracker_object_clock __attribute__((tls_model("initial-exec")));

void tracker_object(void *pointer, size_t size)
{
    struct guard guard;
    if (!guard_enter(&guard))
        return;
    if (flight_phase() == FLIGHT_ACTIVE && awake(0)) {
        double weight = step(&tracker_object_clock, size);
        if (weight > 0 && pointer)
            record_block(pointer, size, weight, true);
    } else {
        tracker_object_clock.countdown = DORMANT_STEP;
        tracker_object_clock.interval = 0;
    }
    guard_leave(&guard);
}

void tracker_forget_objects(void)
{
    struct live_block block;
    uint64_t address;
    for (uint32_t slot = 0; flight_phase() == FLIGHT_ACTIVE && live_next(&flight.live, &slot, &address, &block); slot++)
        if (block.object)
            tracker_freeing((void *)(uintptr_t)address);
}

static void lost(void *context, uint32_t site, uint64_t bytes, int count_gone)
{
    if (site == MAPPING_ARENA)
        return;
    sites_shrink_range(&flight.sites, site, bytes, count_gone);
}

static uint64_t whole_pages(size_t size)
{
    uint64_t page = flight.residency.page_bytes ? flight.residency.page_bytes : 4096;
    return (size + page - 1) & ~(page - 1);
}

/* A shared mapping of an ordinary file is page cache, which the kernel can take back; of tmpfs or a memfd it is not. */
static enum lw_site_kind kind_of(int flags, int fd)
{
    bool private = (flags & MAP_TYPE) == MAP_PRIVATE;
    if (flags & MAP_ANONYMOUS || fd < 0)
        return !private ? LW_SITE_SHARED : flags & MAP_NORESERVE ? LW_SITE_RESERVED : LW_SITE_MAPPING;
    return private || !sys_in_memory(fd) ? LW_SITE_FILE : LW_SITE_SHARED;
}

/* [start, end) is the site's from now on; `extend`: one with what ends there, if it is the same. The guard is held. */
static void charge_range(const struct mapping *range, bool extend, uint64_t now_ns)
{
    uint64_t bytes = range->end - range->start;
    if (extend && mappings_extend(&flight.mappings, range))
        sites_extend(&flight.sites, range->site, bytes, now_ns);
    else if (mappings_add(&flight.mappings, range, lost, NULL))
        sites_grow(&flight.sites, range->site, bytes, 1, now_ns);
    if (bytes >= GATE_REQUEST)
        gate_look();
}

/* Who maps again what it has just unmapped may be at another line by now: known again only where that is borne. */
static uint32_t site_of_range(const struct mapping *range, uint64_t now_ns)
{
    bool spared = governor_spares_range(range->end - range->start);
    uint32_t site = spared ? mappings_last_site(&flight.mappings, range) : 0;
    if (site)
        return site;
    site = capture_site((enum lw_site_kind)range->kind, now_ns);
    __atomic_fetch_add(&flight.ranges_ns, cost_since(flight.epoch_ns + now_ns), __ATOMIC_RELAXED);
    return site;
}

static void note_range(uint64_t start, uint64_t end, enum lw_site_kind kind, bool extend)
{
    if ((flight_phase() != FLIGHT_ACTIVE && end - start < DORMANT_STEP) || !awake(end - start))
        return;
    uint64_t now = flight_now_ns();
    struct mapping range = {.start = start, .end = end, .kind = (uint32_t)kind, .site = MAPPING_ARENA};
    if (thread_state.flags & THREAD_ARENA) {
        mappings_add(&flight.mappings, &range, lost, NULL);
        return;
    }
    range.site = site_of_range(&range, now);
    charge_range(&range, extend, now);
}

void tracker_mapped(void *address, size_t size, int flags, int fd)
{
    struct guard guard;
    if (!guard_enter(&guard))
        return;
    note_range((uintptr_t)address, (uintptr_t)address + whole_pages(size), kind_of(flags, fd), false);
    refusal_recorded(size);
    guard_leave(&guard);
}

/* ---- programs with an allocator of their own ---- */

uint32_t tracker_behind;

/* The whole stack where the unwinder is ready, by the copy of the module list: no loader lock under the allocator's. */
static uint32_t carrier_site(const struct mapping *range, const void *caller, uint64_t now_ns)
{
    uint64_t only = (uintptr_t)caller;
    if (!(thread_state.flags & THREAD_UNWOUND))
        return sites_site(&flight.sites, sites_node(&flight.sites, &only, 1), (enum lw_site_kind)range->kind, now_ns);
    uint32_t before = thread_state.flags;
    thread_state.flags |= THREAD_HANDLER;
    uint32_t site = site_of_range(range, now_ns);
    thread_state.flags = before;
    return site;
}

void tracker_carrier_mapped(void *address, size_t size, int flags, int fd, const void *caller)
{
    struct guard guard;
    __atomic_store_n(&tracker_behind, 2, __ATOMIC_RELAXED);
    if (address == MAP_FAILED || flight_phase() != FLIGHT_ACTIVE || !guard_enter(&guard))
        return;
    if (guard_same_process()) {
        uint64_t now = flight_now_ns();
        struct mapping range = {.start = (uintptr_t)address, .end = (uintptr_t)address + whole_pages(size)};
        range.kind = kind_of(flags, fd);
        range.site = carrier_site(&range, caller, now);
        charge_range(&range, false, now);
    }
    guard_leave(&guard);
}

void tracker_catch_up(const void *caller)
{
    struct guard guard;
    bool grown = tracker_behind == 2;
    if ((!grown && thread_state.flags & THREAD_UNWOUND) || next_is_carrier(caller) || !guard_enter(&guard))
        return;
    tracker_behind = 1;
    bool active = flight_phase() == FLIGHT_ACTIVE ? awake(0) : grown && awake(DORMANT_STEP);
    if (active && !(thread_state.flags & THREAD_UNWOUND)) {
        uint64_t frames[UNWIND_MAX];
        unwind_native(frames, UNWIND_MAX);
        thread_state.flags |= THREAD_UNWOUND;
    }
    guard_leave(&guard);
}

void tracker_remapped(const struct tracker_range *range, void *address, size_t size)
{
    uint64_t had = 0;
    int saved = errno;
    if (!range->inside)
        return;
    enum lw_site_kind kind = range->count ? (enum lw_site_kind)range->pieces[0].kind : LW_SITE_MAPPING;
    note_range((uintptr_t)address, (uintptr_t)address + whole_pages(size), kind, false);
    for (uint32_t i = 0; i < range->count && had < size; i++)
        had += range->pieces[i].end - range->pieces[i].start;
    refusal_recorded(size > had ? size - had : 0);
    errno = saved;
}

void tracker_break_grew(void *from, size_t bytes)
{
    struct guard guard;
    if (!guard_enter(&guard))
        return;
    note_range((uintptr_t)from, (uintptr_t)from + bytes, LW_SITE_BRK, true);
    refusal_recorded(bytes);
    guard_leave(&guard);
}

void tracker_mapping_refused(size_t size)
{
    struct guard guard;
    if (!guard_enter(&guard))
        return;
    refusal_recorded(size);
    note_refusal(size, "a mapping was refused (ENOMEM)");
    guard_leave(&guard);
}

/* A child of vfork would do it to its parent's books. */
bool tracker_unloading(void *handle)
{
    struct guard guard;
    if (flight_phase() == FLIGHT_UNBORN || guard_is_guest() || !guard_enter(&guard))
        return false;
    bool told = unwind_closing();
    if (flight_phase() == FLIGHT_ACTIVE && guard_same_process())
        elf_note_leaving(&flight.journal, handle);
    guard_leave(&guard);
    return told;
}

void tracker_unloaded(void)
{
    struct guard guard;
    bool entered = guard_enter(&guard);
    unwind_closed();
    if (entered)
        guard_leave(&guard);
}

void tracker_thread_coming(void)
{
    struct guard guard;
    uint32_t phase = flight_phase();
    if ((phase != FLIGHT_DORMANT && phase != FLIGHT_TAKEOFF) || !guard_enter(&guard))
        return;
    if (phase == FLIGHT_DORMANT)
        lifecycle_consider(0);
    if (flight_phase() == FLIGHT_TAKEOFF) /* at full speed the stacks of a crowd fill a small limit meanwhile */
        lifecycle_await_takeoff();
    guard_leave(&guard);
}

/*
 * What stopping a thread takes of its stack, touched while there is room: a hundred threads that are stopped at the
 * margin would take it all at once. A thread that is deep in its work by then has been there before.
 */
static __attribute__((noinline)) void touch_stack(void)
{
    volatile char room[STOP_STACK_BYTES];
    for (size_t i = 0; i < sizeof room; i += 1024)
        room[i] = 0;
}

void tracker_thread_began(bool roomy)
{
    if (flight_phase() == FLIGHT_ACTIVE) {
        if (roomy)
            touch_stack();
        pulse_thread_began();
        if (muster_note_thread()) {
            __atomic_store_n(&flight.crowd, 1, __ATOMIC_RELEASE);
            flight_ring();
        }
    }
    tracker_safe_point();
}

void tracker_huge_pages(void)
{
    if (!__atomic_exchange_n(&flight.huge, 1, __ATOMIC_RELAXED) && flight_phase() == FLIGHT_ACTIVE)
        flight_ring(); /* the watcher's pause was reckoned with slower pages */
}

/*
 * The guard is held until the call is over: who is stopped in between waits behind it, and what is still mapped is
 * nowhere without an owner.
 */
static void forget(struct tracker_range *range, uint64_t start, uint64_t end)
{
    range->count = 0;
    range->inside = guard_enter(&range->guard);
    if (range->inside && start < end && has_books())
        range->count = mappings_take(&flight.mappings, start, end, range->pieces, TRACKER_PIECES, lost, NULL);
}

void tracker_unmapping(struct tracker_range *range, void *address, size_t size)
{
    uint64_t start = (uintptr_t)address;
    bool refused = start != whole_pages(start); /* the kernel wants whole pages */
    forget(range, start, refused ? start : start + whole_pages(size));
}

void tracker_break_shrinks(struct tracker_range *range, void *to, size_t bytes)
{
    forget(range, (uintptr_t)to, (uintptr_t)to + bytes);
}

/* A segment of System V goes as a whole, and only its beginning is told. */
void tracker_detaching(struct tracker_range *range, const void *address)
{
    struct mapping segment = {0};
    bool known = has_books() && mappings_find(&flight.mappings, (uintptr_t)address, &segment) &&
                 segment.start == (uintptr_t)address && segment.kind == LW_SITE_SHARED;
    forget(range, segment.start, known ? segment.end : segment.start);
}

void tracker_unmapped(struct tracker_range *range, bool done)
{
    range->guard.saved_errno = errno; /* as the call left it */
    for (uint32_t i = 0; !done && i < range->count; i++)
        if (mappings_add(&flight.mappings, &range->pieces[i], lost, NULL) && range->pieces[i].site != MAPPING_ARENA)
            sites_grow(&flight.sites, range->pieces[i].site, range->pieces[i].end - range->pieces[i].start, 1,
                       flight_now_ns());
    if (range->inside)
        guard_leave(&range->guard);
    range->inside = false;
}
