/* SPDX-License-Identifier: MIT */
#include "conduct/vigil.h"
#include "conduct/binding.h"
#include "conduct/brake.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/grace.h"
#include "conduct/lodging.h"
#include "conduct/look.h"
#include "conduct/pulse.h"
#include "conduct/refusal.h"
#include "observe/faults.h"

#include <string.h>

#define GROWTH_WINDOW_NS UINT64_C(10000000000)
#define LARGE_FAULT      (64u << 10)
#define LATE_HALF_NS     UINT64_C(500000000)
#define CROWD_THREADS    4u /* up to so many the margin has room for a huge page of each */

static struct {
    struct headroom_history history;
    bool watchful;
    bool fetched; /* the whole journal's file, into the page cache */
    bool huge;    /* pages of 2 MiB were asked for, or seen to come */
    bool ahead;   /* of every thread of the program, real-time */
    bool granted; /* so it was when it was last wished for */
    struct sys_scheduling before;
    uint64_t late_ns, late_since_ns; /* the worst of late, halved every half second */
} vigil;

void vigil_note_lateness(uint64_t now_ns, uint64_t late_ns)
{
    uint64_t halvings = (now_ns - vigil.late_since_ns) / LATE_HALF_NS;
    uint64_t left = halvings < 64 ? vigil.late_ns >> halvings : 0;
    if (late_ns < left && !halvings)
        return;
    vigil.late_ns = late_ns > left ? late_ns : left;
    vigil.late_since_ns = now_ns;
}

static void settle_margin(struct lw_state *state, const struct lw_level *level)
{
    const struct amount *wanted = &flight.options.margin;
    const struct cgroup_level *own = flight.cgroup.count ? &flight.cgroup.levels[0] : NULL;
    uint64_t hot = own ? headroom_hot(&own->numbers, look_refaults(), flight.residency.page_bytes) : 0;
    struct policy_blind blind = {.late_ns = vigil.late_ns,
                                 .tick_ns = pulse_tick_ns(),
                                 .rate_bytes_per_s = look_rate(),
                                 .threads = state->threads,
                                 .ahead = vigil.granted};
    state->margin_bytes = policy_margin(wanted, level->limit_bytes, hot, state->fault_counter ? NULL : &blind);
    if (brake_is_held())
        state->margin_bytes =
            policy_margin_braked(state->margin_bytes, wanted->automatic, level->limit_bytes, state->threads);
    if (level->kind == LW_LEVEL_HOST)
        state->margin_bytes = policy_margin_host(state->margin_bytes, wanted->automatic, level->limit_bytes);
    if (flight.options.action == LW_ACTION_SIGNAL && !state->fault_counter)
        state->margin_bytes = policy_margin_early(state->margin_bytes, wanted->automatic, level->limit_bytes);
    state->warn_bytes = policy_warn(&flight.options.warn, level, state->margin_bytes);
}

static void measure_growth(struct lw_state *state, uint64_t now_ns, uint64_t pressing_bytes)
{
    state->growth_bytes_per_s = headroom_growth(&vigil.history, now_ns, pressing_bytes, GROWTH_WINDOW_NS);
    headroom_note(&vigil.history, now_ns, pressing_bytes, GROWTH_WINDOW_NS);
    state->time_to_limit_ms = headroom_time_ms(state->headroom_bytes, state->growth_bytes_per_s);
}

/*
 * A hundred threads that fill huge pages leave a watcher that has just taken its share without a processor for 130 ms:
 * by then the limit is reached. Where that is allowed (CAP_SYS_NICE) it goes before them as long as there is a rush,
 * without the fault counter before anybody. It never waits for them without sleeping.
 */
static void stay_ahead(bool wanted)
{
    if (wanted && !vigil.ahead) {
        vigil.ahead = vigil.granted = sys_get_ahead(&vigil.before);
        if (vigil.ahead)
            vigil.late_ns = 0;
    } else if (!wanted && vigil.ahead) {
        vigil.ahead = !sys_set_scheduling(&vigil.before);
    }
}

static bool is_rush(const struct lw_state *state)
{
    return policy_rush(state->headroom_bytes, look_haste());
}

static void set_counters(struct lw_state *state, const struct lw_level *level, bool guarded)
{
    char why[160];
    bool crowd = state->threads > CROWD_THREADS;
    uint64_t burst = state->threads * faults_huge_bytes();
    bool near = policy_near(state->headroom_bytes, level->limit_bytes, state->margin_bytes, burst);
    vigil.huge = vigil.huge || flight_is_huge() || look_fault_bytes() > LARGE_FAULT;
    bool small = crowd && vigil.huge && policy_small_pages(state->headroom_bytes, burst);
    uint32_t running = faults_period(), period = 0;
    bool rush = crowd && is_rush(state);
    faults_small_pages(small);
    if (vigil.watchful)
        period = policy_period(level->limit_bytes, small ? 0 : look_fault_bytes());
    /* In a rush nothing is opened anew that is fine enough: for a hundred busy threads that takes 50 ms. */
    if (near && running && running < period)
        period = running;
    stay_ahead(rush || (crowd && (near || period != running)));
    state->fault_counter = faults_watch(period, why, sizeof why);
    if (!state->fault_counter)
        journal_capability(&flight.journal, "fault_counter", false, why);
    faults_near(near && guarded);
    stay_ahead(rush);
}

static void set_gate(const struct lw_state *state, const struct cgroup_level *chain, bool guarded)
{
    if (!vigil.watchful || !chain || !guarded)
        gate_disarm();
    else if (grace_is_on())
        gate_arm(grace_margin(state->margin_bytes), false);
    else
        gate_arm(state->margin_bytes, flight.options.margin.automatic);
}

/* Without the counter: before the first rate is known a crowd may have filled everything, the watcher behind it. */
static bool is_pressing(const struct lw_state *state, uint64_t now_ns)
{
    bool crowd = state->threads > CROWD_THREADS && look_is_crowded(now_ns);
    return vigil.watchful && (crowd || is_rush(state));
}

static void touch_journal(bool everything)
{
    if (everything && !vigil.fetched)
        lodging_fetch();
    vigil.fetched = vigil.fetched || everything;
    journal_touch_ahead(&flight.journal, everything);
}

void vigil_keep(uint64_t now_ns, bool reported)
{
    struct lw_state *state = &flight.state;
    if (state->binding_level < 0) {
        stay_ahead(false);
        pulse_keep(false, now_ns);
        binding_drop();
        refusal_disarm();
        journal_touch_ahead(&flight.journal, false);
        return;
    }
    const struct lw_level *level = &state->levels[state->binding_level];
    const struct cgroup_level *chain = look_chain(state->binding_level);
    uint64_t pressing = headroom_pressing(level);
    bool guarded = !reported || grace_is_on(), pressed = false;
    look_at_growth(pressing);
    settle_margin(state, level);
    measure_growth(state, now_ns, pressing);
    bool watchful = policy_watchful(state->headroom_bytes, level->limit_bytes, flight_is_huge());
    __atomic_store_n(&vigil.watchful, watchful, __ATOMIC_RELAXED);
    touch_journal(vigil.watchful || policy_in_reach(state->headroom_bytes));
    binding_set(level, chain);
    if (state->fault_counter) {
        set_counters(state, level, guarded);
    } else {
        pressed = is_pressing(state, now_ns);
        stay_ahead(pressed);
        if (chain && !reported)
            brake_hold(chain, state->margin_bytes);
    }
    set_gate(state, chain, guarded);
    pulse_keep(pressed && gate_is_armed(), now_ns);
    if (flight.options.action == LW_ACTION_REFUSE)
        refusal_arm(state->margin_bytes);
}

bool vigil_is_watchful(void)
{
    return __atomic_load_n(&vigil.watchful, __ATOMIC_RELAXED);
}

bool vigil_is_hurried(void)
{
    return policy_hurry(flight.state.headroom_bytes, look_haste());
}

void vigil_reset(void)
{
    memset(&vigil, 0, sizeof vigil);
}
