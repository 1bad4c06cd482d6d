/* SPDX-License-Identifier: MIT */
/*
 * perf_map: the names of functions that a just-in-time compiler made, where the process left them in
 * /tmp/perf-PID.map (node --perf-basic-prof, python -X perf, java agents): lines "START SIZE name", numbers in hex.
 *
 * Anybody may put such a file there, so it counts only if it is a regular file (no link) of the process's own user,
 * of this boot of this machine, and not older than the process; what it says is trusted no more than a journal.
 */
#ifndef LASTWORDS_REPORT_PERF_MAP_H
#define LASTWORDS_REPORT_PERF_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "shim/journal_format.h"

#define PERF_MAP_MAX_BYTES (64u << 20) /* what is beyond is not read */
#define PERF_MAP_MAX_NAME  512u

struct perf_map;

/* NULL: there is none, or none that counts. */
struct perf_map *perf_map_open(const struct lw_identity *identity);
/* Of given text, which is copied; for perf_map_open and the tests. */
struct perf_map *perf_map_parse(const char *text, size_t bytes);
void perf_map_close(struct perf_map *map);

/* The name at this address, not terminated, as long as the map is open; NULL: none. Of two, the later one. */
const char *perf_map_name(const struct perf_map *map, uint64_t address, size_t *length);

#endif
