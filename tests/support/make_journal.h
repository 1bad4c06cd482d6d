/* SPDX-License-Identifier: MIT */
/*
 * make_journal: synthetic journals for tests, small enough to be cut at every byte. Everything is little and has a
 * default; a test changes what it is about. Not for use outside of tests: running out of room asserts.
 */
#ifndef LASTWORDS_TESTS_MAKE_JOURNAL_H
#define LASTWORDS_TESTS_MAKE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/journal_format.h"

#define MAKE_MIB (UINT64_C(1) << 20)

struct make_journal;

/* A LIVE journal of "python3 transform.py orders.csv", pid 4711, of a boot long gone, with node 0 and site 0. */
struct make_journal *make_journal_new(void);
/* The same with room for some 16,000 sites and 130,000 ticks. */
struct make_journal *make_journal_new_large(void);
void make_journal_free(struct make_journal *made);

/* Changed in place until make_finish. */
struct lw_header *make_header(struct make_journal *made);
struct lw_identity *make_identity(struct make_journal *made);
struct lw_state *make_state(struct make_journal *made); /* stored as the newer slot; the older one has half the rss */
void make_no_state(struct make_journal *made);
void make_command(struct make_journal *made, const char *const *arguments, size_t count);

uint32_t make_string(struct make_journal *made, const char *text);
uint32_t make_module(struct make_journal *made, const char *path, uint64_t start, uint64_t end);
uint64_t make_python(struct make_journal *made, const char *function, const char *file, int line);
uint64_t make_native(struct make_journal *made, const char *name, uint32_t module, uint64_t address);
uint32_t make_stack(struct make_journal *made, const uint64_t *outermost_first, size_t count);
uint32_t make_child(struct make_journal *made, uint32_t parent, uint64_t frame); /* one frame more; 0: outermost */
struct lw_site *make_site(struct make_journal *made, uint32_t node, uint64_t resident_bytes, uint64_t committed_bytes,
                          int64_t growth_bytes_per_s);
uint32_t make_site_count(const struct make_journal *made);
struct lw_level *make_level(struct make_journal *made, enum lw_level_kind kind, const char *path, uint64_t limit_bytes,
                            uint64_t used_bytes, uint64_t reclaimable_bytes);
void make_other(struct make_journal *made, enum lw_other_kind kind, uint64_t resident_bytes);
struct lw_tick *make_tick(struct make_journal *made, uint64_t t_ms, uint64_t current_bytes, uint64_t rss_bytes);
void make_event(struct make_journal *made, uint64_t t_ms, enum lw_event_kind kind, int64_t a, const char *text);
struct lw_thread *make_thread(struct make_journal *made, uint32_t tid, const char *name,
                              const uint64_t *innermost_first, size_t count);
void make_capability(struct make_journal *made, const char *name, bool available, const char *why);
void make_touch(struct make_journal *made, uint32_t site, uint32_t node, uint64_t bytes);
void make_mark(struct make_journal *made, enum lw_mark_kind kind, uint32_t site, uint64_t resident_bytes);
void make_input(struct make_journal *made, const char *path, uint64_t size_bytes);
/* Changed in place until make_finish, like the others; at most four. */
struct lw_neighbour *make_neighbour(struct make_journal *made, uint32_t pid, const char *name, uint64_t first_bytes,
                                    uint64_t rss_bytes);
void make_outcome(struct make_journal *made, int exit_code, int signal, uint32_t oom_kill);

/* Sums up: the bytes of the file. They belong to `made`. */
const unsigned char *make_finish(struct make_journal *made, size_t *size);

/* Finishes and writes the file. */
bool make_write(struct make_journal *made, const char *path);

/*
 * Whole cases that several tests share:
 *     etl     the first screen of the manual: read_csv in a cgroup of 512 MiB, ended by lastwords
 *     leak    a C program with two sites, OOM-killed (confirmed by the launcher), v1
 *     calm    far from every limit, killed by SIGKILL
 *     sibling the cgroup is full and this process did not do it
 *     hostile etl in which every text that a journal can hold tries to become markup, script, or the end of either
 *     large   10,000 sites and 100,000 ticks of a day's run, 200 threads
 */
struct make_journal *make_etl(void);
struct make_journal *make_leak(void);
struct make_journal *make_calm(void);
struct make_journal *make_sibling(void);
struct make_journal *make_hostile(void);
struct make_journal *make_large(void);

#endif
