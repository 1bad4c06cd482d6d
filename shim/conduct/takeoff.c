/* SPDX-License-Identifier: MIT */
#include "conduct/takeoff.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/muster.h"
#include "conduct/own_thread.h"
#include "ground/allocator.h"
#include "ground/guard.h"
#include "ground/pinned.h"
#include "ground/text.h"
#include "observe/elf_symbols.h"
#include "observe/faults.h"
#include "observe/process.h"
#include "observe/python.h"
#include "observe/python_cache.h"
#include "observe/python_objects.h"
#include "observe/unwind.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Between two looks for an interpreter, doubled each time: many processes are caught in the middle of its beginning. */
#define PYTHON_FIRST_NS UINT64_C(10000000)
#define PYTHON_MOST_NS  UINT64_C(250000000)

/* Asleep while it needs the loader, whose lock a thread of the program holds: in a dlopen whose constructors run. */
#define LOADER_ASLEEP_NS UINT64_C(20000000)
#define LOADER_SLICE_NS  UINT64_C(1000000)

enum { LOADER_AT_WORK, LOADER_DONE };

/* The thread that loads the unwinder: whoever waits for the loader's lock must not be the watcher. */
static struct {
    struct own_thread thread;
    bool begun;
    uint32_t phase, tid;
    bool native;
    char why[160];
} loader;

static struct {
    bool past_loader;
    bool stacks_settled;
    bool python_settled;
    uint64_t python_tried;
    uint64_t python_pause_ns;
} takeoff;

/* What a program in Python fills from all sides. Page by page that costs ten times as much. */
static void touch_tables(void)
{
    sys_populate(flight.journal.python_index.slots, index_bytes(&flight.journal.python_index));
    sys_populate(flight.python_cache, python_cache_slot_bytes());
}

/* Again now and then: an interpreter may begin later than its process. */
static void look_for_python(uint64_t now_ns)
{
    struct lw_identity *identity = flight.journal.identity;
    char why[160] = "switched off";
    bool refused = !flight.options.python, found = false;
    if (takeoff.python_settled || (takeoff.python_tried && now_ns - takeoff.python_tried < takeoff.python_pause_ns))
        return;
    takeoff.python_pause_ns = takeoff.python_tried ? takeoff.python_pause_ns * 2 : PYTHON_FIRST_NS;
    if (takeoff.python_pause_ns > PYTHON_MOST_NS)
        takeoff.python_pause_ns = PYTHON_MOST_NS;
    takeoff.python_tried = now_ns | 1;
    if (flight.options.python)
        found = python_find(&flight.journal, flight.python_cache, identity->python_version,
                            sizeof identity->python_version, why, sizeof why, &refused);
    takeoff.python_settled = found || refused;
    if (found)
        touch_tables();
    if (takeoff.python_settled)
        journal_capability(&flight.journal, "python", found, why);
    if (found && flight.options.python == 2 && !python_objects_find())
        journal_capability(&flight.journal, "python_objects", false, "the interpreter's allocator cannot be wrapped");
}

static void *load_unwinder(void *unused)
{
    uint32_t tid = sys_gettid();
    guard_own_thread();
    muster_leave_out(tid);
    __atomic_store_n(&loader.tid, tid, __ATOMIC_RELEASE);
    loader.native = unwind_load(loader.why, sizeof loader.why);
    __atomic_store_n(&loader.tid, 0, __ATOMIC_RELEASE);
    muster_leave_out(0);
    __atomic_store_n(&loader.phase, LOADER_DONE, __ATOMIC_RELEASE);
    sys_wake(&loader.phase);
    return NULL;
}

static void start_loader(void)
{
    sigset_t all_but_trap;
    sigfillset(&all_but_trap);
    sigdelset(&all_but_trap, SIGTRAP); /* an event of the fault counter that finds it blocked may kill (Linux 5.18) */
    loader.native = false;
    loader.phase = LOADER_AT_WORK;
    __atomic_store_n(&loader.begun, own_thread_start(&loader.thread, load_unwinder, &all_but_trap), __ATOMIC_RELEASE);
    if (!loader.begun)
        load_unwinder(NULL);
}

bool takeoff_is_loading(void)
{
    if (!__atomic_load_n(&loader.begun, __ATOMIC_ACQUIRE) ||
        __atomic_load_n(&loader.phase, __ATOMIC_ACQUIRE) == LOADER_DONE)
        return false;
    uint32_t tid = __atomic_load_n(&loader.tid, __ATOMIC_ACQUIRE);
    if (!tid)
        return true; /* it had no processor yet */
    char run_state = process_run_state(tid);
    return run_state != 'S' && run_state != '?';
}

static void await_loader(void)
{
    for (uint64_t asleep = 0; asleep < LOADER_ASLEEP_NS;) {
        sys_wait(&loader.phase, LOADER_AT_WORK, LOADER_SLICE_NS);
        if (__atomic_load_n(&loader.phase, __ATOMIC_ACQUIRE) == LOADER_DONE)
            break;
        if (!takeoff_is_loading())
            asleep += LOADER_SLICE_NS; /* not what it took: on a busy machine it is we who had no processor */
    }
}

bool takeoff_end(void)
{
    if (loader.begun && __atomic_load_n(&loader.phase, __ATOMIC_ACQUIRE) != LOADER_DONE)
        return false;
    if (loader.begun)
        own_thread_join(&loader.thread);
    loader.begun = false;
    return true;
}

void takeoff_follow(uint64_t now_ns)
{
    if (!takeoff.stacks_settled && __atomic_load_n(&loader.phase, __ATOMIC_ACQUIRE) == LOADER_DONE) {
        takeoff.stacks_settled = true;
        takeoff_end();
        pinned_module(unwind_library());
        journal_capability(&flight.journal, "native_stacks", loader.native, loader.why);
        elf_note_modules(&flight.journal);
    }
    if (takeoff.stacks_settled)
        look_for_python(now_ns);
}

void takeoff_stacks(uint64_t now_ns)
{
    unwind_begin();
    pinned_module((const void *)(uintptr_t)&takeoff_stacks);
    start_loader();
    await_loader();
    takeoff_follow(now_ns);
    if (!takeoff.stacks_settled)
        journal_capability(&flight.journal, "native_stacks", false,
                           "the unwinder could not be loaded yet: the program's own dlopen was under way");
    __atomic_store_n(&takeoff.past_loader, true, __ATOMIC_RELEASE);
}

static void open_faults(void)
{
    char why[160] = "switched off (touch=off)";
    flight.state.fault_counter = flight.options.touch && faults_open(gate_event, why, sizeof why);
    journal_capability(&flight.journal, "fault_counter", flight.state.fault_counter, why);
}

static void look_for_huge_pages(void)
{
    if (process_huge_pages() == PROCESS_HUGE_ALWAYS)
        __atomic_store_n(&flight.huge, 1, __ATOMIC_RELAXED);
}

static void open_residency(void)
{
    static const char *const names[] = {"none", "PAGEMAP_SCAN", "/proc/self/pagemap", "mincore (cannot see swap)"};
    void *buffer = arena_take(&flight.arena, RESIDENCY_BUFFER_BYTES);
    residency_open(&flight.residency, buffer, RESIDENCY_BUFFER_BYTES, (uint32_t)sysconf(_SC_PAGESIZE));
    flight.residency.shares = flight.shares_pages;
    journal_capability(&flight.journal, "residency", true, names[flight.residency.method]);
}

void takeoff_observers(void)
{
    struct journal *journal = &flight.journal;
    bool chain = cgroup_open(&flight.cgroup, "");
    journal_capability(journal, "cgroup", chain,
                       chain ? flight.cgroup.version == 1 ? "version 1" : "version 2" : flight.cgroup.why);
    bool psi = pressure_open(&flight.pressure, flight.cgroup.pressure);
    journal_capability(journal, "psi", psi,
                       psi ? flight.pressure.own ? "of the own cgroup" : "of the whole host" : flight.pressure.where);
    look_for_huge_pages();
    open_residency();
    open_faults();
    if (flight.options.jemalloc)
        journal_capability(journal, "jemalloc", allocator_is_jemalloc(),
                           allocator_is_jemalloc() ? "the program's malloc" : "this library was built without");
}

bool takeoff_past_loader(void)
{
    return __atomic_load_n(&takeoff.past_loader, __ATOMIC_ACQUIRE);
}

void takeoff_reset(void)
{
    memset(&takeoff, 0, sizeof takeoff);
    loader.tid = 0;
    loader.begun = false; /* a forked child's: it was the parent's */
    muster_leave_out(0);
}
