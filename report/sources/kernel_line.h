/* SPDX-License-Identifier: MIT */
/*
 * kernel_line: one line of a kernel log without what others wrote before it: /dev/kmsg's numbers, dmesg's and
 * journald's and syslog's stamps, host names. Trusts no byte: a line may be cut anywhere and hold anything.
 */
#ifndef LASTWORDS_REPORT_KERNEL_LINE_H
#define LASTWORDS_REPORT_KERNEL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/journal_format.h"

#define KERNEL_LINE_MAX 16384u /* bytes that are looked at; the kernel's own longest record is shorter */

struct kernel_stamp {
    uint64_t monotonic_us; /* since the start of the machine (the kernel's own clock); LW_UNKNOWN */
    uint64_t realtime_s;   /* since 1970; LW_UNKNOWN. Without a year: of the year 1970; without a zone: as if UTC */
    bool has_year;
    bool has_zone;
    char text[40]; /* the date as it was written, printable; "" without one */
};

struct kernel_line {
    const char *text; /* inside the buffer that was given; what the kernel said */
    size_t length;
    struct kernel_stamp stamp;
    bool foreign; /* a user-space program wrote it: /dev/kmsg tells them apart */
};

/*
 * Takes the prefixes of `buffer` (`length` bytes without the newline, changed in place: \xNN of /dev/kmsg and #012 of
 * rsyslog become bytes) apart. Never fails: a line without a known prefix is all text. The text may hold newlines.
 */
void kernel_line_split(char *buffer, size_t length, struct kernel_line *line);

#endif
