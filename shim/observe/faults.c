/* SPDX-License-Identifier: MIT */
#include "observe/faults.h"
#include "ground/guard.h"
#include "ground/signals.h"
#include "ground/sys.h"
#include "ground/text.h"
#include "observe/process.h"

#include <linux/perf_event.h>
#include <sys/prctl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#ifndef TRAP_PERF
#define TRAP_PERF 6
#endif
#define MAX_THREADS     512u /* that existed at activation; later ones inherit */
#define TRIAL_PERIOD    64u
#define NOBODY          INT32_MAX /* no thread has this number: they end at 2^22 */
#define NARROW_HUGE     1u
#define HUGE_PAGE_BYTES (2u << 20)
#define NARROW_SMALL    8u

struct counters {
    int fds[MAX_THREADS];
    uint32_t tids[MAX_THREADS];
    uint32_t count;
};

static struct {
    faults_event *event;
    uint64_t events;
    bool ours;   /* SIGTRAP */
    bool proved; /* a counter was open once */
    bool small_pages;
    uint32_t wide_period, narrow_period;
    struct counters wide, narrow, former;
} faults;

/* Older headers lack the later members: the attribute as Linux 5.18 has it, 120 bytes and more. */
static int open_counter(uint32_t tid, uint32_t period, bool counts)
{
    struct perf_event_attr attribute;
    memset(&attribute, 0, sizeof attribute);
    attribute.type = PERF_TYPE_SOFTWARE;
    attribute.size = sizeof attribute;
    attribute.config = PERF_COUNT_SW_PAGE_FAULTS;
    attribute.sample_period = period;
    attribute.sample_type = PERF_SAMPLE_ADDR;
    attribute.exclude_kernel = 1;
    attribute.exclude_hv = 1;
    attribute.inherit = 1;
    attribute.inherit_thread = 1;
    attribute.remove_on_exec = 1;
    attribute.sigtrap = 1;
    attribute.sig_data = counts ? period : 0;
    return sys_lift((int)sys_call(SYS_perf_event_open, (long)&attribute, tid, -1, -1, PERF_FLAG_FD_CLOEXEC, 0));
}

static bool known(const struct counters *counters, uint32_t tid)
{
    for (uint32_t i = 0; i < counters->count; i++)
        if (counters->tids[i] == tid)
            return true;
    return false;
}

/* For every thread but the calling one. Twice, for threads that began meanwhile: doubled events do no harm. */
static int open_all(struct counters *counters, uint32_t period)
{
    uint32_t tids[MAX_THREADS], self = sys_gettid();
    int error = 0;
    for (int round = 0; round < 2; round++) {
        uint32_t n = process_threads(tids, MAX_THREADS);
        for (uint32_t i = 0; i < n && i < MAX_THREADS && counters->count < MAX_THREADS; i++) {
            if (tids[i] == self || known(counters, tids[i]))
                continue;
            int fd = open_counter(tids[i], period, counters == &faults.wide);
            if (fd < 0) {
                error = fd == -ESRCH ? error : fd;
                continue;
            }
            counters->tids[counters->count] = tids[i];
            counters->fds[counters->count++] = fd;
        }
        if (!counters->count)
            return error ? error : -ESRCH;
    }
    return 0;
}

static void close_all(struct counters *counters)
{
    for (uint32_t i = 0; i < counters->count; i++)
        sys_close(counters->fds[i]);
    counters->count = 0;
}

/* Pages since the thread's last event of the wide counter; those of the narrow one are among them. */
static uint64_t pages_of(const siginfo_t *info)
{
    uint64_t pages; /* si_perf_data, behind si_addr; headers before glibc 2.37 do not name it */
    memcpy(&pages, (const char *)&info->si_addr + sizeof info->si_addr, sizeof pages);
    return pages;
}

/* Runs in the toucher, anywhere in its code: no lock, no allocation, errno kept. */
static void on_trap(int signal, siginfo_t *info, void *ucontext)
{
    if (info->si_code != TRAP_PERF) { /* a real breakpoint: what would have happened without us */
        signals_default_again(SIGTRAP);
        return;
    }
    int saved = errno;
    __atomic_fetch_add(&faults.events, 1, __ATOMIC_RELAXED);
    faults_event *event = __atomic_load_n(&faults.event, __ATOMIC_ACQUIRE);
    if (event)
        event((uintptr_t)info->si_addr, pages_of(info), ucontext);
    errno = saved;
}

static bool kernel_at_least(unsigned major, unsigned minor)
{
    struct utsname system;
    uint64_t a = 0, b = 0;
    if (sys_call(SYS_uname, (long)&system, 0, 0, 0, 0, 0) < 0)
        return false;
    const char *at = system.release;
    text_parse_u64(&at, &a);
    at += *at == '.';
    text_parse_u64(&at, &b);
    return a > major || (a == major && b >= minor);
}

static bool is_traced(void)
{
    char status[2048];
    uint64_t tracer = 0;
    return sys_read_file("/proc/self/status", status, sizeof status) > 0 && text_row(status, "TracerPid", &tracer) &&
           tracer;
}

static const char *obstacle(void)
{
    if (!kernel_at_least(5, 18))
        return "the kernel is older than 5.18";
    if (is_traced())
        return "the process is being traced";
    if (!signals_borrow(SIGTRAP, on_trap))
        return "the program has a SIGTRAP handler of its own";
    return NULL;
}

static const char *refusal(int error)
{
    if (error == -EACCES || error == -EPERM)
        return "perf_event_open refused (kernel.perf_event_paranoid above 2, or seccomp)";
    if (error == -EMFILE || error == -ENFILE)
        return "no descriptors left";
    return "perf_event_open failed (no software events in this kernel or container)";
}

static uint32_t narrow_period(void)
{
    return process_huge_pages() == PROCESS_HUGE_NEVER ? NARROW_SMALL : NARROW_HUGE;
}

/*
 * Would there be one? The kernel looks who asks, and for what, before it looks for whom. To open the first counter of
 * the machine and close it again takes it 1.5 ms, which most processes never need.
 */
static int try_for_nobody(void)
{
    int fd = open_counter(NOBODY, TRIAL_PERIOD, true);
    if (fd >= 0)
        sys_close(fd);
    return fd == -ESRCH || fd >= 0 ? 0 : fd;
}

bool faults_open(faults_event *event, char *why, size_t capacity)
{
    const char *reason = obstacle();
    if (!reason) {
        faults.event = event;
        faults.narrow_period = narrow_period();
        faults.wide_period = 0;
        faults.proved = false;
        faults.ours = true;
        int error = try_for_nobody();
        if (!error) {
            text_copy(why, capacity, "the toucher is interrupted at its own page faults");
            return true;
        }
        reason = refusal(error);
        faults_close();
    }
    text_copy(why, capacity, reason);
    return false;
}

/*
 * Threads that began meanwhile inherit; a counter that could not be opened is tried again at the next call. Returns
 * -errno when it was tried and refused.
 */
static int keep(struct counters *counters, bool wanted, uint32_t period)
{
    int error = 0;
    if (wanted && !counters->count)
        error = open_all(counters, period);
    else if (!wanted && counters->count)
        close_all(counters);
    faults.proved = faults.proved || counters->count;
    return error;
}

void faults_small_pages(bool wanted)
{
    if (wanted == faults.small_pages || (wanted && sys_call(SYS_prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0, 0) != 0))
        return;
    if (sys_call(SYS_prctl, PR_SET_THP_DISABLE, wanted, 0, 0, 0, 0) == 0)
        faults.small_pages = wanted;
}

uint64_t faults_huge_bytes(void)
{
    return faults.narrow_period == NARROW_HUGE ? HUGE_PAGE_BYTES : 0;
}

/* The former counters are there until the others are: a hundred busy threads are not without any for 50 ms. */
static void replace_wide(void)
{
    faults.former = faults.wide;
    faults.wide.count = 0;
    open_all(&faults.wide, faults.wide_period);
    close_all(&faults.former);
    keep(&faults.wide, true, faults.wide_period); /* no descriptors for both: one after the other */
}

bool faults_watch(uint32_t period, char *why, size_t capacity)
{
    int error = 0;
    if (!faults.ours)
        return true;
    bool others = period != faults.wide_period;
    faults.wide_period = period;
    if (others && period && faults.wide.count)
        replace_wide();
    else
        error = keep(&faults.wide, period != 0, period);
    if (!error || error == -ESRCH || faults.proved)
        return true;
    text_copy(why, capacity, refusal(error));
    faults_close();
    return false;
}

uint32_t faults_period(void)
{
    return faults.ours ? faults.wide_period : 0;
}

void faults_near(bool near)
{
    if (!faults.ours)
        return;
    bool covered = faults.wide.count && faults.wide_period <= faults.narrow_period; /* opening takes its time */
    keep(&faults.narrow, near && !covered, faults.narrow_period);
}

bool faults_running(void)
{
    if (faults.ours && !signals_is_ours(SIGTRAP)) /* taken by a raw system call: events would confuse or kill */
        faults_surrender();
    return faults.ours;
}

uint64_t faults_count(void)
{
    return __atomic_load_n(&faults.events, __ATOMIC_RELAXED);
}

void faults_surrender(void)
{
    if (!__atomic_exchange_n(&faults.ours, false, __ATOMIC_ACQ_REL))
        return;
    close_all(&faults.narrow);
    close_all(&faults.wide);
}

void faults_close(void)
{
    faults_small_pages(false);
    faults_surrender();
    faults.event = NULL;
    /* In this process the handler stays: an event may be on its way. It does nothing without a callback. */
    if (!guard_same_process())
        signals_return(SIGTRAP);
}
