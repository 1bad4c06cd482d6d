/* SPDX-License-Identifier: MIT */
#include "judge/policy.h"

#define MIB (UINT64_C(1) << 20)
/* Fault-in speed measured at 0.5 to 1.7 GB/s a core with 4 KiB pages; in huge pages two cores filled 2 GB in 0.1 s. */
#define TOUCH_BYTES_PER_S_CORE UINT64_C(2000000000)
#define HUGE_BYTES_PER_S_CORE  UINT64_C(12000000000)
#define STOP_BYTES             UINT64_C(12288)
#define BRAKED_BYTES           UINT64_C(524288)
#define REACH_BYTES            (8192 * MIB)
#define LATE_MAX_NS            UINT64_C(20000000)
/* From the look to the last thread's standstill. Who has no processor meanwhile touches nothing before it stops. */
#define STOP_NS        UINT64_C(300000)
#define STOP_THREAD_NS UINT64_C(20000)
#define STOP_MAX_NS    UINT64_C(4000000)
#define SLEEP_MIN_NS   UINT64_C(50000)
#define SLEEP_MAX_NS   UINT64_C(250000000) /* waking costs 80 us where the processor sleeps meanwhile */

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
    return value < low ? low : value > high ? high : value;
}

enum policy_step policy_next(struct policy *policy, const struct policy_input *input)
{
    uint64_t headroom = input->headroom_bytes;
    if (headroom == LW_UNLIMITED || headroom > input->warn_bytes + input->warn_bytes / 4) {
        bool was = policy->stage != LW_STAGE_CALM;
        *policy = (struct policy){.stage = LW_STAGE_CALM};
        return was ? POLICY_RECOVERED : POLICY_STAY;
    }
    if (headroom > input->warn_bytes)
        return POLICY_STAY;
    if (policy->stage < LW_STAGE_WARN) {
        policy->stage = LW_STAGE_WARN;
        return POLICY_WARN;
    }
    if (headroom <= input->margin_bytes && policy->stage < LW_STAGE_MARGIN) {
        policy->stage = LW_STAGE_MARGIN;
        return POLICY_REPORT;
    }
    if (input->relief && !policy->relieved && policy->stage < LW_STAGE_MARGIN &&
        headroom <= input->margin_bytes + (input->warn_bytes - input->margin_bytes) / 2) {
        policy->stage = LW_STAGE_RELIEF;
        policy->relieved = true;
        return POLICY_RELIEVE;
    }
    return POLICY_STAY;
}

/* So much more, up to `most`: a margin that was asked for, or is as large already, stays. */
static uint64_t widened(uint64_t margin_bytes, bool automatic, uint64_t more_bytes, uint64_t most_bytes)
{
    if (!automatic || margin_bytes >= most_bytes)
        return margin_bytes;
    return clamp(margin_bytes + more_bytes, margin_bytes, most_bytes);
}

static uint64_t unseen_bytes(const struct policy_blind *blind)
{
    uint64_t stop_ns = blind->ahead ? clamp(STOP_NS + blind->threads * STOP_THREAD_NS, 0, STOP_MAX_NS) : STOP_MAX_NS;
    uint64_t unseen_ns = clamp(blind->late_ns, 0, LATE_MAX_NS) + stop_ns;
    if (blind->tick_ns && blind->tick_ns < unseen_ns)
        unseen_ns = blind->tick_ns;
    return (uint64_t)((double)unseen_ns * 1e-9 * (double)blind->rate_bytes_per_s);
}

static uint64_t least_margin(uint64_t limit_bytes)
{
    return clamp(limit_bytes / 100, 2 * MIB, 128 * MIB);
}

uint64_t policy_margin_ticked(uint64_t limit_bytes, uint64_t growth_bytes)
{
    return widened(least_margin(limit_bytes), true, growth_bytes, limit_bytes / 10);
}

uint64_t policy_margin(const struct amount *margin, uint64_t limit_bytes, uint64_t hot_bytes,
                       const struct policy_blind *blind)
{
    if (limit_bytes == LW_UNLIMITED)
        return 0;
    if (!margin->automatic)
        return amount_of(margin, limit_bytes);
    uint64_t base = blind ? policy_margin_ticked(limit_bytes, unseen_bytes(blind)) : least_margin(limit_bytes);
    return base + hot_bytes;
}

uint64_t policy_margin_host(uint64_t margin_bytes, bool automatic, uint64_t limit_bytes)
{
    uint64_t least = clamp(limit_bytes / 50, 16 * MIB, 128 * MIB);
    return automatic && margin_bytes < least ? least : margin_bytes;
}

uint64_t policy_margin_braked(uint64_t margin_bytes, bool automatic, uint64_t limit_bytes, uint32_t threads)
{
    return widened(margin_bytes, automatic, threads * BRAKED_BYTES, limit_bytes / 10);
}

uint64_t policy_margin_early(uint64_t margin_bytes, bool automatic, uint64_t limit_bytes)
{
    return widened(margin_bytes, automatic, margin_bytes, limit_bytes / 5);
}

bool policy_hurry(uint64_t headroom_bytes, uint64_t rate_bytes_per_s)
{
    return headroom_bytes < rate_bytes_per_s / 10;
}

bool policy_rush(uint64_t headroom_bytes, uint64_t rate_bytes_per_s)
{
    return headroom_bytes < rate_bytes_per_s / 2;
}

uint64_t policy_margin_for(uint64_t margin_bytes, bool automatic, uint64_t limit_bytes, uint32_t touchers)
{
    uint64_t most = clamp(limit_bytes / 200 * 3, 4 * MIB, UINT64_MAX);
    return widened(margin_bytes, automatic, touchers * STOP_BYTES, most);
}

/* From memory.high on the kernel brakes whoever allocates: a v1 soft limit does not. */
static uint64_t braking_bytes(const struct lw_level *level)
{
    bool brakes = level->kind == LW_LEVEL_CGROUP_V2 && level->high_bytes && level->high_bytes < level->limit_bytes;
    return brakes ? level->limit_bytes - level->high_bytes : 0;
}

uint64_t policy_warn(const struct amount *warn, const struct lw_level *level, uint64_t margin_bytes)
{
    if (level->limit_bytes == LW_UNLIMITED)
        return 0;
    uint64_t bytes = warn->automatic ? level->limit_bytes / 100 * 15 : amount_of(warn, level->limit_bytes);
    uint64_t braking = warn->bytes ? 0 : braking_bytes(level); /* a number of bytes is meant as it stands */
    bytes = bytes > braking ? bytes : braking;
    return bytes > margin_bytes ? bytes : margin_bytes;
}

uint64_t policy_sleep_ns(uint64_t headroom_bytes, uint64_t margin_bytes, uint32_t cpus, bool huge)
{
    if (headroom_bytes == LW_UNLIMITED)
        return SLEEP_MAX_NS;
    uint64_t left = headroom_bytes > margin_bytes ? headroom_bytes - margin_bytes : 0;
    double speed = (double)(huge ? HUGE_BYTES_PER_S_CORE : TOUCH_BYTES_PER_S_CORE) * (cpus ? cpus : 1);
    double seconds = (double)left / speed / 3;
    return clamp((uint64_t)(seconds * 1e9), SLEEP_MIN_NS, SLEEP_MAX_NS);
}

uint64_t policy_rest_ns(void)
{
    return SLEEP_MAX_NS;
}

bool policy_in_reach(uint64_t headroom_bytes)
{
    return headroom_bytes < REACH_BYTES;
}

bool policy_watchful(uint64_t headroom_bytes, uint64_t limit_bytes, bool huge)
{
    if (huge && policy_in_reach(headroom_bytes))
        return true;
    return headroom_bytes != LW_UNLIMITED && headroom_bytes < clamp(limit_bytes / 3, 512 * MIB, 8192 * MIB);
}

uint32_t policy_period(uint64_t limit_bytes, uint64_t bytes_per_fault)
{
    uint64_t wanted = clamp(limit_bytes / (16 * MIB), 8, 64) * 4096;
    uint64_t faults = wanted / (bytes_per_fault > 4096 ? bytes_per_fault : 4096);
    uint32_t period = 1;
    while (period * 2 <= faults)
        period *= 2;
    return period;
}

bool policy_small_pages(uint64_t headroom_bytes, uint64_t burst_bytes)
{
    return burst_bytes && headroom_bytes < burst_bytes + 128 * MIB;
}

bool policy_near(uint64_t headroom_bytes, uint64_t limit_bytes, uint64_t margin_bytes, uint64_t burst_bytes)
{
    if (headroom_bytes == LW_UNLIMITED)
        return false;
    uint64_t near = clamp(limit_bytes / 20, 16 * MIB, 256 * MIB);
    near = (near > burst_bytes ? near : burst_bytes) + 2 * margin_bytes;
    return headroom_bytes < near;
}
