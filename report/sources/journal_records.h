/* SPDX-License-Identifier: MIT */
/*
 * journal_records: the records that mean something together: of two slots the newer one that is whole, of two halves
 * the later look, a stack from its nodes, one timeline from two.
 */
#ifndef LASTWORDS_REPORT_JOURNAL_RECORDS_H
#define LASTWORDS_REPORT_JOURNAL_RECORDS_H

#include "sources/journal_reader.h"

/*
 * The newest whole state. Its counts and indexes are within bounds (binding_level is -1 or below level_count), its
 * paths terminated. False when neither slot is whole.
 */
bool journal_state(const struct journal *journal, struct lw_state *state);

/* The state as it stood when the last complete report was written, likewise; false: there was none. */
bool journal_moment(const struct journal *journal, struct lw_state *state);

/* False when there was no launcher, or it wrote nothing whole. source is terminated. */
bool journal_outcome(const struct journal *journal, struct lw_outcome *outcome);

/* The latest whole look at the other processes, names terminated; returns how many, 0 without any. */
uint32_t journal_neighbours(const struct journal *journal, struct lw_neighbour records[LW_MAX_NEIGHBOURS]);

/* Frames of the stack that ends in `node`, innermost first, at most `capacity`. Returns how many. */
size_t journal_stack(const struct journal *journal, uint32_t node, uint64_t *frames, size_t capacity);

/*
 * Both timelines as one: whole ticks sorted by time; where the full resolution begins, the thinned ones end.
 * The caller frees *ticks.
 */
size_t journal_ticks(const struct journal *journal, struct lw_tick **ticks);

#endif
