/* SPDX-License-Identifier: MIT */
/*
 * sampler: sums of weights are right for mixed sizes and for intervals that change, by distribution.
 *
 * A block of s bytes under interval I is recorded with p = 1 - exp(-s / I) and counts 1 / p. Were all draws
 * independent, size * weight would have mean s and variance s^2 (1 - p) / p, also where the interval depends on the
 * past (these are conditional on it then, and their sum along the path is the variance of the sum: a martingale).
 *
 * Draws in rounds make that variance the upper bound: a sum over all sizes scatters far less, one size among many
 * hardly. In return the mean is off by up to a tenth of a single life's error (0.02 to 0.11 were seen in 6,000 lives):
 * the bound for the mean over the seeds is its standard error four times, and that. All seeds are fixed: nothing here
 * is left to chance.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "store/sampler.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define KIB          UINT64_C(1024)
#define MIB          (1024 * KIB)
#define SEEDS        1500u
#define BLOCKS       6000u
#define BIAS_MOST    0.12 /* of the standard error of a single life */

static const uint64_t sizes[] = {16, 48, 100, 1000, 4096, 5000, 40000, 262144, 524287, 524288, 1048576};
#define SIZES COUNT(sizes)

static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = (*state ^ *state >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* What a door does, and the sampler behind it. */
static double allocate(struct sample_clock *clock, uint64_t size, uint64_t interval, uint64_t seed)
{
    if (size < clock->countdown) {
        clock->countdown -= size;
        return 0;
    }
    double weight = sampler_step(clock, size, interval, seed);
    assert_in_range(clock->countdown, 1, clock->interval);
    return weight;
}

struct tally {
    double truth, truth_count;
    double estimate, estimate_count;
    double variance, variance_count;
};

typedef uint64_t interval_at(uint32_t block);

/* One thread's life: the sizes come in an order of their own for every seed. */
static void live(uint64_t seed, interval_at *interval_of, struct tally tallies[SIZES])
{
    struct sample_clock clock = {0};
    uint64_t order = seed * 7919;
    for (uint32_t i = 0; i < BLOCKS; i++) {
        uint64_t pick = next_random(&order), which = pick % 64 < 53 ? pick % 64 / 9 : pick % 64 - 53;
        uint64_t size = sizes[which], interval = interval_of(i);
        if (!clock.interval) /* drawn before anything is decided */
            sampler_step(&clock, 0, interval, seed);
        double drawn = (double)clock.interval;
        double p = size >= clock.interval ? 1 : -expm1(-(double)size / drawn);
        double weight = allocate(&clock, size, interval, seed);
        if (p == 1)
            assert_true(weight == 1);
        else
            assert_true(weight == 0 || fabs(weight * p - 1) < 1e-12);
        struct tally *tally = &tallies[which];
        tally->truth += (double)size;
        tally->truth_count += 1;
        tally->estimate += (double)size * weight;
        tally->estimate_count += weight;
        tally->variance += (double)size * (double)size * (1 - p) / p;
        tally->variance_count += (1 - p) / p;
    }
}

static void must_be_near(double estimate, double truth, double variance, const char *what, uint64_t which)
{
    double errors = variance > 0 ? (estimate - truth) / sqrt(variance) : estimate == truth ? 0 : 99;
    if (fabs(errors) > 4 + BIAS_MOST * sqrt(SEEDS))
        fail_msg("%s, size %llu: off by %.2f standard errors", what, (unsigned long long)which, errors);
}

/*
 * How the sums of single lives must scatter, as a share of the variance that independent draws have. For blocks far
 * smaller than the interval that is little more than what is left within the parts of the distribution, 0.067 for
 * sixteen.
 */
static void must_scatter(double squares, double least, double most, const char *what)
{
    double ratio = squares / SEEDS;
    if (ratio < least || ratio > most)
        fail_msg("%s: the variance is %.3f of what independent draws have", what, ratio);
}

static void judge(interval_at *interval_of, double least, double most, const char *what)
{
    struct tally sums[SIZES + 1] = {0};
    double squares = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct tally one[SIZES + 1] = {0};
        live(seed, interval_of, one);
        for (size_t i = 0; i < SIZES; i++) {
            double *from = (double *)&one[i], *total = (double *)&one[SIZES], *into = (double *)&sums[i];
            for (size_t k = 0; k < sizeof one[i] / sizeof(double); k++) {
                total[k] += from[k];
                into[k] += from[k];
            }
        }
        double error = one[SIZES].estimate - one[SIZES].truth;
        squares += error * error / one[SIZES].variance;
        double *total = (double *)&one[SIZES], *into = (double *)&sums[SIZES];
        for (size_t k = 0; k < sizeof one[0] / sizeof(double); k++)
            into[k] += total[k];
    }
    for (size_t i = 0; i <= SIZES; i++) {
        uint64_t which = i < SIZES ? sizes[i] : 0;
        must_be_near(sums[i].estimate, sums[i].truth, sums[i].variance, what, which);
        must_be_near(sums[i].estimate_count, sums[i].truth_count, sums[i].variance_count, what, which);
    }
    must_scatter(squares, least, most, what);
}

static uint64_t always_4k(uint32_t block)
{
    return 4 * KIB;
}

static uint64_t always_32k(uint32_t block)
{
    return 32 * KIB;
}

static uint64_t always_512k(uint32_t block)
{
    return 512 * KIB;
}

static uint64_t doubling(uint32_t block)
{
    return 4 * KIB << block * 8 / BLOCKS;
}

static uint64_t halving(uint32_t block)
{
    return 512 * KIB >> block * 8 / BLOCKS;
}

static uint64_t restless(uint32_t block)
{
    return block % 17 < 8 ? 16 * KIB : 512 * KIB;
}

static void sums_are_right(void **unused)
{
    judge(always_4k, 0.05, 0.10, "4K");
    judge(always_32k, 0.05, 0.10, "32K");
    judge(always_512k, 0.09, 0.17, "512K");
}

static void sums_are_right_when_the_interval_changes(void **unused)
{
    judge(doubling, 0.10, 0.35, "doubling");
    judge(halving, 0.08, 0.25, "halving");
    judge(restless, 0.40, 0.70, "restless");
}

/* Distances between samples of tiny blocks follow the exponential distribution: chi-square over 20 equal shares. */
static void distances_are_exponential(void **unused)
{
    enum { SHARES = 20, SAMPLES = 40000 };
    const uint64_t interval = 64 * KIB, size = 16;
    struct sample_clock clock = {0};
    uint32_t shares[SHARES] = {0};
    uint64_t distance = 0;
    for (uint32_t samples = 0; samples < SAMPLES;) {
        distance += size;
        if (allocate(&clock, size, interval, 99) == 0)
            continue;
        double share = -expm1(-((double)distance - (double)size / 2) / (double)interval);
        shares[(int)(share * SHARES)]++;
        distance = 0;
        samples++;
    }
    double chi = 0, expected = (double)SAMPLES / SHARES;
    for (int i = 0; i < SHARES; i++)
        chi += (shares[i] - expected) * (shares[i] - expected) / expected;
    assert_true(chi < 50); /* 19 degrees of freedom: 1 in 10,000 is above 50 */
}

/* Each draw of a round falls into another sixteenth of the distribution, and rounds differ in their order. */
static void a_round_visits_every_part_once(void **unused)
{
    enum { ROUNDS = 4000 };
    const uint32_t interval = 1u << 24;
    struct sample_clock clock = {0};
    uint32_t firsts[SAMPLER_ROUND] = {0};
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t seen = 0;
        for (uint32_t k = 0; k < SAMPLER_ROUND; k++) {
            clock.interval = 0; /* drawn anew */
            sampler_step(&clock, 0, interval, 5);
            double survival = exp(-(double)(clock.countdown + clock.carry - 1) / interval);
            uint32_t part = (uint32_t)(survival * SAMPLER_ROUND);
            assert_in_range(part, 0, SAMPLER_ROUND - 1);
            assert_false(seen & 1u << part);
            seen |= 1u << part;
            firsts[part] += k == 0;
        }
    }
    for (uint32_t part = 0; part < SAMPLER_ROUND; part++) /* 250 each, give or take 15 */
        assert_in_range(firsts[part], 180, 320);
}

/* Threads that start one after the other get independent first draws. */
static void first_draws_of_neighbouring_seeds_differ(void **unused)
{
    enum { THREADS = 20000 };
    const double interval = 1 << 20;
    double sum = 0, squares = 0, products = 0, last = interval;
    for (uint64_t seed = 1; seed <= THREADS; seed++) {
        struct sample_clock clock = {0};
        sampler_step(&clock, 0, (uint64_t)interval, seed << 12);
        double first = (double)(clock.countdown + clock.carry);
        sum += first / interval;
        squares += first * first / interval / interval;
        products += (first / interval - 1) * (last / interval - 1);
        last = first;
    }
    double error = 4 / sqrt(THREADS);
    assert_true(fabs(sum / THREADS - 1) < error);
    assert_true(fabs(squares / THREADS - 2) < error * sqrt(20)); /* the variance of an exponential's square is 20 */
    assert_true(fabs(products / THREADS) < error);
}

static void large_blocks_are_exact_and_leave_the_clock_alone(void **unused)
{
    static const uint64_t intervals[] = {4 * KIB, 64 * KIB, 512 * KIB};
    for (size_t i = 0; i < COUNT(intervals); i++) {
        struct sample_clock clock = {0};
        for (uint64_t k = 0; k < 5000; k++) {
            allocate(&clock, 1 + k * 37 % 3000, intervals[i], 7);
            struct sample_clock before = clock;
            assert_true(sampler_step(&clock, intervals[i] + k % 3, intervals[i], 7) == 1);
            assert_true(sampler_step(&clock, UINT64_C(1) << 40, intervals[i], 7) == 1);
            assert_memory_equal(&clock, &before, sizeof clock);
        }
    }
    struct sample_clock fresh = {0};
    assert_true(sampler_step(&fresh, 4 * KIB, 4 * KIB, 1) == 1);
    assert_int_equal(fresh.interval, 4 * KIB);
    assert_in_range(fresh.countdown, 1, 4 * KIB);
}

/* With an interval of their own: exact up to it, then by chance, whatever the countdown of the small ones. */
static void large_blocks_have_draws_of_their_own(void **unused)
{
    enum { DRAWS = 40000 };
    static const uint64_t intervals[] = {256 * KIB, 512 * KIB, 8 * MIB, 64 * MIB};
    for (size_t i = 0; i < COUNT(intervals); i++)
        for (uint64_t size = 256 * KIB; size <= 128 * MIB; size *= 2) {
            struct sample_clock clock = {.countdown = 5, .carry = 6, .interval = 7, .round = 8};
            double sum = 0, p = size >= intervals[i] ? 1 : -expm1(-(double)size / (double)intervals[i]);
            for (int k = 0; k < DRAWS; k++) {
                double weight = sampler_large(&clock, size, intervals[i], 3);
                assert_true(weight == 0 || fabs(weight * p - 1) < 1e-12);
                sum += weight;
            }
            must_be_near(sum, DRAWS, DRAWS * (1 - p) / p, "large blocks of KiB", size / KIB);
            assert_true(clock.countdown == 5 && clock.carry == 6 && clock.interval == 7 && clock.round == 8);
        }
}

static void a_large_block_never_fits_the_countdown(void **unused)
{
    struct sample_clock clock = {0};
    for (int k = 0; k < 5000; k++) {
        allocate(&clock, 100 * KIB, 64 * MIB, 11);
        assert_in_range(clock.countdown, 1, SAMPLER_LARGE);
    }
}

/* A draw beyond the interval comes in portions that add up; a block may use up several of them. */
static void carry_is_handed_out(void **unused)
{
    struct sample_clock clock = {.countdown = 1000, .interval = 1000, .carry = 2500, .random = 1};
    assert_true(sampler_step(&clock, 999, 1000, 0) == 0 && clock.countdown == 1 && clock.carry == 2500);
    assert_true(sampler_step(&clock, 1, 1000, 0) == 0 && clock.countdown == 1000 && clock.carry == 1500);
    clock.countdown = 10;
    clock.carry = 5;
    assert_true(sampler_step(&clock, 14, 1000, 0) == 0 && clock.countdown == 1 && clock.carry == 0);
    clock.countdown = 10;
    clock.carry = 5;
    double weight = sampler_step(&clock, 15, 1000, 0);
    assert_true(fabs(weight * -expm1(-0.015) - 1) < 1e-12);
    assert_in_range(clock.countdown, 1, 1000);
}

/* The weight belongs to the interval that was in force when the countdown was drawn. */
static void the_weight_is_that_of_the_draw(void **unused)
{
    struct sample_clock clock = {.countdown = 10, .interval = 8192, .random = 1};
    double weight = sampler_step(&clock, 4096, 1 << 20, 0);
    assert_true(fabs(weight * -expm1(-0.5) - 1) < 1e-12);
    assert_int_equal(clock.interval, 1 << 20);
}

static void hit_probability_is_libms(void **unused)
{
    assert_true(sampler_hit_probability(0) == 0);
    for (double x = 1; x > 1e-18; x *= 0.97)
        assert_true(fabs(sampler_hit_probability(x) / -expm1(-x) - 1) < 1e-12);
    for (int i = 1; i <= 10000; i++)
        assert_true(fabs(sampler_hit_probability(i / 10000.0) / -expm1(-i / 10000.0) - 1) < 1e-12);
}

static void minus_log_is_libms(void **unused)
{
    assert_true(sampler_minus_log(1) == 0);
    for (double u = 0x1p-53; u < 1; u *= 1.003)
        assert_true(fabs(sampler_minus_log(u) / -log(u) - 1) < 1e-12);
    for (double rest = 0.5; rest >= 0x1p-53; rest /= 2)
        assert_true(fabs(sampler_minus_log(1 - rest) / -log1p(-rest) - 1) < 1e-12);
    assert_true(fabs(sampler_minus_log(0.5) - M_LN2) < 1e-12);
}

static void what_is_spent_at_once_is_held_back(void **unused)
{
    const uint64_t ms = 1000000, second = 1000 * ms, most = SAMPLER_MAX_INTERVAL;
    const struct sampler_budget budget = {.ns_per_s = 10 * ms, .burst_ns = 16 * ms};
    assert_int_equal(sampler_stop(16 * ms, 0, &budget), 16 * ms);
    assert_int_equal(sampler_stop(16 * ms, 15 * ms, &budget), 16 * ms);
    assert_int_equal(sampler_stop(16 * ms, 16 * ms, &budget), 17 * ms); /* used up: held back again and again */
    assert_int_equal(sampler_stop(16 * ms, 40 * ms, &budget), 41 * ms);
    assert_int_equal(sampler_hold_back(64 * KIB, 64 * KIB), 128 * KIB);
    assert_int_equal(sampler_hold_back(256 * KIB, 64 * KIB), 512 * KIB);
    assert_int_equal(sampler_hold_back(512 * KIB, 64 * KIB), 512 * KIB); /* the rest is the governor's */
    assert_int_equal(sampler_hold_back(2 * MIB, 64 * KIB), 2 * MIB);
    assert_int_equal(sampler_hold_back(most, most), most);
    assert_int_equal(sampler_hold_back(most / 2 + 1, most / 2 + 1), most);
    assert_int_equal(sampler_allowance(16 * ms, 10 * ms, second, &budget), 26 * ms);
    assert_int_equal(sampler_allowance(16 * ms, 10 * ms, second / 10, &budget), 17 * ms);
    assert_int_equal(sampler_allowance(16 * ms, 0, second, &budget), 16 * ms); /* a burst, however long it took */
    assert_int_equal(sampler_allowance(16 * ms, 40 * ms, second, &budget), 50 * ms);
}

static void what_is_saved_up_pays_for_a_second(void **unused)
{
    static const struct {
        uint64_t cost, budget, saved, bearable;
    } rows[] = {
        {0, 10, 5, 10},  {10, 10, 5, 10}, {11, 10, 5, 11}, {15, 10, 5, 15},
        {16, 10, 5, 15}, {16, 10, 0, 10}, {3, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(sampler_bearable(rows[i].cost, rows[i].budget, rows[i].saved), rows[i].bearable);
}

static void the_governor_by_table(void **unused)
{
    static const struct {
        uint64_t interval, live_bytes, samples, cost, budget, next;
    } rows[] = {
        {64 * KIB, 0, 15000, 50, 100, 64 * KIB},           /* within budget, enough samples */
        {64 * KIB, 0, 15000, 101, 100, 128 * KIB},         /* too dear */
        {64 * KIB, 0, 15000, 100, 100, 64 * KIB},          /* just paid for */
        {64 * KIB, 0, 40000, 0, 100, 64 * KIB},            /* twice the samples are still fine */
        {64 * KIB, 0, 40001, 0, 100, 128 * KIB},           /* more are not */
        {64 * KIB, 0, 9999, 39, 100, 32 * KIB},            /* cheap and coarse: finer */
        {64 * KIB, 0, 9999, 40, 100, 64 * KIB},            /* not cheap enough */
        {MIB, 0, 9999, 20, 100, 512 * KIB},                /* at once as fine as there is room for */
        {MIB, 0, 9999, 19, 100, 256 * KIB},
        {MIB, 0, 9999, 0, 100, 128 * KIB},
        {MIB, 20000 * 256 * KIB, 0, 0, 100, 256 * KIB},    /* no finer than is of use */
        {64 * KIB, 0, 10000, 0, 100, 64 * KIB},            /* samples enough */
        {64 * KIB, 20000 * 32 * KIB, 0, 0, 100, 32 * KIB}, /* 20,000 samples will describe the live set */
        {64 * KIB, 20000 * 33 * KIB, 0, 0, 100, 64 * KIB}, /* they do already */
        {16 * KIB, 0, 0, 0, 100, 16 * KIB},                /* the floor */
        {24 * KIB, 0, 0, 0, 100, 16 * KIB},
        {4 * KIB, 0, 15000, 50, 100, 16 * KIB},
        {64 * MIB, UINT64_C(1) << 40, 50000, 200, 100, 64 * MIB}, /* the ceiling */
        {48 * MIB, UINT64_C(1) << 40, 50000, 200, 100, 64 * MIB},
        {64 * KIB, 0, 0, 200, 100, 128 * KIB}, /* the budget comes before the detail */
        {64 * KIB, 0, 0, 350, 100, 256 * KIB}, /* at once by as much as it takes */
        {64 * KIB, 0, 0, 900, 100, 512 * KIB},
        {64 * KIB, 0, 0, 90000, 100, 512 * KIB}, /* but by no more than that */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t next =
            sampler_govern(rows[i].interval, rows[i].live_bytes, rows[i].samples, rows[i].cost, rows[i].budget);
        if (next != rows[i].next)
            fail_msg("row %zu: %llu", i, (unsigned long long)next);
    }
}

static void the_governor_of_large_blocks_by_table(void **unused)
{
    static const struct {
        uint64_t interval, cost, budget, next;
    } rows[] = {
        {256 * KIB, 100, 100, 256 * KIB}, {256 * KIB, 101, 100, 512 * KIB}, {256 * KIB, 1000, 100, 2 * MIB},
        {256 * KIB, 0, 100, 256 * KIB},   {8 * MIB, 39, 100, 4 * MIB},      {8 * MIB, 40, 100, 8 * MIB},
        {8 * MIB, 19, 100, 2 * MIB},      {8 * MIB, 0, 100, MIB},
        {48 * MIB, 500, 100, 64 * MIB},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(sampler_govern_large(rows[i].interval, rows[i].cost, rows[i].budget), rows[i].next);
}

/* Left alone in a steady state the governor comes to rest. */
static void the_governor_settles(void **unused)
{
    for (uint64_t live = MIB; live <= UINT64_C(1) << 42; live *= 4) {
        uint64_t interval = 512 * KIB;
        for (int i = 0; i < 100; i++)
            interval = sampler_govern(interval, live, live / interval, 0, 1000000);
        assert_int_equal(sampler_govern(interval, live, live / interval, 0, 1000000), interval);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_right),
        cmocka_unit_test(sums_are_right_when_the_interval_changes),
        cmocka_unit_test(distances_are_exponential),
        cmocka_unit_test(a_round_visits_every_part_once),
        cmocka_unit_test(first_draws_of_neighbouring_seeds_differ),
        cmocka_unit_test(large_blocks_are_exact_and_leave_the_clock_alone),
        cmocka_unit_test(large_blocks_have_draws_of_their_own),
        cmocka_unit_test(a_large_block_never_fits_the_countdown),
        cmocka_unit_test(carry_is_handed_out),
        cmocka_unit_test(the_weight_is_that_of_the_draw),
        cmocka_unit_test(hit_probability_is_libms),
        cmocka_unit_test(minus_log_is_libms),
        cmocka_unit_test(what_is_spent_at_once_is_held_back),
        cmocka_unit_test(what_is_saved_up_pays_for_a_second),
        cmocka_unit_test(the_governor_by_table),
        cmocka_unit_test(the_governor_of_large_blocks_by_table),
        cmocka_unit_test(the_governor_settles),
    };
    return cmocka_run_group_tests_name("shim_sampler", tests, NULL, NULL);
}
