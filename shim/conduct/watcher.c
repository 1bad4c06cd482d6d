/* SPDX-License-Identifier: MIT */
#include "conduct/watcher.h"
#include "conduct/attribution.h"
#include "conduct/brake.h"
#include "conduct/company.h"
#include "conduct/final.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/grace.h"
#include "conduct/muster.h"
#include "conduct/refusal.h"
#include "ground/allocator.h"
#include "ground/guard.h"
#include "ground/next.h"
#include "ground/text.h"
#include "observe/elf_symbols.h"
#include "observe/faults.h"
#include "observe/python.h"
#include "observe/python_objects.h"
#include "observe/unwind.h"
#include "store/sampler.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MS                 UINT64_C(1000000)
#define STACK_BYTES        (256u << 10)
#define GUARD_BYTES        4096u
#define HASTE              UINT64_C(500000000) /* bytes a second: look more often */
#define TICK_MIN_NS        (1 * MS)            /* the journal takes no more than one tick in this time */
#define SLOW_NS            (1000 * MS)         /* limits, counters, membership, governor */
#define MEDIUM_NS          (20 * MS)           /* statistics of the process */
#define MEASURABLE_BYTES   (4u << 20)
#define GROWTH_WINDOW_NS   (10000 * MS)
#define SYMBOLS_A_TICK     32u
#define SYMBOLS_FROM_BYTES (256u << 10)
#define RATE_SPAN_NS       (MS / 2)
#define CROWD_THREADS      4u /* up to so many the margin has room for a huge page of each */
#define SLICE_NS           (MS / 10)
#define GOVERN_NS          (100 * MS)
#define SAMPLING_BUDGET    (10 * MS) /* 1 % of one core */
#define SCAN_SHARE         100u      /* a scan may cost 1 % of the time since the last one */

static struct {
    uint64_t now; /* since the start of the process */
    uint64_t planned;
    uint64_t last_tick, last_slow, last_medium, last_scan, last_govern, last_tend;
    uint64_t sampling_before;
    uint64_t file_before, anon_before, major_before, refaults_t, refaults_per_s;
    uint64_t peak_marked;
    uint64_t fault_bytes;              /* that a page fault brings lately: 4 KiB, up to 2 MiB with huge pages */
    uint64_t rate_t, rate_bytes, rate; /* of the binding level, bytes a second */
    uint32_t level_map[LW_MAX_LEVELS]; /* level of the report -> level of the cgroup chain, or UINT32_MAX */
    bool counter;
    bool watchful; /* the end is within reach */
    bool past_loader;
    bool python_settled;
    uint64_t python_tried;
    struct policy policy;
    struct headroom_history history;
    struct process_numbers process;
    struct lw_level refusing[PROCESS_REFUSING_LEVELS];
    uint32_t refusing_count;
    bool refusing_read;
    pthread_t thread;
    uint32_t tid;
} watch;

/* ---- takeoff: in the watcher thread, with the program running ---- */

static void open_python(void)
{
    char why[160] = "switched off";
    bool refused = false, found = false;
    if (watch.python_settled || (watch.python_tried && watch.now - watch.python_tried < SLOW_NS / 4))
        return;
    watch.python_tried = watch.now | 1;
    if (flight.options.python)
        found = python_find(&flight.journal, flight.python_cache, flight.journal.identity->python_version,
                            sizeof flight.journal.identity->python_version, why, sizeof why, &refused);
    else
        refused = true;
    watch.python_settled = found || refused;
    if (watch.python_settled)
        journal_capability(&flight.journal, "python", found, why);
    if (found && flight.options.python == 2 && !python_objects_find())
        journal_capability(&flight.journal, "python_objects", false, "the interpreter's allocator cannot be wrapped");
}

static void open_faults(void)
{
    char why[160] = "switched off (touch=off)";
    watch.counter = flight.options.touch && faults_open(gate_event, why, sizeof why);
    flight.state.fault_counter = watch.counter;
    journal_capability(&flight.journal, "fault_counter", watch.counter, why);
}

static void open_residency(void)
{
    static const char *const names[] = {"none", "PAGEMAP_SCAN", "/proc/self/pagemap", "mincore (cannot see swap)"};
    void *buffer = arena_take(&flight.arena, RESIDENCY_BUFFER_BYTES);
    residency_open(&flight.residency, buffer, RESIDENCY_BUFFER_BYTES, (uint32_t)sysconf(_SC_PAGESIZE));
    flight.residency.shares = flight.shares_pages;
    journal_capability(&flight.journal, "residency", true, names[flight.residency.method]);
}

/* All that takes the loader's lock, first: whoever holds it may be waiting for the end of the takeoff. */
static void open_stacks(void)
{
    char why[160];
    bool native = unwind_load(why, sizeof why);
    journal_capability(&flight.journal, "native_stacks", native, why);
    elf_note_modules(&flight.journal);
    open_python();
    __atomic_store_n(&watch.past_loader, true, __ATOMIC_RELEASE);
}

static void open_observers(void)
{
    struct journal *journal = &flight.journal;
    bool chain = cgroup_open(&flight.cgroup, "");
    journal_capability(journal, "cgroup", chain,
                       chain ? flight.cgroup.version == 1 ? "version 1" : "version 2" : flight.cgroup.why);
    bool psi = pressure_open(&flight.pressure, flight.cgroup.pressure);
    journal_capability(journal, "psi", psi,
                       psi ? flight.pressure.own ? "of the own cgroup" : "of the whole host" : flight.pressure.where);
    open_residency();
    open_faults();
    if (flight.options.jemalloc)
        journal_capability(journal, "jemalloc", allocator_is_jemalloc(),
                           allocator_is_jemalloc() ? "the program's malloc" : "this library was built without");
}

/* ---- looking ---- */

static void add_host(struct lw_state *state)
{
    if (state->level_count < LW_MAX_LEVELS && process_host_level(&state->levels[state->level_count])) {
        watch.level_map[state->level_count] = UINT32_MAX;
        state->level_count++;
    }
}

static void add_user(struct lw_state *state)
{
    if (!flight.options.limit_bytes || state->level_count == LW_MAX_LEVELS)
        return;
    struct lw_level *level = &state->levels[state->level_count];
    memset(level, 0, sizeof *level);
    level->kind = LW_LEVEL_USER;
    level->flags = LW_LEVEL_KILLS;
    level->limit_bytes = flight.options.limit_bytes;
    level->used_bytes = state->rss_bytes;
    level->high_bytes = level->swap_limit_bytes = LW_UNLIMITED;
    level->peak_bytes = state->peak_rss_bytes;
    level->oom_kills = level->oom_kills_start = level->max_events = LW_UNKNOWN;
    level->anon_bytes = level->file_bytes = level->shmem_bytes = level->kernel_bytes = level->dirty_bytes = LW_UNKNOWN;
    text_copy(level->path, sizeof level->path, "limit=");
    watch.level_map[state->level_count++] = UINT32_MAX;
}

static void add_refusing(struct lw_state *state, bool slow)
{
    if (slow || !watch.refusing_read)
        watch.refusing_count = process_refusing_levels(&watch.process, watch.refusing);
    watch.refusing_read = true;
    for (uint32_t i = 0; i < watch.refusing_count && state->level_count < LW_MAX_LEVELS; i++) {
        watch.level_map[state->level_count] = UINT32_MAX;
        state->levels[state->level_count++] = watch.refusing[i];
    }
}

static void read_process(struct lw_state *state)
{
    uint64_t data;
    process_statm(&state->rss_bytes, &data);
    bool crowd = __atomic_exchange_n(&flight.crowd, 0, __ATOMIC_ACQ_REL);
    if (!crowd && watch.last_medium && watch.now - watch.last_medium < (watch.rate > HASTE ? MEDIUM_NS / 5 : MEDIUM_NS))
        return;
    watch.last_medium = watch.now;
    if (!process_read(&watch.process))
        return;
    const struct process_numbers *numbers = &watch.process;
    uint64_t faults = numbers->minor_faults - state->minor_faults;
    if (numbers->anon_bytes > state->anon_bytes + MEASURABLE_BYTES && state->minor_faults)
        watch.fault_bytes = (numbers->anon_bytes - state->anon_bytes) / (faults ? faults : 1);
    else if (faults > MEASURABLE_BYTES / 4096)
        watch.fault_bytes = 0;
    process_note(numbers, state);
}

/* Pages a second since `before`, which is brought up to date; the peak goes into the journal as well. */
static uint64_t pages_per_s(uint64_t now_pages, uint64_t *before, uint64_t span, uint32_t *last, uint32_t *peak)
{
    uint64_t more = now_pages != LW_UNKNOWN && now_pages > *before ? now_pages - *before : 0;
    uint64_t per_s = more * 1000000000u / span;
    *before = now_pages == LW_UNKNOWN ? 0 : now_pages;
    *last = per_s < UINT32_MAX ? (uint32_t)per_s : UINT32_MAX;
    if (*last > *peak)
        *peak = *last;
    return per_s;
}

static void measure_refaults(struct lw_state *state)
{
    const struct cgroup_level *own = flight.cgroup.count ? &flight.cgroup.levels[0] : NULL;
    uint64_t file = own ? own->refaults_file : LW_UNKNOWN, anon = own ? own->refaults_anon : LW_UNKNOWN;
    uint64_t span = watch.now - watch.refaults_t;
    if (watch.refaults_t && span < 2 * MEDIUM_NS)
        return;
    if (!watch.refaults_t) {
        watch.file_before = file == LW_UNKNOWN ? 0 : file;
        watch.anon_before = anon == LW_UNKNOWN ? 0 : anon;
        watch.major_before = state->major_faults;
    } else {
        uint64_t per_s =
            pages_per_s(file, &watch.file_before, span, &state->file_refaults_per_s, &state->peak_file_refaults_per_s);
        uint64_t major = pages_per_s(state->major_faults, &watch.major_before, span, &state->major_faults_per_s,
                                     &state->peak_major_faults_per_s);
        uint64_t swapped =
            pages_per_s(anon, &watch.anon_before, span, &state->anon_refaults_per_s, &state->peak_anon_refaults_per_s);
        major = major > swapped ? major - swapped : 0; /* what came from swap says nothing about the cache */
        watch.refaults_per_s = per_s > major ? per_s : major;
    }
    watch.refaults_t = watch.now;
}

/* Statistics are needed where usage stands near a limit: there cache decides. */
static void read_levels(struct lw_state *state)
{
    struct cgroup *cgroup = &flight.cgroup;
    bool slow = !watch.last_slow || watch.now - watch.last_slow >= SLOW_NS;
    if (slow)
        cgroup_refresh(cgroup);
    else
        cgroup_refresh_usage(cgroup);
    state->level_count = 0;
    for (uint32_t i = 0; i < cgroup->count; i++) {
        struct lw_level *numbers = &cgroup->levels[i].numbers;
        if (!slow && numbers->limit_bytes != LW_UNLIMITED &&
            numbers->used_bytes > numbers->limit_bytes - numbers->limit_bytes / 4)
            cgroup_refresh_stat(cgroup, i);
        watch.level_map[state->level_count] = i;
        state->levels[state->level_count++] = *numbers;
    }
    add_host(state);
    add_user(state);
    add_refusing(state, slow);
    measure_refaults(state);
}

/* How fast it grows just now: between two looks, halved with each look that finds less. */
static void measure_rate(uint64_t effective)
{
    uint64_t span = watch.now - watch.rate_t;
    if (span < RATE_SPAN_NS)
        return;
    uint64_t more = watch.rate_t && effective > watch.rate_bytes ? effective - watch.rate_bytes : 0;
    uint64_t rate = (uint64_t)((double)more * 1e9 / (double)span);
    watch.rate = rate > watch.rate / 2 ? rate : watch.rate / 2;
    watch.rate_t = watch.now;
    watch.rate_bytes = effective;
}

static void arm_refusal(const struct lw_state *state)
{
    if (flight.options.action != LW_ACTION_REFUSE || state->binding_level < 0) {
        refusal_arm(NULL);
        return;
    }
    const struct lw_level *level = &state->levels[state->binding_level];
    uint32_t chain = watch.level_map[state->binding_level];
    struct refusal_view view = {.usage_fd = chain == UINT32_MAX ? -1 : flight.cgroup.levels[chain].usage_fd,
                                .limit_bytes = level->limit_bytes,
                                .reclaimable_bytes = level->reclaimable_bytes,
                                .swap_room_bytes = level->headroom_bytes - headroom_of(level),
                                .margin_bytes = state->margin_bytes,
                                .headroom_bytes = level->headroom_bytes};
    refusal_arm(&view);
}

static void judge(struct lw_state *state)
{
    uint64_t hot = flight.cgroup.count ? headroom_hot(&flight.cgroup.levels[0].numbers, watch.refaults_per_s,
                                                      flight.residency.page_bytes)
                                       : 0;
    state->binding_level = headroom_judge(state->levels, state->level_count);
    if (state->binding_level < 0) {
        state->headroom_bytes = LW_UNLIMITED;
        return;
    }
    const struct lw_level *level = &state->levels[state->binding_level];
    uint64_t effective = headroom_pressing(level);
    state->headroom_bytes = level->headroom_bytes;
    measure_rate(effective);
    state->margin_bytes = policy_margin(&flight.options.margin, level->limit_bytes, hot, watch.counter,
                                        state->watcher_late_ns, watch.rate);
    if (level->kind == LW_LEVEL_HOST)
        state->margin_bytes =
            policy_margin_host(state->margin_bytes, flight.options.margin.automatic, level->limit_bytes);
    bool guarded = watch.policy.stage < LW_STAGE_MARGIN || grace_is_on();
    state->warn_bytes = policy_warn(&flight.options.warn, level, state->margin_bytes);
    state->growth_bytes_per_s = headroom_growth(&watch.history, watch.now, effective, GROWTH_WINDOW_NS);
    headroom_note(&watch.history, watch.now, effective, GROWTH_WINDOW_NS);
    state->time_to_limit_ms = headroom_time_ms(state->headroom_bytes, state->growth_bytes_per_s);

    watch.watchful = policy_watchful(state->headroom_bytes, level->limit_bytes);
    if (watch.counter)
        faults_watch(watch.watchful ? policy_period(level->limit_bytes, watch.fault_bytes) : 0);
    uint64_t burst = watch.counter ? state->threads * faults_huge_bytes() : 0;
    bool near = policy_near(state->headroom_bytes, level->limit_bytes, state->margin_bytes, burst);
    uint32_t chain = watch.level_map[state->binding_level];
    if (!watch.counter && chain != UINT32_MAX && watch.policy.stage < LW_STAGE_MARGIN)
        brake_hold(&flight.cgroup.levels[chain], state->margin_bytes);
    if (watch.counter)
        faults_near(near && guarded);
    faults_small_pages(watch.counter && near && state->threads > CROWD_THREADS && faults_huge_bytes());
    if (watch.watchful && chain != UINT32_MAX && guarded) {
        struct gate_view view = {.usage_fd = flight.cgroup.levels[chain].usage_fd,
                                 .stat_fd = flight.cgroup.levels[chain].stat_fd,
                                 .version = flight.cgroup.version,
                                 .limit_bytes = level->limit_bytes,
                                 .reclaimable_bytes = level->reclaimable_bytes,
                                 .slab_bytes = flight.cgroup.levels[chain].slab_bytes,
                                 .swap_fd = flight.cgroup.levels[chain].swap_fd,
                                 .swap_used_bytes = level->swap_used_bytes,
                                 .swap_room_bytes = level->headroom_bytes - headroom_of(level),
                                 .margin_bytes =
                                     grace_is_on() ? grace_margin(state->margin_bytes) : state->margin_bytes,
                                 .automatic = flight.options.margin.automatic && !grace_is_on()};
        gate_arm(&view);
    } else {
        gate_arm(NULL);
    }
}

static void read_pressure(struct lw_state *state)
{
    struct pressure_numbers numbers;
    pressure_read(&flight.pressure, &numbers);
    state->some_total_us = numbers.some_total_us;
    state->full_total_us = numbers.full_total_us;
    state->some_avg10_permyriad = numbers.some_avg10_permyriad;
    state->full_avg10_permyriad = numbers.full_avg10_permyriad;
}

/* ---- writing ---- */

static void copy_counters(struct lw_state *state)
{
    state->written_ns = watch.now;
    state->action = (uint32_t)flight.options.action;
    state->committed_bytes = sites_committed_bytes(&flight.sites);
    state->sample_interval_bytes = flight.sample_interval_bytes;
    state->samples_taken = flight.samples_taken;
    state->samples_dropped = flight.samples_dropped;
    state->stacks_dropped = journal_section(&flight.journal, LW_SECTION_NODES)->dropped + flight.stacks_missed;
    state->frees_unseen = flight.mappings.dropped;
    state->refused_count = flight.refused_count;
    state->refused_bytes = flight.refused_bytes;
    state->watcher_cpu_ns = sys_thread_cpu_ns();
    state->touch_events = faults_count();
    state->fault_counter = watch.counter;
}

static void write_tick(struct lw_state *state)
{
    struct lw_tick tick = {.t_ns = watch.now,
                           .span_ns = watch.last_tick ? watch.now - watch.last_tick : 1,
                           .headroom_bytes = state->headroom_bytes,
                           .limit_bytes = LW_UNLIMITED,
                           .rss_bytes = state->rss_bytes,
                           .committed_bytes = state->committed_bytes,
                           .swap_bytes = state->swap_bytes,
                           .some_total_us = state->some_total_us,
                           .full_total_us = state->full_total_us,
                           .major_faults = state->major_faults,
                           .some_avg10_permyriad = state->some_avg10_permyriad,
                           .full_avg10_permyriad = state->full_avg10_permyriad,
                           .stage = state->stage,
                           .binding_level = (uint32_t)state->binding_level};
    if (state->binding_level >= 0) {
        const struct lw_level *level = &state->levels[state->binding_level];
        uint32_t chain = watch.level_map[state->binding_level];
        tick.limit_bytes = level->limit_bytes;
        tick.current_bytes = level->used_bytes;
        tick.reclaimable_bytes = level->reclaimable_bytes;
        tick.inactive_file_bytes = chain == UINT32_MAX ? 0 : flight.cgroup.levels[chain].inactive_file_bytes;
    }
    journal_tick(&flight.journal, &tick);
    watch.last_tick = watch.now;
}

static void publish(void)
{
    struct lw_state *state = &flight.state;
    if (watch.last_tick && watch.now - watch.last_tick < TICK_MIN_NS)
        return;
    read_pressure(state);
    copy_counters(state);
    write_tick(state);
    journal_state(&flight.journal, state);
}

/* ---- the rungs ---- */

static void relieve(void)
{
    struct lw_state *state = &flight.state;
    uint64_t before = 0, after = 0, data;
    char buffer[104];
    struct text text = TEXT_ON(buffer);
    process_statm(&before, &data);
    gate_yield(true);
    const char *what = allocator_relieve();
    gate_yield(false);
    if (!what)
        return;
    process_statm(&after, &data);
    uint64_t given = before > after ? before - after : 0;
    text_add(&text, what);
    text_add(&text, " gave back ");
    text_size(&text, given);
    journal_event(&flight.journal, watch.now, LW_EVENT_RELIEF, (int64_t)given, buffer);
    if (state->worst_stage < LW_STAGE_RELIEF)
        state->worst_stage = LW_STAGE_RELIEF;
    state->stage = LW_STAGE_RELIEF;
}

static void recover(void)
{
    grace_end();
    company_look_now(watch.now); /* who is gone? */
    final_recovered();
}

static void climb(void)
{
    struct lw_state *state = &flight.state;
    struct policy_input input = {.headroom_bytes = state->headroom_bytes,
                                 .warn_bytes = state->warn_bytes,
                                 .margin_bytes = state->margin_bytes,
                                 .relief = flight.options.relief != 0};
    bool reached = gate_reached(); /* looked at once: it may come true at any instant below */
    bool hurry = policy_hurry(state->headroom_bytes, watch.rate);
    if (hurry)
        input.relief = false;
    if (reached)
        input.relief = false; /* stopped threads may hold the allocator's locks */
    if (reached && watch.policy.stage < LW_STAGE_MARGIN && input.headroom_bytes > input.margin_bytes)
        input.headroom_bytes = input.margin_bytes; /* the toucher saw it first */
    if (final_is_due())
        final_act();
    for (;;) {
        enum policy_step step = policy_next(&watch.policy, &input);
        if (step == POLICY_WARN)
            final_warn(!hurry && !reached);
        else if (step == POLICY_RELIEVE)
            relieve();
        else if (step == POLICY_RECOVERED)
            recover();
        else if (step == POLICY_REPORT)
            final_act();
        if (step == POLICY_STAY || step == POLICY_RECOVERED)
            break;
    }
    if (grace_is_on() && grace_is_over(state->headroom_bytes, state->margin_bytes))
        final_end("the time of grace is over");
    if (reached && !grace_is_on())
        gate_open(); /* nothing more to do for this incident: nobody shall wait */
}

/* ---- work for calm times ---- */

static void govern(void)
{
    uint64_t span = watch.now - watch.last_govern;
    if (!flight.options.sample.automatic || span < GOVERN_NS)
        return;
    uint64_t per_s = (uint64_t)((double)(flight.sampling_ns - watch.sampling_before) * 1e9 / (double)span);
    watch.sampling_before = flight.sampling_ns;
    watch.last_govern = watch.now;
    flight.sample_interval_bytes = sampler_govern(flight.sample_interval_bytes, flight.state.committed_bytes,
                                                  flight.live.count, per_s, SAMPLING_BUDGET);
}

static void slow_work(void)
{
    if (watch.last_slow && watch.now - watch.last_slow < SLOW_NS)
        return;
    gate_yield(true);
    elf_note_modules(&flight.journal);
    gate_yield(false);
    if (watch.counter && !faults_running()) {
        watch.counter = false;
        journal_event(&flight.journal, watch.now, LW_EVENT_DEGRADED, 0,
                      "the program took SIGTRAP: the fault counter was given up");
    }
    if (cgroup_moved(&flight.cgroup, "")) {
        gate_arm(NULL);
        cgroup_close(&flight.cgroup);
        cgroup_open(&flight.cgroup, "");
        journal_event(&flight.journal, watch.now, LW_EVENT_LIMIT, 0, "the process was moved to another cgroup");
    }
    watch.last_slow = watch.now;
}

/* jemalloc gives old pages back as the program calls it; one that has gone quiet would keep them. */
static void tend_allocator(void)
{
    struct allocator_numbers numbers;
    if (!allocator_is_jemalloc() || watch.now - watch.last_tend < SLOW_NS)
        return;
    watch.last_tend = watch.now;
    gate_yield(true);
    if (allocator_tend(&numbers)) {
        flight.state.allocator_live_bytes = numbers.live_bytes;
        flight.state.allocator_resident_bytes = numbers.resident_bytes;
    }
    gate_yield(false);
}

static void mark_peak(void)
{
    struct lw_state *state = &flight.state;
    if (state->sites_resident_bytes <= watch.peak_marked + watch.peak_marked / 8 + (8u << 20))
        return;
    watch.peak_marked = state->sites_resident_bytes;
    final_mark(LW_MARK_PEAK);
}

/* The cgroup that binds; "" for the whole machine, NULL where nobody else counts. */
static const char *binding_directory(const struct lw_state *state)
{
    if (state->binding_level < 0)
        return NULL;
    uint32_t chain = watch.level_map[state->binding_level];
    if (chain != UINT32_MAX)
        return flight.cgroup.levels[chain].directory;
    return state->levels[state->binding_level].kind == LW_LEVEL_HOST ? "" : NULL;
}

static void calm_work(void)
{
    gate_yield(true);
    open_python();
    elf_note_symbols(&flight.journal, watch.watchful ? SYMBOLS_A_TICK : SYMBOLS_A_TICK / 8, SYMBOLS_FROM_BYTES);
    gate_yield(false);
    tend_allocator();
    uint64_t pause = flight.state.scan_cost_ns * SCAN_SHARE;
    if (watch.last_scan && watch.now - watch.last_scan < (pause > SLOW_NS ? pause : SLOW_NS))
        return;
    attribution_scan();
    mark_peak();
    watch.last_scan = watch.now;
}

/* ---- the thread ---- */

static void look(void)
{
    struct lw_state *state = &flight.state;
    watch.now = flight_now_ns();
    uint64_t late = watch.planned && watch.now > watch.planned ? watch.now - watch.planned : 0;
    if (late > state->watcher_late_ns && late < 200 * MS) /* longer: the machine slept */
        state->watcher_late_ns = late;
    read_process(state);
    read_levels(state);
    judge(state);
    company_look(binding_directory(state), watch.now, watch.policy.stage >= LW_STAGE_WARN);
    arm_refusal(state);
    climb();
    publish();
    govern();
    slow_work();
    if (watch.policy.stage < LW_STAGE_MARGIN && !policy_hurry(state->headroom_bytes, watch.rate))
        calm_work();
}

static uint64_t next_look(void)
{
    const struct lw_state *state = &flight.state;
    if (grace_is_on())
        return MS;
    if (watch.policy.stage >= LW_STAGE_MARGIN) /* reported: only recovery is awaited */
        return 10 * MS;
    return policy_sleep_ns(state->headroom_bytes, state->margin_bytes, flight.journal.identity->cpus);
}

static void takeoff(void)
{
    muster_everybody(false); /* until an abort is certain, nobody's sleep is cut short */
    open_stacks();
    open_observers();
    watch.now = flight_now_ns();
    read_process(&flight.state);
    flight.journal.identity->activation_rss_bytes = flight.state.rss_bytes;
    flight.journal.identity->activation_anon_bytes = flight.state.anon_bytes;
    attribution_baseline();
    /* Armed before anybody goes on: with a hundred busy threads the next look may come late. */
    read_levels(&flight.state);
    judge(&flight.state);
    arm_refusal(&flight.state);
    journal_event(&flight.journal, watch.now, LW_EVENT_ACTIVATED, (int64_t)flight.state.rss_bytes,
                  "the process passed the activation size");
    journal_set_life(&flight.journal, LW_LIFE_LIVE, 0, 0);
    __atomic_store_n(&flight.phase, FLIGHT_ACTIVE, __ATOMIC_RELEASE);
    sys_wake(&flight.phase);
}

/*
 * Woken in time even among many busy threads. A short slice (Linux 6.12, any user) brings the deadline forward; a
 * better nice value needs a privilege and is taken where it is given. Neither is an error where it is refused.
 */
static void ask_for_punctuality(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } attributes = {.size = sizeof attributes, .nice = -10, .runtime_ns = SLICE_NS};
    if (sys_call(SYS_sched_setattr, 0, (long)&attributes, 0, 0, 0, 0) == 0)
        return;
    attributes.nice = 0;
    sys_call(SYS_sched_setattr, 0, (long)&attributes, 0, 0, 0, 0);
}

/*
 * main() may end by pthread_exit() and leave the process to its threads: the last one of them ends it, by exit(0). That
 * is us then: returning is enough, the C library counts.
 */
static bool is_last(void)
{
    return watch.process.threads == 2 && watch.process.leader_gone;
}

static void *watch_thread(void *context)
{
    guard_own_thread();
    __atomic_store_n(&watch.tid, sys_gettid(), __ATOMIC_RELEASE);
    sys_call(SYS_prctl, PR_SET_NAME, (long)"lastwords", 0, 0, 0, 0);
    sys_call(SYS_prctl, PR_SET_TIMERSLACK, 1, 0, 0, 0, 0);
    ask_for_punctuality();
    takeoff();
    while (!__atomic_load_n(&flight.stop, __ATOMIC_ACQUIRE) && !is_last()) {
        uint32_t heard = __atomic_load_n(&flight.bell, __ATOMIC_ACQUIRE);
        look();
        uint64_t pause = next_look();
        watch.planned = flight_now_ns() + pause;
        sys_wait(&flight.bell, heard, pause);
    }
    __atomic_store_n(&flight.stop, 2, __ATOMIC_RELEASE);
    sys_wake(&flight.stop);
    return NULL;
}

bool watcher_start(void)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    memset(&watch, 0, sizeof watch);
    sigfillset(&all);
    pthread_attr_init(&attributes);
    /* In the arena: a stack that the kernel joins with a mapping of the program would hide what that one holds. */
    void *stack = arena_take(&flight.arena, STACK_BYTES + 2 * GUARD_BYTES);
    uintptr_t lowest = ((uintptr_t)stack + 2 * GUARD_BYTES - 1) & ~(uintptr_t)(GUARD_BYTES - 1);
    if (!stack || pthread_attr_setstack(&attributes, (void *)lowest, STACK_BYTES) != 0)
        pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = next.pthread_create(&watch.thread, &attributes, watch_thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error == 0;
}

bool watcher_past_loader(void)
{
    return __atomic_load_n(&watch.past_loader, __ATOMIC_ACQUIRE);
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
    uint32_t tid = __atomic_load_n(&watch.tid, __ATOMIC_ACQUIRE);
    while (sys_call(SYS_tgkill, sys_getpid(), tid, 0, 0, 0, 0) == 0 && sys_now_ns() < until)
        sys_yield();
    return sys_call(SYS_tgkill, sys_getpid(), tid, 0, 0, 0, 0) == -ESRCH;
}
