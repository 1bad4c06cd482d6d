/* SPDX-License-Identifier: MIT */
#include "conduct/lifecycle.h"
#include "conduct/attribution.h"
#include "conduct/binding.h"
#include "conduct/brake.h"
#include "conduct/company.h"
#include "conduct/copying.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/grace.h"
#include "conduct/lodging.h"
#include "conduct/refusal.h"
#include "conduct/stack.h"
#include "conduct/takeoff.h"
#include "conduct/touch.h"
#include "conduct/watcher.h"
#include "ground/allocator.h"
#include "ground/fence.h"
#include "ground/filter.h"
#include "ground/guard.h"
#include "ground/next.h"
#include "ground/pinned.h"
#include "ground/signals.h"
#include "ground/text.h"
#include "observe/elf_symbols.h"
#include "observe/faults.h"
#include "observe/python.h"
#include "observe/python_cache.h"
#include "observe/python_objects.h"
#include "observe/unwind.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LIVE_FIRST          4096u
#define NODES_FIRST_BYTES   (64u << 10) /* of the index of nodes: some 6,000 of them */
#define LIVE_MORE           131072u
#define MAPPING_SLOTS       16384u
#define ARENA_BYTES         (32u << 20) /* address space; used pages only cost memory */
#define DORMANT_STEP_MIN    (1u << 20)
#define GLANCES_A_LOOK      16u
#define EXIT_PATIENCE_NS    UINT64_C(100000000)
#define TAKEOFF_PATIENCE_NS UINT64_C(3000000000) /* it takes some 10 ms, a second where memory.high throttles it */
/* asleep while it needs the loader, whose lock the waiting thread may hold */
#define LOADER_PATIENCE_NS UINT64_C(100000000)
#define TAKEOFF_SLICE_NS   UINT64_C(2000000)
#define BLIND_STEP         (1u << 20)

struct flight flight;
static uint64_t base_rss_bytes, base_data_bytes; /* of a forked child: what it was born with; else what is ours */
static uint64_t dormant_step = DORMANT_STEP_MIN, rss_before_bytes;
static uint64_t lacking_bytes; /* of the activation size, at the last look */
static uint64_t peak_before_kib;
static uint32_t glances; /* since the last look */
static uint32_t born;    /* 1: the base is to be measured at the next look */

/* ---- start ---- */

static void complain(void *context, const char *line)
{
    (void)context;
    if (flight.options.verbose >= 1)
        sys_write_all(2, line, strlen(line));
}

static bool is_wanted(void)
{
    char program[64];
    sys_program(program, sizeof program);
    return options_watch(&flight.options, program);
}

static void settle_options(void)
{
    struct options *options = &flight.options;
    if (options->jemalloc && !allocator_is_jemalloc())
        complain(NULL, "lastwords: LASTWORDS has allocator=jemalloc, which this library was built without "
                       "(package libjemalloc-dev); the job runs on with its own\n");
    if (options->score != OPTIONS_UNSET) {
        char digits[16];
        struct text text = TEXT_ON(digits);
        text_i64(&text, options->score);
        int fd = sys_open("/proc/self/oom_score_adj", O_WRONLY, 0);
        if (fd < 0 || sys_write_all(fd, digits, text.length) < 0)
            complain(NULL, "lastwords: oom_score_adj cannot be lowered without CAP_SYS_RESOURCE; it stays\n");
        sys_close(fd);
    }
}

/* A child must not begin in the middle of a dlopen of ours; one that only waits for the program's does no harm. */
static void await_loader(void)
{
    uint64_t until = sys_now_ns() + LOADER_PATIENCE_NS;
    while (takeoff_is_loading() && sys_now_ns() < until)
        sys_yield();
}

static void before_fork(void)
{
    flight.shares_pages = flight.residency.shares = true;
    lifecycle_await_takeoff();
    await_loader();
    fence_fork_prepare();
}

/* Tables of this library, jemalloc's above all, that stand in the process's sum of private memory and cost nothing. */
static uint64_t own_table_bytes(void)
{
    extern char __bss_start[] __attribute__((visibility("hidden")));
    extern char _end[] __attribute__((visibility("hidden")));
    return (uint64_t)((uintptr_t)_end - (uintptr_t)__bss_start);
}

void lifecycle_start(void)
{
    base_data_bytes = own_table_bytes();
    const char *setting = getenv("LASTWORDS"), *job = getenv("LASTWORDS_LAUNCHER"), *tmpdir = getenv("TMPDIR"),
               *brake = getenv("LASTWORDS_BRAKE");
    options_preset(&flight.options);
    text_copy(flight.options_text, sizeof flight.options_text, setting ? setting : "");
    text_copy(flight.job, sizeof flight.job, job ? job : "");
    text_copy(flight.tmpdir, sizeof flight.tmpdir, tmpdir ? tmpdir : "");
    text_copy(flight.brake, sizeof flight.brake, brake ? brake : "");
    options_parse(&flight.options, setting, complain, NULL);
    if (flight.options.off || !is_wanted()) {
        __atomic_store_n(&flight.phase, FLIGHT_OFF, __ATOMIC_RELEASE);
        return;
    }
    settle_options();
    guard_mark_process();
    pthread_atfork(before_fork, fence_fork_parent, lifecycle_forked);
    __atomic_store_n(&flight.phase, FLIGHT_DORMANT, __ATOMIC_RELEASE);
}

/* ---- activation ---- */

static bool open_stores(void)
{
    struct arena *arena = &flight.arena;
    void *live = arena_take(arena, live_bytes(LIVE_FIRST + LIVE_MORE));
    void *mappings = arena_take(arena, mappings_bytes(MAPPING_SLOTS));
    void *sites = arena_take(arena, sites_private_bytes());
    flight.python_cache = arena_take(arena, python_cache_bytes());
    if (!live || !mappings || !sites || !flight.python_cache || !attribution_open(LIVE_FIRST + LIVE_MORE))
        return false;
    /* Tables that any program fills: page by page, each read before it is written, they cost four times as much. */
    sys_populate(live, live_bytes(LIVE_FIRST));
    sys_populate(sites, NODES_FIRST_BYTES);
    sys_populate(filter_words, sizeof filter_words);
    sys_populate(filter_counts, sizeof filter_counts);
    sys_populate(flight.journal.string_index.slots, index_bytes(&flight.journal.string_index));
    journal_touch_ahead(&flight.journal, false);
    live_open(&flight.live, live, LIVE_FIRST, LIVE_MORE);
    mappings_open(&flight.mappings, mappings, MAPPING_SLOTS);
    sites_open(&flight.sites, &flight.journal, sites);
    return true;
}

static bool open_journal(void)
{
    static struct lw_identity identity; /* 4 KB: not on a stack that may be small */
    memset(&identity, 0, sizeof identity);
    process_identity(&identity, flight.options_text, flight.job);
    flight.epoch_ns = identity.epoch_mono_ns;
    void *file = lodging_open(&identity);
    void *private_memory = arena_take(&flight.arena, journal_private_bytes());
    if (!file || !private_memory)
        return false;
    identity.activated_ns = flight.governed_ns = flight_now_ns();
    journal_format(&flight.journal, file, private_memory, (uint32_t)sysconf(_SC_PAGESIZE));
    *flight.journal.identity = identity;
    __atomic_store_n(&journal_section(&flight.journal, LW_SECTION_IDENTITY)->used, 1, __ATOMIC_RELEASE);
    return true;
}

static void clear_flight(void)
{
    flight.bell = flight.stop = 0;
    memset(&flight.state, 0, sizeof flight.state);
    flight.state.binding_level = -1;
    flight.state.time_to_limit_ms = LW_UNKNOWN;
    flight.samples_taken = flight.samples_dropped = flight.stacks_missed = flight.sampling_ns = 0;
    flight.governed_sampling_ns = flight.large_sampling_ns = flight.governed_large_ns = flight.ranges_ns = 0;
    flight.refused_count = flight.refused_bytes = 0;
    flight.journal_fd = -1;
    flight.journal_path[0] = '\0';
    flight.cgroup.count = 0;
    flight.pressure.fd = flight.residency.fd = -1;
    pinned_reset();
    gate_reset();
    grace_reset();
    binding_reset();
    refusal_disarm();
    brake_reset();
    company_reset();
    copying_reset();
    touch_reset();
    stack_reset();
    elf_forget();
    python_forget();
    python_objects_forget();
}

static void drop_flight(void)
{
    if (flight.journal_path[0])
        sys_unlink(flight.journal_path);
    sys_unmap(flight.journal.base, flight.journal.bytes);
    sys_close(flight.journal_fd);
    if (flight.arena.base)
        arena_close(&flight.arena);
    memset(&flight.journal, 0, sizeof flight.journal);
}

/* What an earlier flight still has: the parent's in a forked child, our own after an exec that failed. */
static void leave_flight(void)
{
    cgroup_close(&flight.cgroup);
    pressure_close(&flight.pressure);
    residency_close(&flight.residency);
    faults_close();
    drop_flight();
}

static bool is_own_flight(void)
{
    uint32_t phase = flight_phase();
    return (phase == FLIGHT_ACTIVE || phase == FLIGHT_TAKEOFF) && flight.journal.base &&
           flight.journal.identity->pid == sys_getpid(); /* a vfork child shares our memory, but not our pid */
}

static bool is_remarkable(void)
{
    bool refused = flight.options.action == LW_ACTION_REFUSE && flight.refused_count;
    return flight.options.keep_always || refused || flight.state.worst_stage >= LW_STAGE_WARN;
}

/* A polite signal ends a process that has nothing to report: it leaves nothing, and dies of the signal as it would. */
static void on_parting(int signal, siginfo_t *info, void *ucontext)
{
    if (is_own_flight() && !is_remarkable() && flight.journal_path[0])
        sys_unlink(flight.journal_path);
    if (is_own_flight() && grace_is_on()) /* action=signal, and the program lets it kill */
        journal_set_life(&flight.journal, LW_LIFE_ENDED, 128 + signal, flight_now_ns());
    signals_default_again(signal);
}

static void watch_partings(void)
{
    static const int polite[] = {SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof polite / sizeof polite[0]; i++)
        signals_borrow(polite[i], on_parting);
}

static void activate(void)
{
    guard_mark_process();
    if (flight.journal.base)
        leave_flight();
    clear_flight();
    if (arena_open(&flight.arena, ARENA_BYTES) && open_journal() && open_stores()) {
        pinned_range(flight.journal.base, flight.journal.bytes);
        watch_partings();
        if (watcher_start())
            return;
    }
    drop_flight();
    complain(NULL, "lastwords: no memory, file or thread for the journal; this process is not watched\n");
    __atomic_store_n(&flight.phase, FLIGHT_OFF, __ATOMIC_RELEASE);
}

/* Its own size cannot be read: no descriptor is left, or /proc is hidden. Said once by those that seem large. */
static void stay_blind(size_t size)
{
    static uint64_t taken_bytes; /* at least; this is asked about once in a MiB */
    uint64_t taken = __atomic_add_fetch(&taken_bytes, size > BLIND_STEP ? size : BLIND_STEP, __ATOMIC_RELAXED);
    uint32_t dormant = FLIGHT_DORMANT;
    __atomic_store_n(&dormant_step, BLIND_STEP, __ATOMIC_RELAXED);
    if (taken >= flight.options.activate_bytes &&
        __atomic_compare_exchange_n(&flight.phase, &dormant, FLIGHT_OFF, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        complain(NULL, "lastwords: /proc/self cannot be read, or no descriptor is left; this process is not watched\n");
}

/*
 * A MiB of mallocs takes at least 40 us. Who requests and frees without growing is looked at less often;
 * it has to request what it lacks of the activation size before it can have it, though each of its threads may do so.
 */
static void settle_step(uint64_t rss, uint64_t lacking)
{
    uint64_t step = __atomic_load_n(&dormant_step, __ATOMIC_RELAXED) * 2;
    bool growing = rss > rss_before_bytes + DORMANT_STEP_MIN / 4;
    if (growing || step > lacking / 8)
        step = growing || lacking / 8 < DORMANT_STEP_MIN ? DORMANT_STEP_MIN : lacking / 8;
    rss_before_bytes = rss;
    __atomic_store_n(&dormant_step, step, __ATOMIC_RELAXED);
}

/*
 * A look costs 10 us, most of it for opening the file; a glance at the peak of resident memory 0.3 us. As long as that
 * stays where it was, or below the activation size, there is nothing to see but memory that was reserved and not
 * touched: for that, every sixteenth time.
 */
static bool is_quiet(size_t size)
{
    struct rusage usage;
    if (size >= DORMANT_STEP_MIN || born || sys_call(SYS_getrusage, RUSAGE_THREAD, (long)&usage, 0, 0, 0, 0) < 0)
        return false;
    uint64_t peak_kib = (uint64_t)usage.ru_maxrss, before = __atomic_load_n(&peak_before_kib, __ATOMIC_RELAXED);
    uint64_t peak = peak_kib * 1024, wanted = flight.options.activate_bytes;
    bool far = peak + size < wanted;
    if ((far || peak_kib <= before + (DORMANT_STEP_MIN >> 12)) &&
        __atomic_add_fetch(&glances, 1, __ATOMIC_RELAXED) % GLANCES_A_LOOK) {
        settle_step(far ? peak : rss_before_bytes, far ? wanted - peak : lacking_bytes);
        return true;
    }
    __atomic_store_n(&peak_before_kib, peak_kib, __ATOMIC_RELAXED);
    return false;
}

uint64_t lifecycle_dormant_step(void)
{
    return __atomic_load_n(&dormant_step, __ATOMIC_RELAXED);
}

void lifecycle_consider(size_t size)
{
    uint64_t rss, data, wanted = flight.options.activate_bytes;
    uint32_t dormant = FLIGHT_DORMANT;
    if (guard_is_guest() || is_quiet(size))
        return;
    if (!process_statm(&rss, &data)) {
        stay_blind(size);
        return;
    }
    if (born) { /* a child starts with its parent's memory, shared: only what it adds counts */
        born = 0;
        base_rss_bytes = rss;
        base_data_bytes = data;
    }
    uint64_t grown = rss > base_rss_bytes ? rss - base_rss_bytes : 0;
    uint64_t committed = data > base_data_bytes ? data - base_data_bytes : 0;
    if (grown + size < wanted && committed + size < wanted) {
        lacking_bytes = wanted - (grown > committed ? grown : committed);
        settle_step(rss, lacking_bytes);
        return;
    }
    if (__atomic_compare_exchange_n(&flight.phase, &dormant, FLIGHT_TAKEOFF, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        activate();
}

void lifecycle_await_takeoff(void)
{
    uint64_t until = sys_now_ns() + TAKEOFF_PATIENCE_NS, asleep = 0;
    while (flight_phase() == FLIGHT_TAKEOFF && sys_now_ns() < until && asleep < LOADER_PATIENCE_NS) {
        sys_wait(&flight.phase, FLIGHT_TAKEOFF, TAKEOFF_SLICE_NS);
        if (!takeoff_past_loader() && watcher_sleeps() && !takeoff_is_loading())
            asleep += TAKEOFF_SLICE_NS;
    }
}

/* ---- fork, exec, exit ---- */

void lifecycle_forked(void)
{
    unwind_forked(fence_fork_child());
    allocator_forked();
    guard_mark_process();
    if (flight_phase() == FLIGHT_OFF || flight_phase() == FLIGHT_UNBORN)
        return;
    __atomic_store_n(&flight.phase, FLIGHT_DORMANT, __ATOMIC_RELEASE);
    born = 1;
    dormant_step = DORMANT_STEP_MIN;
    peak_before_kib = 0;
    thread_state = (struct thread_state){
        .depth = thread_state.depth, .flags = thread_state.flags & THREAD_CACHED, .unloads = thread_state.unloads};
    if (!flight.journal.base && !flight.arena.base)
        return;
    python_forget();
    python_objects_forget();
    gate_reset();
    binding_reset();
    flight.journal_path[0] = '\0'; /* the parent's: neither unlinked nor written to */
    filter_clear();
    leave_flight();
}

void lifecycle_exit(int code)
{
    struct guard guard;
    if (!is_own_flight())
        return;
    bool inside = !guard_enter(&guard);
    if (watcher_stop(EXIT_PATIENCE_NS)) {
        if (is_remarkable()) {
            process_renew(&flight.state);
            attribution_scan(false);
            flight.state.written_ns = flight_now_ns();
            journal_state(&flight.journal, &flight.state);
        }
    }
    __atomic_store_n(&flight.phase, FLIGHT_OFF, __ATOMIC_RELEASE);
    journal_set_life(&flight.journal, LW_LIFE_EXITED, code, flight_now_ns());
    if (!is_remarkable() && flight.journal_path[0])
        sys_unlink(flight.journal_path);
    if (!inside)
        guard_leave(&guard);
}

void lifecycle_exec(void)
{
    struct guard guard;
    if (!is_own_flight() || !guard_enter(&guard))
        return;
    bool stopped = watcher_stop(EXIT_PATIENCE_NS) && watcher_gone(EXIT_PATIENCE_NS) && takeoff_end();
    gate_disarm();
    faults_small_pages(false);
    journal_set_life(&flight.journal, LW_LIFE_EXECED, 0, flight_now_ns());
    if (!is_remarkable() && flight.journal_path[0])
        sys_unlink(flight.journal_path);
    flight.journal_path[0] = '\0';
    /* Should exec fail, the process goes on as it began. Stores stay mapped: other threads may be inside them. */
    __atomic_store_n(&flight.phase, stopped ? FLIGHT_DORMANT : FLIGHT_OFF, __ATOMIC_RELEASE);
    guard_leave(&guard);
}

void lifecycle_give_up(void)
{
    lifecycle_exec();
    if (!guard_is_guest())
        __atomic_store_n(&flight.phase, FLIGHT_OFF, __ATOMIC_RELEASE);
}
