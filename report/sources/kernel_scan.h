/* SPDX-License-Identifier: MIT */
/* kernel_scan: numbers and names out of a terminated line of a kernel log. Nothing is changed where nothing is found.
 */
#ifndef LASTWORDS_REPORT_KERNEL_SCAN_H
#define LASTWORDS_REPORT_KERNEL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The text behind `prefix`, or NULL when the line does not begin with it. */
const char *scan_after(const char *line, const char *prefix);

/* The text behind the first, the last occurrence of `key`; NULL: none. */
const char *scan_find(const char *line, const char *key);
const char *scan_find_last(const char *line, const char *key);

/* An unsigned number behind `key`, anywhere in the line. */
bool scan_number(const char *line, const char *key, uint64_t *value);
bool scan_small(const char *line, const char *key, uint32_t *value);
bool scan_signed(const char *line, const char *key, int *value);

/* Likewise in kB: bytes; LW_UNLIMITED from 2^62 on, which is how the kernel prints "no limit". */
bool scan_kilobytes(const char *line, const char *key, uint64_t *bytes);

/* The printable copy of from..to (exclusive) into out. */
void scan_copy(const char *from, const char *to, char *out, size_t size);

/* What stands behind `key`, up to any of `stops` or the end. */
bool scan_word(const char *line, const char *key, const char *stops, char *out, size_t size);

#endif
