/* SPDX-License-Identifier: MIT */
/*
 * site_history: what sites had at the last few scans, so that their growth can be told. Scans that follow one another
 * closely are not kept: in less than half a second the sampling error would be most of a difference.
 * One thread at a time (the watcher). Times are of one clock, in nanoseconds, ascending.
 */
#ifndef LW_STORE_SITE_HISTORY_H
#define LW_STORE_SITE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/arena.h"
#include "journal_format.h"

#define SITE_HISTORY_SCANS 4u /* that growth is measured over */

struct site_history {
    uint64_t *resident_bytes; /* SITE_HISTORY_SCANS for each site */
    uint64_t scanned_ns[SITE_HISTORY_SCANS];
    uint64_t now_ns;
    uint32_t kept; /* scans, ever */
    bool keeps;    /* this one */
};

bool site_history_open(struct site_history *history, struct arena *arena, uint32_t sites);
void site_history_begin(struct site_history *history, uint64_t now_ns);
/* What site i, below `sites`, has at this scan: its numbers in the journal, each written at once. */
void site_history_tell(struct site_history *history, uint32_t i, struct lw_site *site, uint64_t resident_bytes,
                       uint64_t swapped_bytes);
void site_history_end(struct site_history *history);

#endif
