/* SPDX-License-Identifier: MIT */
/*
 * What is understood, each with what the text after it looks like:
 *
 *     4,376,12748402,-;TEXT                                   /dev/kmsg: level and facility, number, microseconds
 *     <4>[   12.748402] TEXT                                  syslog(2), serial consoles
 *     [   12.748402][  T131] TEXT                             dmesg, with the caller where CONFIG_PRINTK_CALLER is set
 *     kern  :warn  : [   12.748402] TEXT                      dmesg -x
 *     [Sat Nov 21 13:19:41 2026] TEXT                         dmesg -T
 *     [Nov21 13:19] TEXT   [  +0.000123] TEXT                 dmesg -H: good for people, not for a clock
 *     2026-11-21T13:19:41,748402+00:00 TEXT                   dmesg --time-format iso
 *     Nov 21 13:19:41 host kernel: [   12.748402] TEXT        syslog, journalctl -k
 *     2026-11-21T13:19:41.748402+00:00 host kernel: TEXT      rsyslog, journalctl -o short-iso
 *     1795267181.748402 host kernel: TEXT                     journalctl -o short-unix
 *     [   12.748402] host kernel: TEXT                        journalctl -o short-monotonic
 */
#include "sources/kernel_line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sources/sink.h"

#define MAX_PREFIXES 6 /* of one line */

/* The rest of a line. Reading beyond its end gives 0, so that scanners need no bounds of their own. */
struct rest {
    const char *text;
    size_t length;
};

static char peek(const struct rest *rest, size_t at)
{
    return at < rest->length ? rest->text[at] : '\0';
}

static void skip(struct rest *rest, size_t count)
{
    count = count < rest->length ? count : rest->length;
    rest->text += count;
    rest->length -= count;
}

static void skip_blanks(struct rest *rest)
{
    while (peek(rest, 0) == ' ' || peek(rest, 0) == '\t')
        skip(rest, 1);
}

static bool take(struct rest *rest, char wanted)
{
    if (peek(rest, 0) != wanted)
        return false;
    skip(rest, 1);
    return true;
}

/* At least `least`, at most `most` digits. */
static bool take_number(struct rest *rest, size_t least, size_t most, uint64_t *value)
{
    size_t digits = 0;
    uint64_t number = 0;

    while (digits < most && isdigit((unsigned char)peek(rest, digits)))
        number = number * 10 + (uint64_t)(peek(rest, digits++) - '0');
    if (digits < least || isdigit((unsigned char)peek(rest, digits)))
        return false;
    *value = number;
    skip(rest, digits);
    return true;
}

static bool take_month(struct rest *rest, int *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++)
        if (rest->length >= 3 && memcmp(rest->text, names + 3 * i, 3) == 0) {
            *month = i;
            skip(rest, 3);
            return true;
        }
    return false;
}

/* "13:19:41" with an optional fraction, which is dropped. */
static bool take_clock(struct rest *rest, struct tm *parts)
{
    uint64_t hour, minute, second, fraction;

    if (!take_number(rest, 2, 2, &hour) || !take(rest, ':') || !take_number(rest, 2, 2, &minute) || !take(rest, ':') ||
        !take_number(rest, 2, 2, &second) || hour > 23 || minute > 59 || second > 60)
        return false;
    if (peek(rest, 0) == '.' || peek(rest, 0) == ',') {
        skip(rest, 1);
        if (!take_number(rest, 1, 9, &fraction))
            return false;
    }
    parts->tm_hour = (int)hour;
    parts->tm_min = (int)minute;
    parts->tm_sec = (int)second;
    return true;
}

static void set_date(struct kernel_stamp *stamp, struct tm *parts, int64_t zone_s, const char *from, const char *to)
{
    int64_t seconds = (int64_t)timegm(parts) - zone_s;

    if (seconds < 0)
        return;
    stamp->realtime_s = (uint64_t)seconds;
    while (to > from && (to[-1] == ' ' || to[-1] == ']'))
        to--;
    sink_printable(from, (size_t)(to - from), stamp->text, sizeof(stamp->text));
}

/* "4,376,12748402,-;" and more fields that later kernels may add before the semicolon */
static bool take_kmsg(struct rest *rest, struct kernel_line *line)
{
    struct rest at = *rest;
    uint64_t level, number, microseconds;

    if (!take_number(&at, 1, 6, &level) || !take(&at, ',') || !take_number(&at, 1, 19, &number) || !take(&at, ',') ||
        !take_number(&at, 1, 17, &microseconds) || !take(&at, ','))
        return false;
    const char *semicolon = memchr(at.text, ';', at.length < 64 ? at.length : 64);
    if (!semicolon)
        return false;
    skip(&at, (size_t)(semicolon - at.text) + 1);
    line->foreign = level >> 3 != 0;
    line->stamp.monotonic_us = microseconds;
    *rest = at;
    return true;
}

/* "<4>", and what consoles of virtual machines write before it */
static bool take_level(struct rest *rest, struct kernel_line *line)
{
    for (size_t at = 0; at < 120 && at + 3 < rest->length; at++)
        if (rest->text[at] == '<' && isdigit((unsigned char)rest->text[at + 1]) && rest->text[at + 2] == '>' &&
            (at == 0 || rest->text[at + 3] == '[')) {
            skip(rest, at + 3);
            return true;
        }
    return false;
}

/* "[   12.748402] ", "[  +0.000123] " */
static bool take_monotonic(struct rest *rest, struct kernel_line *line)
{
    struct rest at = *rest;
    uint64_t seconds, fraction;

    if (!take(&at, '['))
        return false;
    skip_blanks(&at);
    bool relative = take(&at, '+');
    if (!take_number(&at, 1, 12, &seconds) || !take(&at, '.') || !take_number(&at, 6, 6, &fraction) || !take(&at, ']'))
        return false;
    if (!relative)
        line->stamp.monotonic_us = seconds * 1000000 + fraction;
    take(&at, ' ');
    *rest = at;
    return true;
}

/* "[  T131] ", "[    C0] " */
static bool take_caller(struct rest *rest, struct kernel_line *line)
{
    struct rest at = *rest;
    uint64_t number;

    if (!take(&at, '['))
        return false;
    skip_blanks(&at);
    if ((!take(&at, 'T') && !take(&at, 'C')) || !take_number(&at, 1, 10, &number) || !take(&at, ']'))
        return false;
    take(&at, ' ');
    *rest = at;
    return true;
}

/* "[Sat Nov 21 13:19:41 2026] ", "[Nov21 13:19] " */
static bool take_people(struct rest *rest, struct kernel_line *line)
{
    struct rest at = *rest;
    struct tm parts = {.tm_year = 70};
    uint64_t day, year;

    if (!take(&at, '[') || !isalpha((unsigned char)peek(&at, 0)))
        return false;
    const char *close = memchr(at.text, ']', at.length < 40 ? at.length : 40), *from = at.text;
    if (!close)
        return false;
    struct rest inside = {at.text, (size_t)(close - at.text)};
    skip(&at, inside.length + 1);
    take(&at, ' ');
    if (take_month(&inside, &parts.tm_mon)) { /* without seconds and year */
        *rest = at;
        return true;
    }
    skip(&inside, 3);
    skip_blanks(&inside);
    if (!take_month(&inside, &parts.tm_mon))
        return false;
    skip_blanks(&inside);
    if (!take_number(&inside, 1, 2, &day) || !take(&inside, ' ') || !take_clock(&inside, &parts) ||
        !take(&inside, ' ') || !take_number(&inside, 4, 4, &year) || year < 1970)
        return false;
    parts.tm_mday = (int)day;
    parts.tm_year = (int)year - 1900;
    line->stamp.has_year = true;
    line->stamp.has_zone = false;
    set_date(&line->stamp, &parts, 0, from, close);
    *rest = at;
    return true;
}

/* "Z", "+0000", "+00:00"; "" leaves the zone unknown */
static bool take_zone(struct rest *rest, int64_t *zone_s, bool *known)
{
    uint64_t hours, minutes = 0;
    char sign = peek(rest, 0);

    *zone_s = 0;
    *known = sign == 'Z' || sign == '+' || sign == '-';
    if (!*known)
        return true;
    skip(rest, 1);
    if (sign == 'Z')
        return true;
    struct rest at = *rest;
    if (take_number(&at, 4, 4, &hours)) {
        minutes = hours % 100;
        hours /= 100;
    } else if (!take_number(&at, 2, 2, &hours) || (take(&at, ':') && !take_number(&at, 2, 2, &minutes)))
        return false;
    *rest = at;
    *zone_s = (int64_t)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
    return true;
}

/* "2026-11-21T13:19:41,748402+00:00 ", "2026-11-21 13:19:41 " */
static bool take_iso(struct rest *rest, struct kernel_line *line)
{
    struct rest at = *rest;
    struct tm parts = {0};
    uint64_t year, month, day;
    int64_t zone_s;
    bool zone_known;
    bool bracket = take(&at, '[');
    const char *from = at.text;

    if (!take_number(&at, 4, 4, &year) || !take(&at, '-') || !take_number(&at, 2, 2, &month) || !take(&at, '-') ||
        !take_number(&at, 2, 2, &day) || (!take(&at, 'T') && !take(&at, ' ')) || !take_clock(&at, &parts) ||
        !take_zone(&at, &zone_s, &zone_known) || year < 1970 || month < 1 || month > 12)
        return false;
    const char *to = at.text;
    if ((bracket && !take(&at, ']')) || (at.length > 0 && !take(&at, ' ')))
        return false;
    parts.tm_year = (int)year - 1900;
    parts.tm_mon = (int)month - 1;
    parts.tm_mday = (int)day;
    line->stamp.has_year = true;
    line->stamp.has_zone = zone_known;
    set_date(&line->stamp, &parts, zone_s, from, to);
    *rest = at;
    return true;
}

/* "Nov 21 13:19:41 " */
static bool take_syslog(struct rest *rest, struct kernel_line *line)
{
    struct rest at = *rest;
    struct tm parts = {.tm_year = 70};
    uint64_t day;

    if (!take_month(&at, &parts.tm_mon) || !take(&at, ' '))
        return false;
    skip_blanks(&at);
    if (!take_number(&at, 1, 2, &day) || !take(&at, ' ') || !take_clock(&at, &parts) || !take(&at, ' '))
        return false;
    parts.tm_mday = (int)day;
    line->stamp.has_year = line->stamp.has_zone = false;
    set_date(&line->stamp, &parts, 0, rest->text, at.text);
    *rest = at;
    return true;
}

/* "1795267181.748402 " */
static bool take_unix(struct rest *rest, struct kernel_line *line)
{
    struct rest at = *rest;
    uint64_t seconds, fraction;

    if (!take_number(&at, 9, 11, &seconds) || !take(&at, '.') || !take_number(&at, 6, 6, &fraction) || !take(&at, ' '))
        return false;
    line->stamp.realtime_s = seconds;
    line->stamp.has_year = line->stamp.has_zone = true;
    *rest = at;
    return true;
}

/* "host kernel: ", "kernel: ", "kernel[0]: "; "kern  :warn  : " */
static bool take_source(struct rest *rest, struct kernel_line *line)
{
    static const char *const sources[] = {"kernel: ", "kernel[0]: "};
    struct rest at = *rest;

    if (at.length > 16 && memcmp(at.text, "kern  :", 7) == 0 && memcmp(at.text + 13, ": ", 2) == 0) {
        skip(rest, 15);
        return true;
    }
    for (int word = 0; word < 2; word++) {
        for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
            if (at.length >= strlen(sources[i]) && memcmp(at.text, sources[i], strlen(sources[i])) == 0) {
                skip(&at, strlen(sources[i]));
                *rest = at;
                return true;
            }
        const char *blank = memchr(at.text, ' ', at.length < 256 ? at.length : 256);
        if (!blank)
            return false;
        skip(&at, (size_t)(blank - at.text) + 1);
    }
    return false;
}

static bool (*const prefixes[])(struct rest *rest, struct kernel_line *line) = {
    take_kmsg, take_monotonic, take_people, take_iso, take_syslog, take_unix, take_source, take_caller, take_level,
};

static int hex_digit(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\x0a" of /dev/kmsg and "#012" of rsyslog, shortened in place */
static size_t unescape(char *text, size_t length)
{
    size_t out = 0;

    for (size_t i = 0; i < length; i++) {
        bool kmsg = i + 3 < length && text[i] == '\\' && text[i + 1] == 'x' && hex_digit(text[i + 2]) >= 0 &&
                    hex_digit(text[i + 3]) >= 0;
        bool rsyslog = i + 3 < length && memcmp(text + i, "#012", 4) == 0;
        if (kmsg)
            text[out++] = (char)(hex_digit(text[i + 2]) * 16 + hex_digit(text[i + 3]));
        else
            text[out++] = rsyslog ? '\n' : text[i];
        i += kmsg || rsyslog ? 3 : 0;
    }
    return out;
}

void kernel_line_split(char *buffer, size_t length, struct kernel_line *line)
{
    struct rest rest = {buffer, length < KERNEL_LINE_MAX ? length : KERNEL_LINE_MAX};
    bool found = true;

    memset(line, 0, sizeof(*line));
    line->stamp.monotonic_us = line->stamp.realtime_s = LW_UNKNOWN;
    for (int i = 0; i < MAX_PREFIXES && found; i++) {
        found = false;
        for (size_t p = 0; p < sizeof(prefixes) / sizeof(prefixes[0]) && !found; p++)
            found = prefixes[p](&rest, line);
    }
    line->text = rest.text;
    line->length = unescape(buffer + (rest.text - buffer), rest.length);
}
