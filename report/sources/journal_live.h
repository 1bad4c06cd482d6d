/* SPDX-License-Identifier: MIT */
/* journal_live: journals of processes that run on this machine, wherever they write them. */
#ifndef LASTWORDS_REPORT_JOURNAL_LIVE_H
#define LASTWORDS_REPORT_JOURNAL_LIVE_H

#include "sources/journal_find.h"

/*
 * The journal that a process has mapped; of one in a container as it is seen from here, below /proc/PID/root. False
 * when it has none, or when its maps may not be read. path: of `size` bytes.
 */
bool journal_live_of(uint32_t pid, char *path, size_t size);

/*
 * All that run, newest first: of the default directories, and of the processes whose maps can be read. The caller frees
 * list->items.
 */
void journal_live_all(struct journal_list *list);

#endif
