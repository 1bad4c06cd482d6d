/* SPDX-License-Identifier: MIT */
/*
 * journal_reader: opens a journal and hands out whole records. It trusts no byte.
 *
 * The file is copied into memory first (header, then the rest), so that a journal that is being written, truncated or
 * removed at this moment cannot harm the reader, and so that every record below the `used` counts in the header is
 * whole. Sections that do not fit into the file are cut to what is there or left out; each such finding is a note.
 * The layout is specified in shim/journal_format.h.
 */
#ifndef LASTWORDS_REPORT_JOURNAL_READER_H
#define LASTWORDS_REPORT_JOURNAL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/journal_format.h"
#include "sources/sink.h"

#define JOURNAL_MAX_BYTES   (UINT64_C(256) << 20) /* a larger file is refused: the writer's are a few MiB */
#define JOURNAL_MAX_FRAMES  512u                  /* of one stack */
#define JOURNAL_MAX_NOTES   24u
#define JOURNAL_FILE_PREFIX "lastwords-"
#define JOURNAL_FILE_SUFFIX ".lw"

struct journal;

/* path: a regular file, or "-" for standard input. NULL with the problem set when there is nothing to read in it. */
struct journal *journal_open(const char *path, struct problem *problem);

/* The same over bytes in memory, which are copied. name: what messages call it. */
struct journal *journal_from_bytes(const void *bytes, size_t size, const char *name, struct problem *problem);

void journal_close(struct journal *journal);

/*
 * Reads only header and identity, for looking at many files. False, without a message, when the file is not a journal
 * of this version or belongs to somebody else's format.
 */
bool journal_peek(const char *path, struct lw_header *header, struct lw_identity *identity);

/* Copies; the fixed-size texts in them are terminated, command_bytes is at most sizeof(command). */
const struct lw_header *journal_header(const struct journal *journal);
const struct lw_identity *journal_identity(const struct journal *journal);
const char *journal_name(const struct journal *journal);

/* Records that can be read now; of a ring as many as it holds. 0 for a section that is missing or broken. */
uint64_t journal_count(const struct journal *journal, enum lw_section_kind kind);

/* Records that found no room, as the writer counted them. */
uint64_t journal_dropped(const struct journal *journal, enum lw_section_kind kind);

/*
 * Copies the first `size` bytes of record `index`. False when there is no such record. Fixed-size texts inside need
 * not be terminated: the caller bounds them.
 */
bool journal_get(const struct journal *journal, enum lw_section_kind kind, uint64_t index, void *record, size_t size);

/* A terminated string inside the journal, raw; "" for an offset that is not one. *length without the terminator. */
const char *journal_string(const struct journal *journal, uint32_t offset, size_t *length);

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

/* What is missing or was not believed, one sentence each. */
size_t journal_note_count(const struct journal *journal);
const char *journal_note(const struct journal *journal, size_t index);

/* Where the outcome lies in the file; 0 when it has no such section. For the launcher, which writes it. */
uint64_t journal_outcome_offset(const struct journal *journal);

/* Likewise of the count of its section, which the launcher sets to 1. */
uint64_t journal_outcome_used_offset(const struct journal *journal);

enum journal_process {
    JOURNAL_PROCESS_THERE,  /* the process that wrote it runs on this machine */
    JOURNAL_PROCESS_GONE,   /* same machine and boot, no such process; or the machine was booted again */
    JOURNAL_PROCESS_UNKNOWN /* written on another machine */
};

/* Compares pid, start and boot id with /proc. */
enum journal_process journal_process(const struct lw_identity *identity);

#endif
