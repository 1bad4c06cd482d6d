/* SPDX-License-Identifier: MIT */
#include "conduct/takeoff.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "ground/allocator.h"
#include "ground/pinned.h"
#include "ground/text.h"
#include "observe/elf_symbols.h"
#include "observe/faults.h"
#include "observe/python.h"
#include "observe/python_objects.h"
#include "observe/unwind.h"

#include <string.h>
#include <unistd.h>

/* Between two looks for an interpreter, doubled each time: many processes are caught in the middle of its beginning. */
#define PYTHON_FIRST_NS UINT64_C(10000000)
#define PYTHON_MOST_NS  UINT64_C(250000000)

static struct {
    bool past_loader;
    bool python_settled;
    uint64_t python_tried;
    uint64_t python_pause_ns;
} takeoff;

void takeoff_python(uint64_t now_ns)
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
    if (takeoff.python_settled)
        journal_capability(&flight.journal, "python", found, why);
    if (found && flight.options.python == 2 && !python_objects_find())
        journal_capability(&flight.journal, "python_objects", false, "the interpreter's allocator cannot be wrapped");
}

void takeoff_stacks(uint64_t now_ns)
{
    char why[160];
    bool native = unwind_load(why, sizeof why);
    pinned_module((const void *)(uintptr_t)&takeoff_stacks);
    pinned_module(unwind_library());
    journal_capability(&flight.journal, "native_stacks", native, why);
    elf_note_modules(&flight.journal);
    takeoff_python(now_ns);
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
}
