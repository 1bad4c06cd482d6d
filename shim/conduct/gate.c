/* SPDX-License-Identifier: MIT */
#include "conduct/gate.h"
#include "conduct/binding.h"
#include "conduct/flight.h"
#include "conduct/muster.h"
#include "conduct/pulse.h"
#include "conduct/stack.h"
#include "conduct/touch.h"
#include "ground/guard.h"

#include <string.h>

#define ROLL_NS        UINT64_C(5000000) /* the roll is renewed that often while the gate is armed */
#define WAIT_SLICE_NS  UINT64_C(10000000)
#define HELD_SLICE_NS  UINT64_C(5000000)
#define YIELD_SLICE_NS UINT64_C(1000000)
#define SPIN_NS        UINT64_C(2000000000)

static struct {
    uint32_t armed;
    uint32_t reached;
    uint32_t closed;      /* futex of those who wait */
    uint32_t yielding;    /* the watcher's thread id while it takes locks of the program */
    uint64_t yielding_ns; /* since when */
    uint32_t holding;     /* who grows waits alone, the others go on */
    uint32_t held;        /* threads that wait so */
    uint64_t incident_ns; /* stacks taken before are of an earlier incident */
    uint64_t margin_bytes;
    bool automatic; /* the margin may grow with the number of touching threads */
    uint64_t ring_below_bytes;
    uint64_t roll_ns;
    struct lock slot_lock;
} gate;

/* ---- looking ---- */

uint64_t gate_margin(void)
{
    return policy_margin_for(gate.margin_bytes, gate.automatic, binding_limit(), muster_touchers());
}

/* Of a thread that looks at its own tick: the watcher may not know yet how fast it goes. */
static bool at_ticked_margin(uint64_t headroom, uint64_t from_ns)
{
    return gate.automatic && headroom <= policy_margin_ticked(binding_limit(), pulse_growth(headroom, from_ns));
}

static bool at_margin(bool ticked)
{
    uint64_t from_ns = ticked ? sys_now_ns() : 0, margin = gate_margin(), headroom = binding_headroom(margin);
    uint64_t below = __atomic_load_n(&gate.ring_below_bytes, __ATOMIC_RELAXED);
    if (headroom < below && __atomic_exchange_n(&gate.ring_below_bytes, 0, __ATOMIC_RELAXED))
        flight_ring();
    return headroom <= margin || (ticked && at_ticked_margin(headroom, from_ns));
}

/* ---- waiting ---- */

static struct lw_thread *find_slot(struct lw_section *section, uint32_t tid)
{
    uint64_t used = __atomic_load_n(&section->used, __ATOMIC_ACQUIRE);
    for (uint64_t i = 0; i < used; i++)
        if (flight.journal.threads[i].tid == tid)
            return &flight.journal.threads[i];
    return NULL;
}

/* The slot of this thread in the journal, a new one if need be; NULL when all are taken. */
static struct lw_thread *slot_of(uint32_t tid)
{
    struct lw_section *section = journal_section(&flight.journal, LW_SECTION_THREADS);
    while (!lock_take(&gate.slot_lock))
        continue; /* held for less than a microsecond a thread */
    struct lw_thread *slot = find_slot(section, tid);
    bool fresh = !slot;
    if (fresh) {
        uint32_t at = journal_next(section);
        slot = at == UINT32_MAX ? NULL : &flight.journal.threads[at];
        if (slot) {
            memset(slot, 0, sizeof *slot);
            slot->tid = tid;
            journal_publish(section);
        }
    }
    lock_drop(&gate.slot_lock);
    if (fresh && slot)
        process_thread(tid, &slot->run_state, slot->name);
    return slot;
}

static bool is_stale(const struct lw_thread *slot)
{
    return slot->taken_ns < __atomic_load_n(&gate.incident_ns, __ATOMIC_RELAXED);
}

static void leave_stack(void *ucontext, bool async)
{
    struct lw_thread *slot = slot_of(sys_gettid());
    if (!slot || (__atomic_load_n(&slot->ready, __ATOMIC_ACQUIRE) == LW_THREAD_READY && !is_stale(slot)))
        return;
    slot->frame_count = stack_in_handler(slot->frames, LW_THREAD_FRAMES, ucontext, async, true);
    slot->taken_ns = flight_now_ns();
    __atomic_store_n(&slot->ready, LW_THREAD_READY, __ATOMIC_RELEASE);
}

/*
 * Does the watcher sleep for a lock of the program's? One that only has no processor needs nobody to go on. One that
 * spins for a lock looks like that, so nobody waits long for it.
 */
static bool is_yielding(void)
{
    uint32_t watcher = __atomic_load_n(&gate.yielding, __ATOMIC_ACQUIRE);
    if (!watcher)
        return false;
    if (sys_now_ns() - __atomic_load_n(&gate.yielding_ns, __ATOMIC_RELAXED) > SPIN_NS)
        return true;
    char run_state = process_run_state(watcher);
    return run_state == 'S' || run_state == '?';
}

static uint64_t slice_ns(uint64_t usual_ns)
{
    return __atomic_load_n(&gate.yielding, __ATOMIC_ACQUIRE) ? YIELD_SLICE_NS : usual_ns;
}

/* Waits until the gate is open. The caller has no lock of ours; the program may hold any of its own here. */
static void wait_here(void *ucontext, bool async)
{
    if (thread_state.flags & (THREAD_OURS | THREAD_WAITING) || is_yielding() || !guard_same_process())
        return;
    thread_state.flags |= THREAD_WAITING;
    thread_state.depth++; /* what happens in here is ours */
    leave_stack(ucontext, async);
    while (__atomic_load_n(&gate.closed, __ATOMIC_ACQUIRE) && !is_yielding())
        sys_wait(&gate.closed, 1, slice_ns(WAIT_SLICE_NS));
    thread_state.depth--;
    thread_state.flags &= ~THREAD_WAITING;
}

/* Threads on their way out of our code. */
static void wait_at_door(void)
{
    wait_here(NULL, false);
}

static bool is_holding(void)
{
    return __atomic_load_n(&gate.holding, __ATOMIC_ACQUIRE) != 0;
}

/*
 * One thread that grows, until there is headroom again or the hold is over. Its waking asks for no watcher: memory that
 * somebody else frees lets it go on within a slice.
 */
static void wait_held(void *ucontext, bool async)
{
    if (thread_state.flags & (THREAD_OURS | THREAD_WAITING))
        return;
    thread_state.flags |= THREAD_WAITING;
    thread_state.depth++;
    leave_stack(ucontext, async);
    __atomic_fetch_add(&gate.held, 1, __ATOMIC_RELAXED);
    while (is_holding() && !is_yielding() && at_margin(false))
        sys_wait(&gate.holding, 1, slice_ns(HELD_SLICE_NS));
    __atomic_fetch_sub(&gate.held, 1, __ATOMIC_RELAXED);
    thread_state.depth--;
    thread_state.flags &= ~THREAD_WAITING;
}

/* ---- the program's threads ---- */

static void reach(void)
{
    if (__atomic_exchange_n(&gate.reached, 1, __ATOMIC_ACQ_REL))
        return;
    gate_close();
    flight_ring();
}

/* A child of vfork would do it in its parent's name. */
void gate_look(void)
{
    if (!__atomic_load_n(&gate.armed, __ATOMIC_ACQUIRE) || __atomic_load_n(&gate.closed, __ATOMIC_ACQUIRE) ||
        guard_is_guest() || !at_margin(false))
        return;
    if (is_holding())
        wait_held(NULL, false);
    else
        reach();
}

/*
 * Should the margin be reached, the thread waits, alone or with all the others; false: it is not. ticked: at a tick of
 * its own, anywhere; else at a page fault.
 */
static bool wait_at_margin(void *ucontext, bool ticked)
{
    if (!__atomic_load_n(&gate.armed, __ATOMIC_ACQUIRE) || !at_margin(ticked))
        return false;
    if (is_holding()) {
        wait_held(ucontext, ticked);
    } else {
        reach();
        wait_here(ucontext, ticked);
    }
    return true;
}

void gate_event(uint64_t address, uint64_t pages, void *ucontext)
{
    if (guard_inside() || !guard_same_process())
        return;
    uint64_t unsampled = muster_note_touch(pages);
    if (__atomic_load_n(&gate.closed, __ATOMIC_ACQUIRE))
        wait_here(ucontext, false);
    else if (!wait_at_margin(ucontext, false) && unsampled)
        touch_note(address, unsampled, ucontext);
}

/*
 * The handler of the muster's signal: somebody stops us, or our own processor time went by (pulse). It may have landed
 * in malloc, the loader, libunwind or in our own code. Inside our code the thread waits on its way out instead
 * (guard_leave), because a lock of ours may be held here.
 */
static void on_signal(int signal, siginfo_t *info, void *ucontext)
{
    int saved = errno;
    if (!guard_inside() && guard_same_process()) {
        if (__atomic_load_n(&gate.closed, __ATOMIC_ACQUIRE))
            wait_here(ucontext, true);
        else if (info->si_code == SI_TIMER)
            wait_at_margin(ucontext, true);
    }
    errno = saved;
}

/* ---- the watcher ---- */

void gate_arm(uint64_t margin_bytes, bool automatic)
{
    if (__atomic_load_n(&gate.closed, __ATOMIC_ACQUIRE))
        return;
    uint64_t now = sys_now_ns();
    if (now - gate.roll_ns >= ROLL_NS && muster_take_signal(on_signal)) {
        gate.roll_ns = now;
        muster_call();
    }
    gate.margin_bytes = margin_bytes;
    gate.automatic = automatic;
    __atomic_store_n(&gate.armed, 1, __ATOMIC_RELEASE);
}

void gate_ring_below(uint64_t headroom_bytes)
{
    __atomic_store_n(&gate.ring_below_bytes, headroom_bytes, __ATOMIC_RELAXED);
}

bool gate_has_rung(void)
{
    return !__atomic_load_n(&gate.ring_below_bytes, __ATOMIC_RELAXED);
}

void gate_disarm(void)
{
    __atomic_store_n(&gate.armed, 0, __ATOMIC_RELEASE);
}

void gate_yield(bool yielding)
{
    __atomic_store_n(&gate.yielding_ns, sys_now_ns(), __ATOMIC_RELAXED);
    __atomic_store_n(&gate.yielding, yielding ? sys_gettid() : 0, __ATOMIC_RELEASE);
}

bool gate_is_armed(void)
{
    return __atomic_load_n(&gate.armed, __ATOMIC_ACQUIRE) != 0;
}

/* A thread that is stopped between the two words in reach() closes the gate after the gate_open it was stopped for. */
bool gate_reached(void)
{
    return __atomic_load_n(&gate.reached, __ATOMIC_ACQUIRE) || __atomic_load_n(&gate.closed, __ATOMIC_ACQUIRE);
}

void gate_close(void)
{
    guard_gate = wait_at_door;
    if (__atomic_exchange_n(&gate.closed, 1, __ATOMIC_ACQ_REL))
        return;
    __atomic_store_n(&guard_gate_closed, 1, __ATOMIC_RELEASE);
    muster_stop();
}

static bool all_answered(void)
{
    struct lw_section *section = journal_section(&flight.journal, LW_SECTION_THREADS);
    for (uint64_t i = 0; i < section->used; i++)
        if (__atomic_load_n(&flight.journal.threads[i].ready, __ATOMIC_ACQUIRE) == LW_THREAD_ASKED)
            return false;
    return true;
}

void gate_gather(uint64_t patience_ns)
{
    if (!muster_take_signal(on_signal))
        return;
    muster_call();
    for (uint32_t i = 0; i < muster_count(); i++) {
        bool asleep;
        struct lw_thread *slot = slot_of(muster_tid(i, &asleep));
        uint32_t empty = slot && is_stale(slot) ? slot->ready : LW_THREAD_EMPTY;
        if (slot)
            __atomic_compare_exchange_n(&slot->ready, &empty, asleep ? LW_THREAD_SKIPPED : LW_THREAD_ASKED, false,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
    }
    muster_stop();
    uint64_t until = sys_now_ns() + patience_ns;
    while (!all_answered() && sys_now_ns() < until)
        sys_sleep_ns(100000);
}

void gate_hold(bool holding, uint64_t margin_bytes)
{
    gate.margin_bytes = margin_bytes;
    gate.automatic = false;
    __atomic_store_n(&gate.holding, holding, __ATOMIC_RELEASE);
    if (!holding)
        sys_wake(&gate.holding);
}

uint32_t gate_held(void)
{
    return __atomic_load_n(&gate.held, __ATOMIC_RELAXED);
}

void gate_open(void)
{
    if (!is_holding())
        gate_disarm();
    gate_resume();
}

void gate_resume(void)
{
    __atomic_store_n(&gate.incident_ns, flight_now_ns(), __ATOMIC_RELAXED);
    __atomic_store_n(&gate.reached, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&guard_gate_closed, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&gate.closed, 0, __ATOMIC_RELEASE);
    sys_wake(&gate.closed);
    /* The stop signal stays borrowed: one that is still under way would kill if it met the default again. */
}

void gate_reset(void)
{
    memset(&gate, 0, sizeof gate);
    guard_gate_closed = 0;
    pulse_reset();
    muster_reset();
}
