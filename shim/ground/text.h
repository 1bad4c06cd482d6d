/* SPDX-License-Identifier: MIT */
/*
 * text: formatting and parsing without libc: no locale, no allocation, no stdio. Safe everywhere.
 * A text never overflows: what does not fit is cut, the buffer stays NUL-terminated, and `cut` tells.
 */
#ifndef LW_GROUND_TEXT_H
#define LW_GROUND_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *buffer;
    size_t capacity;
    size_t length;
    bool cut;
};

#define TEXT_ON(array) ((struct text){.buffer = (array), .capacity = sizeof(array)})

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t n);
void text_char(struct text *text, char c);
void text_u64(struct text *text, uint64_t value);
void text_i64(struct text *text, int64_t value);
void text_hex(struct text *text, uint64_t value);
void text_size(struct text *text, uint64_t bytes);      /* "352.1 MiB" */
void text_rate(struct text *text, int64_t bytes_per_s); /* "+38 MiB/s" */
void text_fixed1(struct text *text, uint64_t tenths);   /* 184 -> "18.4" */
void text_pad(struct text *text, size_t column);        /* spaces until the line has this many columns */
size_t text_columns(const char *string, size_t n);      /* UTF-8 code points */

/* Copies at most capacity - 1 bytes and terminates; returns the bytes copied. */
size_t text_copy(char *to, size_t capacity, const char *from);
bool text_equal(const char *a, const char *b);
bool text_starts(const char *string, const char *prefix);
bool text_match(const char *pattern, const char *string); /* shell pattern with * and ? */
const char *text_find(const char *haystack, const char *needle);
uint64_t text_hash(const void *data, size_t n);

/* Decimal digits at *cursor, moved behind them; saturates. false: no digit there. */
bool text_parse_u64(const char **cursor, uint64_t *value);
/* "512", "64K", "1.5G", "10M"; suffixes K M G T with optional iB or B, powers of 1,024. The whole string must fit. */
bool text_parse_size(const char *string, uint64_t *bytes);
/* A row of "name value" or "name: value kB" lines; false: no such row. The value as it stands there. */
bool text_row(const char *table, const char *name, uint64_t *value);

#endif
