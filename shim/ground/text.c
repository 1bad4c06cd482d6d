/* SPDX-License-Identifier: MIT */
#include "ground/text.h"

#include <string.h>

void text_add_bytes(struct text *text, const char *bytes, size_t n)
{
    size_t room = text->capacity - 1 - text->length;
    if (n > room) {
        n = room;
        text->cut = true;
    }
    memcpy(text->buffer + text->length, bytes, n);
    text->length += n;
    text->buffer[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_char(struct text *text, char c)
{
    text_add_bytes(text, &c, 1);
}

static void add_digits(struct text *text, uint64_t value, unsigned base)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    text_add_bytes(text, digits + at, sizeof digits - at);
}

void text_u64(struct text *text, uint64_t value)
{
    add_digits(text, value, 10);
}

void text_i64(struct text *text, int64_t value)
{
    if (value < 0)
        text_char(text, '-');
    add_digits(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

void text_hex(struct text *text, uint64_t value)
{
    text_add(text, "0x");
    add_digits(text, value, 16);
}

void text_fixed1(struct text *text, uint64_t tenths)
{
    text_u64(text, tenths / 10);
    text_char(text, '.');
    text_u64(text, tenths % 10);
}

void text_size(struct text *text, uint64_t bytes)
{
    static const char *const units[] = {" KiB", " MiB", " GiB", " TiB"};
    size_t unit = 0;
    uint64_t divisor = 1024;
    while (unit < 3 && bytes / divisor >= 1024) {
        divisor *= 1024;
        unit++;
    }
    uint64_t whole = bytes / divisor;
    uint64_t tenth = (bytes % divisor) * 10 / divisor;
    text_fixed1(text, whole * 10 + tenth);
    text_add(text, units[unit]);
}

void text_rate(struct text *text, int64_t bytes_per_s)
{
    uint64_t size = bytes_per_s < 0 ? 0 - (uint64_t)bytes_per_s : (uint64_t)bytes_per_s;
    text_char(text, bytes_per_s < 0 ? '-' : '+');
    if (size < 1024) {
        text_char(text, '0');
        return;
    }
    text_size(text, size);
    text_add(text, "/s");
}

size_t text_columns(const char *string, size_t n)
{
    size_t columns = 0;
    for (size_t i = 0; i < n; i++)
        columns += ((unsigned char)string[i] & 0xC0) != 0x80;
    return columns;
}

void text_pad(struct text *text, size_t column)
{
    size_t start = text->length;
    while (start && text->buffer[start - 1] != '\n')
        start--;
    size_t now = text_columns(text->buffer + start, text->length - start);
    for (; now < column; now++)
        text_char(text, ' ');
}

size_t text_copy(char *to, size_t capacity, const char *from)
{
    size_t n = strnlen(from, capacity - 1);
    memcpy(to, from, n);
    to[n] = '\0';
    return n;
}

bool text_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool text_starts(const char *string, const char *prefix)
{
    return strncmp(string, prefix, strlen(prefix)) == 0;
}

const char *text_find(const char *haystack, const char *needle)
{
    return strstr(haystack, needle);
}

bool text_match(const char *pattern, const char *string)
{
    const char *star = NULL, *retry = NULL;
    while (*string) {
        if (*pattern == '*') {
            star = ++pattern;
            retry = string;
        } else if (*pattern == '?' || *pattern == *string) {
            pattern++;
            string++;
        } else if (star) {
            pattern = star;
            string = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

uint64_t text_hash(const void *data, size_t n)
{
    const unsigned char *bytes = data;
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    return hash ^ hash >> 29;
}

bool text_parse_u64(const char **cursor, uint64_t *value)
{
    const char *at = *cursor;
    uint64_t result = 0;
    if (*at < '0' || *at > '9')
        return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        unsigned digit = (unsigned)(*at - '0');
        result = result > (UINT64_MAX - digit) / 10 ? UINT64_MAX : result * 10 + digit;
    }
    *cursor = at;
    *value = result;
    return true;
}

static int unit_shift(const char **cursor)
{
    static const char units[] = "kmgt";
    char c = (char)(**cursor | 0x20);
    for (int i = 0; units[i]; i++) {
        if (c == units[i]) {
            (*cursor)++;
            if ((**cursor | 0x20) == 'i')
                (*cursor)++;
            if ((**cursor | 0x20) == 'b')
                (*cursor)++;
            return 10 * (i + 1);
        }
    }
    if (c == 'b')
        (*cursor)++;
    return 0;
}

bool text_parse_size(const char *string, uint64_t *bytes)
{
    uint64_t whole, part = 0, scale = 1;
    if (!text_parse_u64(&string, &whole) || whole == UINT64_MAX) /* saturated: more than 64 bits */
        return false;
    if (*string == '.') {
        string++;
        const char *digits = string;
        if (!text_parse_u64(&string, &part) || string - digits > 6)
            return false;
        for (; digits < string; digits++)
            scale *= 10;
    }
    int shift = unit_shift(&string);
    if (*string || (shift && whole > UINT64_MAX >> shift) || (!shift && part))
        return false;
    *bytes = (whole << shift) + ((part << shift) / scale);
    return true;
}

bool text_row(const char *table, const char *name, uint64_t *value)
{
    size_t n = strlen(name);
    for (const char *line = table; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        if (strncmp(line, name, n) != 0 || (line[n] != ' ' && line[n] != ':' && line[n] != '\t'))
            continue;
        const char *at = line + n;
        while (*at == ':' || *at == ' ' || *at == '\t')
            at++;
        return text_parse_u64(&at, value);
    }
    return false;
}
