/* SPDX-License-Identifier: MIT */
#include "sources/sizes.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

struct size_text size_table(uint64_t bytes)
{
    struct size_text out;

    if (bytes < 10000 * MIB - MIB / 20)
        snprintf(out.text, sizeof(out.text), "%.1f MiB", (double)bytes / MIB);
    else if (bytes < 10000 * GIB)
        snprintf(out.text, sizeof(out.text), "%.1f GiB", (double)bytes / GIB);
    else
        snprintf(out.text, sizeof(out.text), "%.1f TiB", (double)bytes / TIB);
    return out;
}

/* One decimal below 100 unless it would be .0, none above. */
static void print_short(char *text, size_t size, double value, const char *unit)
{
    bool whole = value >= 99.95 || fabs(value - round(value)) < 0.05;

    snprintf(text, size, whole ? "%.0f %s" : "%.1f %s", value, unit);
}

struct size_text size_prose(uint64_t bytes)
{
    struct size_text out;

    if (bytes == 0)
        strcpy(out.text, "0");
    else if (bytes < KIB)
        snprintf(out.text, sizeof(out.text), bytes == 1 ? "1 byte" : "%u bytes", (unsigned)bytes);
    else if (bytes < MIB)
        print_short(out.text, sizeof(out.text), (double)bytes / KIB, "KiB");
    else if (bytes < 10 * GIB && (bytes < GIB || bytes % GIB != 0))
        print_short(out.text, sizeof(out.text), (double)bytes / MIB, "MiB");
    else if (bytes < 10 * TIB && (bytes < TIB || bytes % TIB != 0))
        print_short(out.text, sizeof(out.text), (double)bytes / GIB, "GiB");
    else
        print_short(out.text, sizeof(out.text), (double)bytes / TIB, "TiB");
    return out;
}

struct size_text size_rate(int64_t bytes_per_s)
{
    struct size_text out;
    uint64_t size = bytes_per_s < 0 ? -(uint64_t)bytes_per_s : (uint64_t)bytes_per_s;

    if (size < 50 * KIB) {
        strcpy(out.text, "+0");
        return out;
    }
    char number[24];
    if (size < 10 * GIB)
        print_short(number, sizeof(number), (double)size / MIB, "MiB");
    else
        print_short(number, sizeof(number), (double)size / GIB, "GiB");
    snprintf(out.text, sizeof(out.text), "%c%s/s", bytes_per_s < 0 ? '-' : '+', number);
    return out;
}

struct size_text size_duration(uint64_t milliseconds)
{
    struct size_text out;
    double s = (double)milliseconds / 1000;

    if (milliseconds < 100)
        snprintf(out.text, sizeof(out.text), "%u ms", (unsigned)milliseconds);
    else if (s < 120)
        print_short(out.text, sizeof(out.text), s, "s");
    else if (s < 7200)
        print_short(out.text, sizeof(out.text), s / 60, "min");
    else if (s < 48 * 3600)
        print_short(out.text, sizeof(out.text), s / 3600, "h");
    else
        print_short(out.text, sizeof(out.text), s / 86400, "days");
    return out;
}

uint64_t size_scaled(uint64_t value, uint64_t part, uint64_t whole)
{
    if (whole == 0)
        return 0;
    unsigned __int128 scaled = ((unsigned __int128)value * part + whole / 2) / whole;
    return scaled < UINT64_MAX ? (uint64_t)scaled : UINT64_MAX;
}

bool size_parse(const char *text, uint64_t *bytes)
{
    static const char units[] = "kmgt";
    char *end = NULL;

    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return false;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return false;
    double value = strtod(text, &end);
    if (end == text)
        return false;
    if (*end) {
        const char *unit = strchr(units, tolower((unsigned char)*end));
        if (unit) {
            value *= (double)(UINT64_C(1) << (10 * (unit - units + 1)));
            end++;
        }
        if (strcasecmp(end, "") != 0 && strcasecmp(end, "b") != 0 && (!unit || strcasecmp(end, "ib") != 0))
            return false;
    }
    if (!(value >= 1) || value >= 9.2e18)
        return false;
    *bytes = (uint64_t)value;
    return true;
}

uint64_t saturating_sum(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}
