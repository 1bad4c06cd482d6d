/* SPDX-License-Identifier: MIT */
/*
 * Runs the fuzz target without a fuzzer, the same way every time:
 *     driver [N [SEED]]   truncations of synthetic journals (every byte of one, steps of the others), then N random
 *                         corruptions (default 20000)
 *     driver FILE...      the files as they are
 * Checksums are mended in half of the corruptions, so that the state behind them is read as well.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "make_journal.h"
#include "mend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t random_state;

/* xorshift64*: the same numbers on every machine */
static uint64_t random_number(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static uint64_t below(uint64_t bound)
{
    return bound ? random_number() % bound : 0;
}

/* A copy of exactly that size, so that a sanitizer sees the first byte beyond. */
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static uint64_t interesting(void)
{
    static const uint64_t values[] = {0,
                                      1,
                                      2,
                                      63,
                                      64,
                                      4096,
                                      1 << 20,
                                      INT32_MAX,
                                      UINT32_MAX,
                                      INT64_MAX,
                                      UINT64_MAX,
                                      UINT64_MAX - 63,
                                      UINT64_C(1) << 63,
                                      UINT64_C(1) << 62,
                                      UINT64_C(1) << 40};

    return below(3) ? values[below(sizeof(values) / sizeof(values[0]))] : random_number();
}

/* Half of the damage goes to the header and its section table, where it does most. */
static void damage(uint8_t *bytes, size_t size)
{
    size_t room = below(2) ? sizeof(struct lw_header) : size;
    size_t width = (size_t)1 << below(4);
    size_t at = below(room / width) * width;
    uint64_t value = interesting();

    if (at + width <= size && at >= 16) /* magic, version and byte order have tests of their own */
        memcpy(bytes + at, &value, width);
}

static void corrupt(const uint8_t *original, size_t size)
{
    uint8_t *bytes = malloc(size);

    memcpy(bytes, original, size);
    for (uint64_t i = 1 + below(8); i > 0; i--)
        damage(bytes, size);
    if (below(2))
        mend_state(bytes, size);
    run(bytes, below(8) ? size : below(size));
    free(bytes);
}

static int run_files(int count, char **paths)
{
    for (int i = 0; i < count; i++) {
        static uint8_t bytes[64 << 20];
        FILE *file = fopen(paths[i], "rb");
        if (!file) {
            perror(paths[i]);
            return 1;
        }
        size_t size = fread(bytes, 1, sizeof(bytes), file);
        fclose(file);
        run(bytes, size);
    }
    return 0;
}

int main(int argc, char **argv)
{
    static struct make_journal *(*const makes[])(void) = {make_etl, make_leak, make_calm, make_sibling};
    enum { MADE = sizeof(makes) / sizeof(makes[0]) };
    char *end = NULL;
    uint64_t count = argc > 1 ? strtoull(argv[1], &end, 10) : 20000;
    struct make_journal *made[MADE];
    const uint8_t *bytes[MADE];
    size_t sizes[MADE], cuts = 0;

    if (argc > 1 && *end)
        return run_files(argc - 1, argv + 1);
    random_state = argc > 2 ? strtoull(argv[2], NULL, 10) * 2 + 1 : 88172645463325252;
    for (size_t i = 0; i < MADE; i++) {
        made[i] = makes[i]();
        bytes[i] = make_finish(made[i], &sizes[i]);
        for (size_t cut = 0; cut < sizes[i]; cut += i == 0 ? 1 : 97, cuts++)
            run(bytes[i], cut);
    }
    for (uint64_t i = 0; i < count; i++)
        corrupt(bytes[i % MADE], sizes[i % MADE]);
    for (size_t i = 0; i < MADE; i++)
        make_journal_free(made[i]);
    printf("ok 1 - %zu truncations and %" PRIu64 " corruptions of journals do no harm\n", cuts, count);
    return 0;
}
