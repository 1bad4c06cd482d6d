/* SPDX-License-Identifier: MIT */
#include "conduct/muster.h"
#include "ground/guard.h"
#include "ground/sys.h"
#include "observe/process.h"

#include <string.h>
#include <sys/syscall.h>

#define MAX_THREADS  1024u
#define SORTED       256u
#define CROWD        16u
#define FEW_TOUCHERS 4u
#define SAMPLE_NS    UINT64_C(5000000) /* a sample costs 30 us: 0.6 % of the thread's time */

static struct {
    uint32_t generation; /* of the table below: threads that noted themselves in an older one do it again */
    int signal;
    bool everybody;
    uint32_t watcher; /* its thread id */
    uint32_t left_out;
    uint32_t count;
    struct {
        uint32_t tid;
        bool asleep;
    } roll[MAX_THREADS];
    uint64_t listed; /* how many threads there were at the last roll, above the count of those below then */
    /* Who began, or had an event of the fault counter, and when last. Old entries are overwritten. */
    uint32_t toucher_count;
    struct {
        uint32_t tid;
        uint64_t last_ns;
        uint64_t sampled_ns, unsampled_pages;
    } touchers[MAX_THREADS];
} muster;

bool muster_take_signal(signals_handler *handler)
{
    for (int signal = SIGRTMAX - 1; signal > SIGRTMIN && !muster_signal(); signal--)
        if (signals_borrow(signal, handler))
            __atomic_store_n(&muster.signal, signal, __ATOMIC_RELEASE);
    return muster_signal() != 0;
}

int muster_signal(void)
{
    return __atomic_load_n(&muster.signal, __ATOMIC_ACQUIRE);
}

bool muster_surrender(int signal)
{
    return __atomic_compare_exchange_n(&muster.signal, &signal, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void muster_everybody(bool everybody)
{
    muster.everybody = everybody;
}

void muster_leave_out(uint32_t tid)
{
    __atomic_store_n(&muster.left_out, tid, __ATOMIC_RELEASE);
}

static uint32_t ever_noted(void)
{
    return __atomic_load_n(&muster.toucher_count, __ATOMIC_RELAXED);
}

void muster_call(void)
{
    static uint32_t tids[MAX_THREADS]; /* watcher only */
    uint32_t noted = ever_noted(), self = sys_gettid(), count = process_threads(tids, MAX_THREADS), kept = 0;
    __atomic_store_n(&muster.listed, (uint64_t)count << 32 | noted, __ATOMIC_RELEASE);
    muster.watcher = self;
    __atomic_store_n(&muster.count, 0, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < count && i < MAX_THREADS; i++) {
        if (tids[i] == self || tids[i] == __atomic_load_n(&muster.left_out, __ATOMIC_ACQUIRE))
            continue;
        char run_state = muster.everybody ? 'R' : process_run_state(tids[i]);
        if (run_state == '?')
            continue;
        muster.roll[kept].tid = tids[i];
        muster.roll[kept++].asleep = run_state == 'S';
    }
    __atomic_store_n(&muster.count, kept, __ATOMIC_RELEASE);
}

static uint32_t own_place(void)
{
    if (thread_state.muster != muster.generation) {
        thread_state.muster = muster.generation;
        thread_state.toucher = __atomic_fetch_add(&muster.toucher_count, 1, __ATOMIC_RELAXED) % MAX_THREADS;
        muster.touchers[thread_state.toucher].tid = sys_gettid();
        muster.touchers[thread_state.toucher].unsampled_pages = 0;
    }
    return thread_state.toucher;
}

bool muster_note_thread(void)
{
    __atomic_store_n(&muster.touchers[own_place()].last_ns, sys_now_ns(), __ATOMIC_RELAXED);
    return thread_state.toucher % CROWD == CROWD - 1;
}

uint64_t muster_note_touch(uint64_t pages)
{
    uint64_t now = sys_now_ns();
    uint32_t place = own_place();
    __atomic_store_n(&muster.touchers[place].last_ns, now, __ATOMIC_RELAXED);
    uint64_t unsampled = muster.touchers[place].unsampled_pages += pages;
    if (now - muster.touchers[place].sampled_ns < SAMPLE_NS)
        return 0;
    muster.touchers[place].sampled_ns = now;
    muster.touchers[place].unsampled_pages = 0;
    return unsampled;
}

uint32_t muster_touchers(void)
{
    uint64_t listed = __atomic_load_n(&muster.listed, __ATOMIC_ACQUIRE);
    uint32_t ever = ever_noted(), since = ever - (uint32_t)listed, threads = (uint32_t)(listed >> 32);
    return listed && threads + since < ever ? threads + since : ever;
}

static void stop_one(uint32_t tid, uint32_t pid)
{
    int signal = muster_signal();
    if (signal)
        sys_call(SYS_tgkill, pid, tid, signal, 0, 0, 0);
}

/* Puts the latest of the rest to this place. Some 10 us for all of 128; beyond SORTED the order does not matter. */
static void latest_to(uint32_t *order, uint32_t count, uint32_t place)
{
    uint32_t best = place;
    for (uint32_t i = place + 1; i < count && place < SORTED; i++)
        if (muster.touchers[order[i]].last_ns > muster.touchers[order[best]].last_ns)
            best = i;
    uint32_t swap = order[place];
    order[place] = order[best];
    order[best] = swap;
}

static void stop_touchers(uint32_t self, uint32_t pid)
{
    static uint32_t order[MAX_THREADS];
    uint32_t count = ever_noted();
    count = count < MAX_THREADS ? count : MAX_THREADS;
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = 0; i < count; i++) {
        latest_to(order, count, i);
        if (muster.touchers[order[i]].tid != self && muster.touchers[order[i]].tid != pid)
            stop_one(muster.touchers[order[i]].tid, pid);
    }
}

static bool on_roll(uint32_t tid)
{
    for (uint32_t i = 0; i < muster.count; i++)
        if (muster.roll[i].tid == tid)
            return true;
    return false;
}

static bool main_sleeps(void)
{
    uint32_t pid = sys_getpid();
    for (uint32_t i = 0; i < muster.count; i++)
        if (muster.roll[i].tid == pid)
            return muster.roll[i].asleep;
    return false;
}

/*
 * Each of a hundred busy threads may touch 63 more pages before its own next event of the fault counter: they are
 * stopped at once, the latest touchers first (2 us each), because waking one that sleeps costs us the processor, and
 * who sleeps has not touched anything lately. The main thread, which mostly waits for the others, comes last. Then the
 * rest of the roll, and whoever is younger than it (/proc: 1 ms for 128 threads). A second signal does no harm.
 */
static void stop_all(void)
{
    static uint32_t tids[MAX_THREADS];
    uint32_t pid = sys_getpid(), self = sys_gettid();
    stop_touchers(self, pid);
    for (uint32_t i = 0; i < muster.count; i++)
        if (muster.roll[i].tid != self && muster.roll[i].tid != pid && !muster.roll[i].asleep)
            stop_one(muster.roll[i].tid, pid);
    uint32_t count = process_threads(tids, MAX_THREADS);
    for (uint32_t i = 0; i < count && i < MAX_THREADS; i++)
        if (tids[i] != self && tids[i] != muster.watcher && !on_roll(tids[i]))
            stop_one(tids[i], pid);
    if (self != pid && !main_sleeps())
        stop_one(pid, pid);
}

void muster_stop(void)
{
    struct sys_scheduling before;
    if (!muster_signal())
        return;
    bool ahead = muster_touchers() > FEW_TOUCHERS && sys_get_ahead(&before);
    stop_all();
    if (ahead)
        sys_set_scheduling(&before);
}

uint32_t muster_count(void)
{
    return __atomic_load_n(&muster.count, __ATOMIC_ACQUIRE);
}

uint32_t muster_tid(uint32_t place, bool *asleep)
{
    *asleep = muster.roll[place].asleep;
    return muster.roll[place].tid;
}

void muster_reset(void)
{
    uint32_t generation = muster.generation + 1;
    memset(&muster, 0, sizeof muster);
    muster.generation = generation;
}
