/* SPDX-License-Identifier: MIT */
/*
 * python_lines: the line number at a position of a code object, from its line table. Pure; the three formats are
 * co_lnotab (to 3.9, Objects/lnotab_notes.txt), PEP 626 pairs (3.10), and the location table (3.11 on,
 * Objects/locations.md). position in bytes from the start of the bytecode; -1: the table gives no line.
 */
#ifndef LW_OBSERVE_PYTHON_LINES_H
#define LW_OBSERVE_PYTHON_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "observe/python_layouts.h"

int32_t python_line(enum python_line_table format, const unsigned char *table, size_t bytes, int32_t first,
                    int32_t position);

#endif
