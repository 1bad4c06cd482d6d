/* SPDX-License-Identifier: MIT */
/*
 * journal_reader: a journal in memory, section by section and record by record. It trusts no byte.
 *
 * Sections that do not fit are cut to what is there or left out; each such finding is a note. The layout is specified
 * in shim/journal_format.h. Files are opened by journal_file; what the records mean is in journal_records.
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

/* Over bytes in memory, which are copied. name: what messages call it. NULL with the problem set: nothing to read. */
struct journal *journal_from_bytes(const void *bytes, size_t size, const char *name, struct problem *problem);

/* The same over bytes from array_resize, which it takes over, whatever happens. */
struct journal *journal_adopt(unsigned char *bytes, size_t size, const char *name, struct problem *problem);

void journal_close(struct journal *journal);

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

/* The bytes of a section and where they lie in the file, for reading them again; NULL for one that is not there. */
unsigned char *journal_section(struct journal *journal, enum lw_section_kind kind, uint64_t *offset, size_t *size);

/* A terminated string inside the journal, raw; "" for an offset that is not one. *length without the terminator. */
const char *journal_string(const struct journal *journal, uint32_t offset, size_t *length);

/* What is missing or was not believed, one sentence each. */
size_t journal_note_count(const struct journal *journal);
const char *journal_note(const struct journal *journal, size_t index);

/* Where the outcome lies in the file; 0 when it has no such section. For the launcher, which writes it. */
uint64_t journal_outcome_offset(const struct journal *journal);

/* Likewise of the count of its section, which the launcher sets to 1. */
uint64_t journal_outcome_used_offset(const struct journal *journal);

/* True when a file of `size` bytes with this header is one that this version reads; else the problem says why not. */
bool journal_header_check(const struct lw_header *header, size_t size, const char *name, struct problem *problem);

/* Terminates the texts, bounds command_bytes. */
void journal_identity_bound(struct lw_identity *identity);

#endif
