/* SPDX-License-Identifier: MIT */
#include "observe/python_lines.h"

#include <stdbool.h>

/* Pairs of (bytes of code, signed lines). */
static int32_t from_lnotab(const unsigned char *table, size_t bytes, int32_t first, int32_t position)
{
    int32_t address = 0, line = first;
    for (size_t i = 0; i + 1 < bytes; i += 2) {
        address += table[i];
        if (address > position)
            break;
        line += (signed char)table[i + 1];
    }
    return line;
}

/* Pairs of (bytes of code that this entry covers, signed lines); -128: no line. */
static int32_t from_linetable(const unsigned char *table, size_t bytes, int32_t first, int32_t position)
{
    int32_t end = 0, line = first;
    for (size_t i = 0; i + 1 < bytes; i += 2) {
        int delta = (signed char)table[i + 1];
        if (delta != -128)
            line += delta;
        end += table[i];
        if (position < end)
            return delta == -128 ? -1 : line;
    }
    return -1;
}

/* Six bits a byte, least significant first, bit 6: more follows. */
static bool read_varint(const unsigned char *table, size_t bytes, size_t *at, uint32_t *value)
{
    unsigned shift = 0, byte;
    *value = 0;
    do {
        if (*at >= bytes || shift > 30)
            return false;
        byte = table[(*at)++];
        *value |= (byte & 63u) << shift;
        shift += 6;
    } while (byte & 64);
    return true;
}

static bool skip_columns(const unsigned char *table, size_t bytes, size_t *at)
{
    uint32_t ignored;
    for (int i = 0; i < 3; i++)
        if (!read_varint(table, bytes, at, &ignored))
            return false;
    return true;
}

/* First byte: 1, four bits of kind, three bits of length - 1 in code units of two bytes. */
static int32_t from_locations(const unsigned char *table, size_t bytes, int32_t first, int32_t position)
{
    enum { SHORT_END = 10, ONE_LINE_END = 13, NO_COLUMNS = 13, LONG = 14, NONE = 15 };
    int32_t end = 0, line = first;
    for (size_t at = 0; at < bytes;) {
        unsigned head = table[at++], kind = head >> 3 & 15;
        if (kind == NO_COLUMNS || kind == LONG) {
            uint32_t zigzag;
            if (!read_varint(table, bytes, &at, &zigzag))
                return -1;
            line += zigzag & 1 ? -(int32_t)(zigzag >> 1) : (int32_t)(zigzag >> 1);
            if (kind == LONG && !skip_columns(table, bytes, &at))
                return -1;
        } else if (kind >= SHORT_END && kind < ONE_LINE_END) {
            line += (int32_t)kind - SHORT_END;
            at += 2;
        } else if (kind < SHORT_END) {
            at += 1;
        }
        end += (int32_t)((head & 7) + 1) * 2;
        if (position < end)
            return kind == NONE ? -1 : line;
    }
    return -1;
}

int32_t python_line(enum python_line_table format, const unsigned char *table, size_t bytes, int32_t first,
                    int32_t position)
{
    switch (format) {
    case PYTHON_LNOTAB:
        return from_lnotab(table, bytes, first, position);
    case PYTHON_LINETABLE_310:
        return from_linetable(table, bytes, first, position);
    case PYTHON_LOCATIONS_311:
        return from_locations(table, bytes, first, position);
    }
    return -1;
}
