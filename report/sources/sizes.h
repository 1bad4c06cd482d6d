/* SPDX-License-Identifier: MIT */
/*
 * sizes: bytes, rates and times as people read them, and sizes as people type them. Binary units throughout.
 */
#ifndef LASTWORDS_REPORT_SIZES_H
#define LASTWORDS_REPORT_SIZES_H

#include <stdbool.h>
#include <stdint.h>

/* Returned by value, so that several can stand in one printf: size_prose(a).text. */
struct size_text {
    char text[32];
};

/* For columns: always one decimal, MiB up to 9999.9, then GiB, TiB. */
struct size_text size_table(uint64_t bytes);

/* For sentences: "512 MiB", "4 GiB", "10.2 MiB", "3987 MiB", "12.5 GiB", "640 KiB", "17 bytes". */
struct size_text size_prose(uint64_t bytes);

/* "+31 MiB/s", "-2.5 MiB/s", "+0" below 50 KiB/s. */
struct size_text size_rate(int64_t bytes_per_s);

/* "0.3 s", "12 s", "4 min", "3.5 h", "2.1 days". */
struct size_text size_duration(uint64_t milliseconds);

/* value * part / whole to the nearest, for numbers of any size; 0 when whole is 0, UINT64_MAX when it is beyond. */
uint64_t size_scaled(uint64_t value, uint64_t part, uint64_t whole);

/*
 * A number with an optional fraction and an optional suffix K, M, G, T (also KiB, KB, k ...: all mean powers of 1024).
 * False, with *bytes untouched, when there is anything else in the text, at 0 and on overflow.
 */
bool size_parse(const char *text, uint64_t *bytes);

/* UINT64_MAX where the sum does not fit: a journal may say anything. */
uint64_t saturating_sum(uint64_t a, uint64_t b);

#endif
