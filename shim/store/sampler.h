/* SPDX-License-Identifier: MIT */
/*
 * sampler: which allocations are recorded, and what a recorded one stands for. Pure.
 *
 * Sample points fall on the bytes that a thread allocates, one every `interval` bytes on average, at exponentially
 * distributed distances. A block in which at least one point falls is recorded; a block of s bytes is hit with
 * p = 1 - exp(-s / interval), so it stands for 1 / p blocks of its size. Each sample carries its own weight, so sums
 * hold for mixed sizes and when the interval changes while the program runs. A block of at least `interval` bytes is
 * always recorded, exactly (weight 1), and leaves the countdown alone.
 *
 * Distances are drawn in rounds of SAMPLER_ROUND: each falls into another of as many equally likely parts of the
 * distribution, in an order that is left to chance. So far as blocks stay alive together, their sum errs by a quarter
 * of what independent distances would give (a thirteenth of the variance): fewer samples do. What that costs is an
 * expectation that is off by less than a tenth of the error that a single estimate has anyway.
 *
 * A draw larger than the interval, or than SAMPLER_LARGE, is handed out in portions ("carry"), so that the countdown
 * never exceeds either and a large block always reaches the slow path. Large blocks are few where memory is not only
 * obtained and given back; they have an interval of their own, so that a crowd of small ones that come and go does not
 * make those inexact.
 */
#ifndef LW_STORE_SAMPLER_H
#define LW_STORE_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

#define SAMPLER_MIN_INTERVAL 4096u
#define SAMPLER_MAX_INTERVAL (64u << 20)
#define SAMPLER_ROUND        16u
#define SAMPLER_LARGE        (256u << 10)

struct sample_clock {
    uint64_t countdown;
    uint64_t carry;
    uint32_t interval; /* that the countdown was drawn with; 0: never drawn */
    uint32_t round;    /* the draws left in this round, and how their order is twisted */
    uint64_t random;   /* any value; 0 is seeded from `seed` */
};

/*
 * Accounts for a block of `size` bytes for which size >= clock->countdown holds. Returns the weight: 0 not recorded,
 * 1 exact, above 1 sampled. `interval` is the mean for new draws; `seed` distinguishes threads.
 */
double sampler_step(struct sample_clock *clock, uint64_t size, uint64_t interval, uint64_t seed);
/* The same for a block of SAMPLER_LARGE and more: a draw of its own, the countdown is left alone. */
double sampler_large(struct sample_clock *clock, uint64_t size, uint64_t interval, uint64_t seed);

/* 1 - exp(-x) and -ln(u) without libm; x in [0, 1], u in (0, 1]. Relative error below 1e-12. */
double sampler_hit_probability(double x);
double sampler_minus_log(double u);

struct sampler_budget {
    uint64_t ns_per_s;
    uint64_t burst_ns;       /* what is saved up at most, for a burst of allocations */
    uint64_t first_interval; /* bytes, for small blocks, until the governor has looked */
};

/*
 * The next interval, from the estimated live bytes and the cost of the last second. Aims at target_live samples
 * describing the live set, and at no more than budget_ns of sampling per second.
 */
uint64_t sampler_govern(uint64_t interval, uint64_t live_bytes, uint64_t live_samples, uint64_t cost_ns_per_s,
                        uint64_t budget_ns_per_s);
/* The interval of large blocks, SAMPLER_LARGE at least: all of them are exact as long as the budget allows. */
uint64_t sampler_govern_large(uint64_t interval, uint64_t cost_ns_per_s, uint64_t budget_ns_per_s);
/*
 * The budget that a cost is held against: more than comes in is dear only so far as what is saved up would not pay for
 * a second of it. A burst is there to be spent.
 */
uint64_t sampler_bearable(uint64_t cost_ns_per_s, uint64_t budget_ns_per_s, uint64_t saved_ns);
/*
 * So much may have been spent in all: what might have been before, and what this span brings; of what nobody spends a
 * burst is saved up, and what was spent beyond it is forgotten.
 */
uint64_t sampler_allowance(uint64_t allowed_ns, uint64_t spent_ns, uint64_t span_ns,
                           const struct sampler_budget *budget);
/*
 * Between two looks of the governor: who finds that so much has been spent holds back. That is when the allowance is
 * used up, and from then on at each sixteenth of a burst.
 */
uint64_t sampler_stop(uint64_t allowed_ns, uint64_t spent_ns, const struct sampler_budget *budget);
/*
 * Twice the interval, up to eight times what the governor left: a program that allocates a gigabyte a second is not
 * sampled at the rate of a slow one until the governor comes by, and what it obtains meanwhile is not lost either.
 */
uint64_t sampler_hold_back(uint64_t interval, uint64_t governed_interval);

#endif
