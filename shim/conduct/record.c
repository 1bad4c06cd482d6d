/* SPDX-License-Identifier: MIT */
#include "conduct/record.h"
#include "conduct/flight.h"
#include "conduct/look.h"
#include "observe/faults.h"

#define PAUSE_NS UINT64_C(1000000)

static uint64_t last_ns;

static void read_pressure(struct lw_state *state)
{
    struct pressure_numbers numbers;
    pressure_read(&flight.pressure, &numbers);
    state->some_total_us = numbers.some_total_us;
    state->full_total_us = numbers.full_total_us;
    state->some_avg10_permyriad = numbers.some_avg10_permyriad;
    state->full_avg10_permyriad = numbers.full_avg10_permyriad;
}

static void copy_counters(struct lw_state *state, uint64_t now_ns)
{
    state->written_ns = now_ns;
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
}

static void write_tick(const struct lw_state *state, uint64_t now_ns)
{
    struct lw_tick tick = {.t_ns = now_ns,
                           .span_ns = last_ns ? now_ns - last_ns : 1,
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
        const struct cgroup_level *chain = look_chain(state->binding_level);
        tick.limit_bytes = level->limit_bytes;
        tick.current_bytes = level->used_bytes;
        tick.reclaimable_bytes = level->reclaimable_bytes;
        tick.inactive_file_bytes = chain ? chain->inactive_file_bytes : 0;
    }
    journal_tick(&flight.journal, &tick);
    last_ns = now_ns;
}

void record_moment(uint64_t now_ns)
{
    struct lw_state *state = &flight.state;
    read_pressure(state);
    copy_counters(state, now_ns);
    write_tick(state, now_ns);
    journal_state(&flight.journal, state);
}

void record_look(uint64_t now_ns)
{
    if (!last_ns || now_ns >= last_ns + PAUSE_NS) /* the look may have made a report, whose moment is behind it */
        record_moment(now_ns);
}

void record_whole(uint64_t now_ns)
{
    copy_counters(&flight.state, now_ns);
    journal_state(&flight.journal, &flight.state);
}

void record_reset(void)
{
    last_ns = 0;
}
