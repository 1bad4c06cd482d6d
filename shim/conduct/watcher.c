/* SPDX-License-Identifier: MIT */
#include "conduct/watcher.h"
#include "conduct/attribution.h"
#include "conduct/chores.h"
#include "conduct/company.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/governor.h"
#include "conduct/grace.h"
#include "conduct/ladder.h"
#include "conduct/look.h"
#include "conduct/muster.h"
#include "conduct/own_thread.h"
#include "conduct/record.h"
#include "conduct/takeoff.h"
#include "conduct/vigil.h"
#include "ground/guard.h"
#include "observe/faults.h"
#include "observe/process.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define MS           UINT64_C(1000000)
#define GRACE_NS     (1 * MS)
#define REPORTED_NS  (10 * MS)  /* only recovery is awaited */
#define LATE_MOST_NS (200 * MS) /* longer: the machine slept */
#define SLICE_NS     (MS / 10)
#define CALM_NS      (500 * MS)          /* a look costs 150 to 300 us: so often is enough where nothing moves */
#define RESTING_NS   (1000 * MS)         /* the same where whoever grows rings; the journal is a second old at most */
#define FRESH_NS     (1000 * MS)         /* after the activation nothing is calm yet */
#define HOST_ROOM    (UINT64_C(2) << 30) /* what others may take unseen meanwhile */

static uint32_t watcher_tid;
static uint64_t looked_ns; /* the last whole look */
static bool calm;          /* nothing moved until then, or since then */
static bool resting;       /* calm, and whoever could grow rings when it does */

/* The cgroup that binds; "" for the whole machine, NULL where nobody else counts. */
static const char *binding_directory(const struct lw_state *state)
{
    const struct cgroup_level *chain = look_chain(state->binding_level);
    if (chain)
        return chain->directory;
    return state->binding_level >= 0 && state->levels[state->binding_level].kind == LW_LEVEL_HOST ? "" : NULL;
}

static bool host_has_room(const struct lw_state *state)
{
    for (uint32_t i = 0; i < state->level_count; i++)
        if (state->levels[i].kind == LW_LEVEL_HOST)
            return state->levels[i].headroom_bytes >= HOST_ROOM;
    return false;
}

/* Far from every limit, and nothing has moved since the last look. */
static bool is_calm(uint64_t now_ns)
{
    const struct lw_state *state = &flight.state;
    return looked_ns && now_ns - flight.journal.identity->activated_ns > FRESH_NS &&
           flight.options.action != LW_ACTION_REFUSE && !ladder_is_warned() && !gate_reached() &&
           !__atomic_load_n(&flight.crowd, __ATOMIC_ACQUIRE) && state->binding_level >= 0 &&
           state->headroom_bytes >= 2 * state->warn_bytes && host_has_room(state) && !look_has_moved();
}

/*
 * Alone in the group that binds, with the counter at work: every way to grow passes by the gate, which rings when what
 * is_calm() asks for is over. A process that comes in from outside is seen a quarter of a second later.
 */
static void rest(void)
{
    uint64_t headroom = flight.state.headroom_bytes;
    resting = calm && faults_period() && gate_is_armed() && company_is_none();
    gate_ring_below(resting ? headroom - headroom / 16 : 0);
}

static void look(uint64_t planned_ns)
{
    struct lw_state *state = &flight.state;
    uint64_t now = flight_now_ns(), late = planned_ns && now > planned_ns ? now - planned_ns : 0;
    late = late < LATE_MOST_NS ? late : 0;
    if (late > state->watcher_late_ns)
        state->watcher_late_ns = late;
    vigil_note_lateness(now, late);
    calm = is_calm(now) && !(resting && gate_has_rung());
    resting = calm && resting;
    if (calm && now - looked_ns < (resting ? RESTING_NS : CALM_NS))
        return;
    bool slow = chores_are_due(now);
    looked_ns = now;
    look_at_process(now);
    look_at_levels(now, slow);
    vigil_keep(now, ladder_is_reported());
    company_look(binding_directory(state), now, ladder_is_warned());
    ladder_climb(now);
    record_look(now);
    governor_look(now);
    if (slow)
        chores_slow(now);
    if (!ladder_is_reported() && !vigil_is_hurried())
        chores_calm(now);
    rest();
}

static uint64_t pause_ns(void)
{
    const struct lw_state *state = &flight.state;
    if (grace_is_on())
        return GRACE_NS;
    if (ladder_is_reported())
        return REPORTED_NS;
    if (resting)
        return policy_rest_ns();
    return policy_sleep_ns(state->headroom_bytes, state->margin_bytes, flight.journal.identity->cpus, flight_is_huge());
}

static void take_off(void)
{
    muster_everybody(false); /* until an abort is certain, nobody's sleep is cut short */
    takeoff_stacks(flight_now_ns());
    takeoff_observers();
    uint64_t now = flight_now_ns();
    look_at_process(now);
    flight.journal.identity->activation_rss_bytes = flight.state.rss_bytes;
    flight.journal.identity->activation_anon_bytes = flight.state.anon_bytes;
    /* Armed before anybody goes on: with a hundred busy threads the next look may come late. */
    look_at_levels(now, true);
    vigil_keep(now, false);
    governor_begin();
    journal_event(&flight.journal, now, LW_EVENT_ACTIVATED, (int64_t)flight.state.rss_bytes,
                  "the process passed the activation size");
    journal_set_life(&flight.journal, LW_LIFE_LIVE, 0, 0);
    __atomic_store_n(&flight.phase, FLIGHT_ACTIVE, __ATOMIC_RELEASE);
    sys_wake(&flight.phase);
    attribution_baseline(); /* only now: what comes while it is taken is recorded, and so not older than the records */
}

/*
 * Woken in time even among many busy threads. A short slice (Linux 6.12, any user) brings the deadline forward; a
 * better nice value needs a privilege and is taken where it is given. Neither is an error where it is refused.
 */
static void ask_for_punctuality(void)
{
    struct sys_scheduling wanted = {.size = sizeof wanted, .nice = -10, .runtime_ns = SLICE_NS};
    if (sys_set_scheduling(&wanted))
        return;
    wanted.nice = 0;
    sys_set_scheduling(&wanted);
}

static void *watch_thread(void *context)
{
    uint64_t planned = 0;
    guard_own_thread();
    __atomic_store_n(&watcher_tid, sys_gettid(), __ATOMIC_RELEASE);
    sys_call(SYS_prctl, PR_SET_NAME, (long)"lastwords", 0, 0, 0, 0);
    sys_call(SYS_prctl, PR_SET_TIMERSLACK, 1, 0, 0, 0, 0);
    ask_for_punctuality();
    take_off();
    /*
     * main() may end by pthread_exit() and leave the process to its threads: the last one of them ends it, by exit(0).
     * That is us then: returning is enough, the C library counts.
     */
    while (!__atomic_load_n(&flight.stop, __ATOMIC_ACQUIRE) && !look_is_last_thread()) {
        uint32_t heard = __atomic_load_n(&flight.bell, __ATOMIC_ACQUIRE);
        look(planned);
        uint64_t pause = pause_ns();
        planned = flight_now_ns() + pause;
        sys_wait(&flight.bell, heard, pause);
    }
    record_whole(flight_now_ns());
    __atomic_store_n(&flight.stop, 2, __ATOMIC_RELEASE);
    sys_wake(&flight.stop);
    return NULL;
}

static void reset_rooms(void)
{
    looked_ns = 0;
    calm = resting = false;
    takeoff_reset();
    look_reset();
    vigil_reset();
    ladder_reset();
    record_reset();
    chores_reset();
}

bool watcher_start(void)
{
    struct own_thread own;
    sigset_t all;
    reset_rooms();
    /* Until it runs its maker stands for it: making a thread takes a lock of the loader, too. */
    __atomic_store_n(&watcher_tid, sys_gettid(), __ATOMIC_RELEASE);
    sigfillset(&all);
    bool begun = own_thread_start(&own, watch_thread, &all);
    if (begun)
        own_thread_detach(&own);
    else
        __atomic_store_n(&watcher_tid, 0, __ATOMIC_RELEASE);
    return begun;
}

bool watcher_sleeps(void)
{
    uint32_t tid = __atomic_load_n(&watcher_tid, __ATOMIC_ACQUIRE);
    return tid && process_run_state(tid) == 'S';
}

bool watcher_stop(uint64_t patience_ns)
{
    uint64_t until = sys_now_ns() + patience_ns;
    uint32_t running = 0;
    __atomic_compare_exchange_n(&flight.stop, &running, 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    flight_ring();
    while (__atomic_load_n(&flight.stop, __ATOMIC_ACQUIRE) != 2 && sys_now_ns() < until)
        sys_wait(&flight.stop, 1, 5 * MS);
    return __atomic_load_n(&flight.stop, __ATOMIC_ACQUIRE) == 2;
}

bool watcher_gone(uint64_t patience_ns)
{
    uint64_t until = sys_now_ns() + patience_ns;
    uint32_t tid = __atomic_load_n(&watcher_tid, __ATOMIC_ACQUIRE);
    while (sys_call(SYS_tgkill, sys_getpid(), tid, 0, 0, 0, 0) == 0 && sys_now_ns() < until)
        sys_yield();
    return sys_call(SYS_tgkill, sys_getpid(), tid, 0, 0, 0, 0) == -ESRCH;
}
