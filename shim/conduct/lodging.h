/* SPDX-License-Identifier: MIT */
/*
 * lodging: where the journal's file lives. The wanted directory (dir=, else the process's own), then TMPDIR, /tmp, then
 * memory that only a launcher or a debugger can still read. One thread, during activation.
 */
#ifndef LW_CONDUCT_LODGING_H
#define LW_CONDUCT_LODGING_H

#include "journal_format.h"

/*
 * The mapped file, zeroed, journal_file_bytes() long, every byte of it provided for; NULL: none could be made. Sets
 * flight.journal_fd, journal_path ("" when it is memory) and journal_name. Says so where dir= could not be used.
 */
void *lodging_open(const struct lw_identity *identity);

/*
 * Before all of it is touched: at once, without a major fault for each page, which would look like page cache that
 * comes back as soon as it is dropped (headroom_hot).
 */
void lodging_fetch(void);

#endif
