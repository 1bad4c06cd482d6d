/* SPDX-License-Identifier: MIT */
/* journal_process: does the process that wrote a journal still run? */
#ifndef LASTWORDS_REPORT_JOURNAL_PROCESS_H
#define LASTWORDS_REPORT_JOURNAL_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/journal_format.h"

enum journal_process {
    JOURNAL_PROCESS_THERE,  /* the process that wrote it runs on this machine */
    JOURNAL_PROCESS_GONE,   /* same machine and boot, no such process; or the machine was booted again */
    JOURNAL_PROCESS_UNKNOWN /* written on another machine */
};

/* When it began, in clock ticks since boot: with the pid that names it for ever. False when it does not run. */
bool journal_process_start(uint32_t pid, uint64_t *ticks);

/* Of this machine since it was started; "" when it cannot be read. */
const char *journal_boot_id(void);

/* Compares pid, start and boot id with /proc. */
enum journal_process journal_process(const struct lw_identity *identity);

#endif
