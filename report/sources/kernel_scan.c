/* SPDX-License-Identifier: MIT */
#include "sources/kernel_scan.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "shim/journal_format.h"
#include "sources/sink.h"

const char *scan_after(const char *line, const char *prefix)
{
    size_t length = strlen(prefix);

    return strncmp(line, prefix, length) == 0 ? line + length : NULL;
}

const char *scan_find(const char *line, const char *key)
{
    const char *found = strstr(line, key);

    return found ? found + strlen(key) : NULL;
}

const char *scan_find_last(const char *line, const char *key)
{
    const char *last = NULL;

    for (const char *found = line; (found = strstr(found, key)); found++)
        last = found + strlen(key);
    return last;
}

bool scan_number(const char *line, const char *key, uint64_t *value)
{
    const char *text = scan_find(line, key);

    if (!text || !isdigit((unsigned char)*text))
        return false;
    errno = 0;
    uint64_t number = strtoull(text, NULL, 10);
    *value = errno ? LW_UNKNOWN : number;
    return !errno;
}

bool scan_small(const char *line, const char *key, uint32_t *value)
{
    uint64_t number;

    if (!scan_number(line, key, &number) || number > UINT32_MAX)
        return false;
    *value = (uint32_t)number;
    return true;
}

bool scan_signed(const char *line, const char *key, int *value)
{
    const char *text = scan_find(line, key);
    char *end;

    if (!text)
        return false;
    long number = strtol(text, &end, 10);
    if (end == text || number < -100000 || number > 100000)
        return false;
    *value = (int)number;
    return true;
}

bool scan_kilobytes(const char *line, const char *key, uint64_t *bytes)
{
    uint64_t number;

    if (!scan_number(line, key, &number))
        return false;
    *bytes = number >= UINT64_C(1) << 52 ? LW_UNLIMITED : number * 1024;
    return true;
}

void scan_copy(const char *from, const char *to, char *out, size_t size)
{
    sink_printable(from, to > from ? (size_t)(to - from) : 0, out, size);
}

bool scan_word(const char *line, const char *key, const char *stops, char *out, size_t size)
{
    const char *text = scan_find(line, key);

    if (!text)
        return false;
    scan_copy(text, text + strcspn(text, stops), out, size);
    return true;
}
