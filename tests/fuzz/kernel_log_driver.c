/* SPDX-License-Identifier: MIT */
/*
 * Runs the fuzz target without a fuzzer, the same way every time:
 *     kernel_log_fuzz N SEED FILE…    truncations of each file, then N random corruptions: bytes, numbers, cut and
 *                                     doubled and exchanged lines
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BYTES (64u << 10)
#define CUT_STEP  37 /* bytes between truncations */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t random_state;

/* xorshift64*: the same numbers on every machine */
static uint64_t below(uint64_t bound)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return bound ? random_state * UINT64_C(2685821657736338717) % bound : 0;
}

/* A copy of exactly that size, so that a sanitizer sees the first byte beyond. */
static void run(const char *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static size_t line_at(const char *bytes, size_t size, size_t at, size_t *length)
{
    const char *end = memchr(bytes + at, '\n', size - at);

    while (at > 0 && bytes[at - 1] != '\n')
        at--;
    *length = (end ? (size_t)(end - bytes) + 1 : size) - at;
    return at;
}

/* Puts `text` over what is at a random place. */
static size_t overwrite(char *bytes, size_t size)
{
    static const char *const texts[] = {"18446744073709551616",
                                        "-1",
                                        "9223372036854775807",
                                        "(",
                                        ")",
                                        "\\x0a",
                                        "#012",
                                        "total-vm:",
                                        "\n",
                                        ",pid=",
                                        "[",
                                        "]",
                                        "kB",
                                        "\x1b[2J",
                                        "name",
                                        "99999999999999"};
    const char *text = texts[below(sizeof(texts) / sizeof(texts[0]))];
    size_t at = below(size), length = strlen(text);

    memcpy(bytes + at, text, length < size - at ? length : size - at);
    return size;
}

static size_t damage(char *bytes, size_t size)
{
    size_t length, from = line_at(bytes, size, below(size), &length);

    switch (below(4)) {
    case 0:
        bytes[below(size)] = (char)below(256);
        return size;
    case 1:
        return overwrite(bytes, size);
    case 2: /* without a line */
        memmove(bytes + from, bytes + from + length, size - from - length);
        return size - length > 0 ? size - length : 1;
    default: /* with a line twice */
        if (size + length > MAX_BYTES)
            return size;
        memmove(bytes + from + length, bytes + from, size - from);
        return size + length;
    }
}

int main(int argc, char **argv)
{
    static char original[MAX_BYTES], bytes[MAX_BYTES];
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0, cuts = 0, done = 0;

    random_state = argc > 2 ? strtoull(argv[2], NULL, 10) * 2 + 1 : 1;
    for (int i = 3; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return 1;
        }
        size_t size = fread(original, 1, sizeof(original), file);
        fclose(file);
        for (size_t cut = 0; cut < size; cut += CUT_STEP, cuts++)
            run(original, cut);
        for (uint64_t n = 0; n < count / (uint64_t)(argc - 3); n++, done++) {
            size_t now = size;
            memcpy(bytes, original, size);
            for (uint64_t hits = 1 + below(12); hits > 0; hits--)
                now = damage(bytes, now);
            run(bytes, now);
        }
    }
    printf("ok 2 - %" PRIu64 " truncations and %" PRIu64 " corruptions of kernel logs do no harm\n", cuts, done);
    return 0;
}
