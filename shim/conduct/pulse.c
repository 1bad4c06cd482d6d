/* SPDX-License-Identifier: MIT */
#include "conduct/pulse.h"
#include "conduct/binding.h"
#include "conduct/muster.h"
#include "ground/lock.h"
#include "ground/sys.h"
#include "judge/speed.h"

#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#define MAX_TIMERS  1024u
#define INTERVAL_NS 10000 /* the kernel makes a tick of it */
#define ROLL_NS     UINT64_C(5000000)
#define TICK_MAX_NS UINT64_C(10000000) /* CONFIG_HZ=100 */

static struct {
    int signal; /* 0: none beats */
    uint32_t count;
    struct {
        uint32_t tid;
        int timer;
    } timers[MAX_TIMERS];
    uint64_t roll_ns, tick_ns;
    struct lock lock;
    struct speed speed; /* with which headroom goes, by whoever looks */
    uint64_t growth;    /* in a tick */
} pulse;

/* The processor time of a thread as a clock: the kernel's encoding, include/linux/posix-timers.h. */
static clockid_t clock_of(uint32_t tid)
{
    enum { SCHEDULED = 2, OF_THREAD = 4 };
    return (clockid_t)(~tid << 3 | OF_THREAD | SCHEDULED);
}

static bool start_timer(uint32_t tid, int *timer)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID,
                             .sigev_signo = __atomic_load_n(&pulse.signal, __ATOMIC_ACQUIRE)};
    struct itimerspec beat = {.it_interval.tv_nsec = INTERVAL_NS, .it_value.tv_nsec = INTERVAL_NS};
    event._sigev_un._tid = (int)tid;
    if (sys_call(SYS_timer_create, clock_of(tid), (long)&event, (long)timer, 0, 0, 0))
        return false;
    return sys_call(SYS_timer_settime, *timer, 0, (long)&beat, 0, 0, 0) == 0;
}

static void add_timer(uint32_t tid)
{
    int timer;
    uint32_t at = __atomic_load_n(&pulse.count, __ATOMIC_RELAXED);
    if (at >= MAX_TIMERS || !start_timer(tid, &timer))
        return;
    at = __atomic_fetch_add(&pulse.count, 1, __ATOMIC_RELAXED);
    if (at >= MAX_TIMERS) {
        sys_call(SYS_timer_delete, timer, 0, 0, 0, 0, 0);
        return;
    }
    pulse.timers[at].timer = timer;
    __atomic_store_n(&pulse.timers[at].tid, tid, __ATOMIC_RELEASE);
    if (!__atomic_load_n(&pulse.signal, __ATOMIC_ACQUIRE)) /* all were stopped meanwhile: perhaps without this one */
        sys_call(SYS_timer_delete, timer, 0, 0, 0, 0, 0);
}

static bool has_timer(uint32_t tid)
{
    uint32_t count = __atomic_load_n(&pulse.count, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < count && i < MAX_TIMERS; i++)
        if (__atomic_load_n(&pulse.timers[i].tid, __ATOMIC_ACQUIRE) == tid)
            return true;
    return false;
}

void pulse_stop(void)
{
    if (!__atomic_exchange_n(&pulse.signal, 0, __ATOMIC_ACQ_REL))
        return;
    uint32_t count = __atomic_load_n(&pulse.count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count && i < MAX_TIMERS; i++)
        if (__atomic_exchange_n(&pulse.timers[i].tid, 0, __ATOMIC_ACQ_REL))
            sys_call(SYS_timer_delete, pulse.timers[i].timer, 0, 0, 0, 0, 0);
    __atomic_store_n(&pulse.count, 0, __ATOMIC_RELEASE);
}

static uint64_t kernel_tick_ns(void)
{
    struct timespec tick = {0};
    sys_call(SYS_clock_getres, CLOCK_MONOTONIC_COARSE, (long)&tick, 0, 0, 0, 0);
    return tick.tv_nsec ? (uint64_t)tick.tv_nsec : TICK_MAX_NS;
}

static void start(int signal)
{
    pulse.tick_ns = kernel_tick_ns();
    pulse.speed = (struct speed){0};
    pulse.growth = 0;
    __atomic_store_n(&pulse.signal, signal, __ATOMIC_RELEASE);
    muster_call(); /* whoever begins from here on has a timer by itself */
}

void pulse_keep(bool wanted, uint64_t now_ns)
{
    int signal = muster_signal();
    if (!wanted || !signal) {
        pulse_stop();
        return;
    }
    if (pulse.signal && now_ns - pulse.roll_ns < ROLL_NS)
        return;
    pulse.roll_ns = now_ns;
    if (!pulse.signal)
        start(signal);
    for (uint32_t i = 0; i < muster_count(); i++) {
        bool asleep;
        uint32_t tid = muster_tid(i, &asleep);
        if (!has_timer(tid))
            add_timer(tid);
    }
}

uint64_t pulse_tick_ns(void)
{
    return __atomic_load_n(&pulse.count, __ATOMIC_RELAXED) ? pulse.tick_ns : 0;
}

uint64_t pulse_growth(uint64_t headroom_bytes, uint64_t from_ns)
{
    if (lock_try(&pulse.lock)) {
        speed_note(&pulse.speed, from_ns, sys_now_ns(), LW_UNLIMITED - headroom_bytes);
        uint64_t growth = (uint64_t)((double)pulse.speed.per_s * (double)pulse.tick_ns * 1e-9);
        __atomic_store_n(&pulse.growth, growth, __ATOMIC_RELAXED);
        lock_drop(&pulse.lock);
    }
    return __atomic_load_n(&pulse.growth, __ATOMIC_RELAXED);
}

void pulse_thread_began(void)
{
    if (__atomic_load_n(&pulse.signal, __ATOMIC_ACQUIRE))
        add_timer(sys_gettid());
}

void pulse_reset(void)
{
    memset(&pulse, 0, sizeof pulse);
}
