/* SPDX-License-Identifier: MIT */
/*
 * attribution: whose are the resident pages? One pass over the address space joins three lists that are all sorted by
 * address: resident runs (residency), recorded heap blocks (live), ranges obtained by mmap (mappings). What no site
 * owns is named by the kind of mapping it lies in. Watcher thread only; the buffers are taken once, at activation.
 */
#ifndef LW_CONDUCT_ATTRIBUTION_H
#define LW_CONDUCT_ATTRIBUTION_H

#include <stdbool.h>
#include <stdint.h>

bool attribution_open(uint32_t live_slots); /* takes its buffers from the arena */
/*
 * Writes the sites' numbers and the attribution part of flight.state. quickly: in a fifth of the time for small pages,
 * where nothing is swapped; memory that was read and never written may count then, up to 0.1 % and 512 KiB of all, and
 * the small data of a module may be told as it was three scans ago.
 */
void attribution_scan(bool quickly);
/* Remembers what is resident now as older than all records. */
void attribution_baseline(void);

#endif
