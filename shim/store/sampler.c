/* SPDX-License-Identifier: MIT */
#include "store/sampler.h"

#define TARGET_LIVE_SAMPLES 20000u
#define BURST_PARTS         16u
#define MOST_TIMES          8u /* at once: what looked dear may have been a thread that lost its processor */

static uint64_t next_random(struct sample_clock *clock, uint64_t seed)
{
    if (!clock->random)
        clock->random = (seed * UINT64_C(0xD1342543DE82EF95)) | 1;
    uint64_t x = clock->random;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    clock->random = x;
    return x * UINT64_C(0x2545F4914F6CDD1D);
}

double sampler_hit_probability(double x)
{
    double term = x, sum = x;
    for (int k = 2; k < 20; k++) {
        term *= -x / k;
        sum += term;
    }
    return sum;
}

double sampler_minus_log(double u)
{
    int halvings = 0;
    while (u < 0.5) { /* at most 53 times, for numbers of 53 bits */
        u *= 2;
        halvings++;
    }
    double t = (1 - u) / (1 + u), square = t * t, power = t, sum = 0; /* -ln u = 2 atanh t, t in [0, 1/3] */
    for (int k = 1; k < 27; k += 2) {
        sum += power / k;
        power *= square;
    }
    return 2 * sum + halvings * 0.69314718055994530942;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void hand_out(struct sample_clock *clock)
{
    uint64_t portion = least(clock->carry, least(clock->interval, SAMPLER_LARGE));
    clock->countdown = portion;
    clock->carry -= portion;
}

/* The next part of the distribution: the bits of the draw's number turned round, so that neighbours lie far apart. */
static uint32_t next_part(struct sample_clock *clock, uint64_t random)
{
    uint32_t left = clock->round % SAMPLER_ROUND, twist = clock->round / SAMPLER_ROUND;
    if (left == 0) {
        left = SAMPLER_ROUND;
        twist = (uint32_t)random % SAMPLER_ROUND; /* bits that the place within the part does not use */
    }
    left--;
    clock->round = twist * SAMPLER_ROUND + left;
    return ((left & 1) << 3 | (left & 2) << 1 | (left & 4) >> 1 | (left & 8) >> 3) ^ twist;
}

static void draw(struct sample_clock *clock, uint64_t interval, uint64_t seed)
{
    uint64_t random = next_random(clock, seed);
    double place = (double)((random >> 11) + 1) * 0x1p-53;
    double u = (next_part(clock, random) + place) / SAMPLER_ROUND;
    clock->interval = (uint32_t)interval;
    clock->carry = (uint64_t)(sampler_minus_log(u) * (double)interval) + 1;
    hand_out(clock);
}

double sampler_step(struct sample_clock *clock, uint64_t size, uint64_t interval, uint64_t seed)
{
    if (!clock->interval) {
        draw(clock, interval, seed);
        if (size < clock->countdown) {
            clock->countdown -= size;
            return size >= interval ? 1 : 0;
        }
    }
    if (size >= clock->interval)
        return 1;
    uint64_t rest = size;
    while (rest >= clock->countdown && clock->carry) {
        rest -= clock->countdown;
        hand_out(clock);
    }
    if (rest < clock->countdown) {
        clock->countdown -= rest;
        return 0;
    }
    double weight = 1 / sampler_hit_probability((double)size / (double)clock->interval);
    draw(clock, interval, seed);
    return weight;
}

double sampler_large(struct sample_clock *clock, uint64_t size, uint64_t interval, uint64_t seed)
{
    if (size >= interval)
        return 1;
    double p = sampler_hit_probability((double)size / (double)interval);
    return (double)(next_random(clock, seed) >> 11) * 0x1p-53 < p ? 1 / p : 0;
}

static uint64_t times_dearer(uint64_t cost_ns_per_s, uint64_t budget_ns_per_s)
{
    uint64_t times = 2;
    while (times < MOST_TIMES && cost_ns_per_s / times > budget_ns_per_s)
        times *= 2;
    return times;
}

/* The samples might be so many times as many, and would still leave a fifth of the budget: 1, 2, 4, 8. */
static uint64_t times_cheaper(uint64_t cost_ns_per_s, uint64_t budget_ns_per_s)
{
    uint64_t times = 1;
    while (times < MOST_TIMES && cost_ns_per_s < budget_ns_per_s / 5 * 2 / times)
        times *= 2;
    return times;
}

/* So many times, or less: the interval does not fall below what is wanted. */
static uint64_t finer(uint64_t interval, uint64_t times, uint64_t wanted)
{
    while (times > 1 && interval / times < wanted)
        times /= 2;
    return interval / times;
}

uint64_t sampler_govern(uint64_t interval, uint64_t live_bytes, uint64_t live_samples, uint64_t cost_ns_per_s,
                        uint64_t budget_ns_per_s)
{
    uint64_t wanted = live_bytes / TARGET_LIVE_SAMPLES;
    if (cost_ns_per_s > budget_ns_per_s || live_samples > 2 * TARGET_LIVE_SAMPLES)
        interval *= times_dearer(cost_ns_per_s, budget_ns_per_s);
    else if (live_samples < TARGET_LIVE_SAMPLES / 2)
        interval = finer(interval, times_cheaper(cost_ns_per_s, budget_ns_per_s), wanted);
    if (interval < 4 * SAMPLER_MIN_INTERVAL)
        interval = 4 * SAMPLER_MIN_INTERVAL;
    return least(interval, SAMPLER_MAX_INTERVAL);
}

uint64_t sampler_govern_large(uint64_t interval, uint64_t cost_ns_per_s, uint64_t budget_ns_per_s)
{
    if (cost_ns_per_s > budget_ns_per_s)
        interval *= times_dearer(cost_ns_per_s, budget_ns_per_s);
    else
        interval /= times_cheaper(cost_ns_per_s, budget_ns_per_s);
    return interval < SAMPLER_LARGE ? SAMPLER_LARGE : least(interval, SAMPLER_MAX_INTERVAL);
}

uint64_t sampler_bearable(uint64_t cost_ns_per_s, uint64_t budget_ns_per_s, uint64_t saved_ns)
{
    if (cost_ns_per_s <= budget_ns_per_s)
        return budget_ns_per_s;
    return least(cost_ns_per_s, budget_ns_per_s + saved_ns);
}

uint64_t sampler_allowance(uint64_t allowed_ns, uint64_t spent_ns, uint64_t span_ns,
                           const struct sampler_budget *budget)
{
    uint64_t more = (uint64_t)((double)budget->ns_per_s * (double)span_ns * 1e-9);
    return least((allowed_ns > spent_ns ? allowed_ns : spent_ns) + more, spent_ns + budget->burst_ns);
}

uint64_t sampler_stop(uint64_t allowed_ns, uint64_t spent_ns, const struct sampler_budget *budget)
{
    uint64_t soon = spent_ns + budget->burst_ns / BURST_PARTS;
    return allowed_ns > soon ? allowed_ns : soon;
}

uint64_t sampler_hold_back(uint64_t interval, uint64_t governed_interval)
{
    uint64_t wanted = least(interval * 2, least(governed_interval * MOST_TIMES, SAMPLER_MAX_INTERVAL));
    return wanted > interval ? wanted : interval;
}
