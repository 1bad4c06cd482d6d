/* SPDX-License-Identifier: MIT */
/*
 * journal: the writer of the file specified in journal_format.h, over memory that is handed in (the mapping of the
 * file, zeroed). No system calls but journal_touch_ahead's. All functions may be called from any thread; appends take
 * the journal's lock for a bounded time and drop (and count) what they cannot place. Readers of another process may
 * look at any instant.
 */
#ifndef LW_STORE_JOURNAL_H
#define LW_STORE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/lock.h"
#include "journal_format.h"
#include "store/index.h"

struct journal {
    unsigned char *base;
    uint64_t bytes;
    struct lw_header *header;
    struct lw_identity *identity;
    char *strings;
    struct lw_module *modules;
    struct lw_symbol *symbols;
    struct lw_python_frame *python_frames;
    struct lw_node *nodes;
    struct lw_site *sites;
    struct lw_state *state; /* two slots */
    struct lw_tick *recent;
    struct lw_tick *whole;
    struct lw_event *events;
    struct lw_thread *threads;
    struct lw_capability *capabilities;
    struct lw_mark *marks;
    struct lw_state *moment;
    struct lw_moment_site *moment_sites;
    struct lw_touch *touches;
    struct lw_input *inputs;
    char *text;
    struct lw_outcome *outcome;
    struct lw_neighbour *neighbours;

    struct lock lock;
    struct index string_index; /* private memory */
    struct index python_index;
    uint32_t string_count; /* in the index */
    uint64_t whole_interval_ns;
    struct lw_tick whole_pending; /* the record being gathered */
    uint64_t generation;
    uint32_t neighbour_looks;
    uint64_t touched[LW_SECTION_COUNT]; /* bytes of each section that are there already */
};

uint64_t journal_file_bytes(void);
uint64_t journal_private_bytes(void); /* memory for the indexes */

/* Lays the sections out and fills the header; life is STARTING. */
void journal_format(struct journal *journal, void *file, void *private_memory, uint32_t page_bytes);
/*
 * Touches what the next records will take of the sections that are in use, so that writing them needs no new memory;
 * everything: the whole file, for when the end is within reach. One caller (the watcher), while others write.
 */
void journal_touch_ahead(struct journal *journal, bool everything);
uint64_t journal_touched_bytes(const struct journal *journal);
void journal_set_life(struct journal *journal, enum lw_life life, int exit_code, uint64_t now_ns);

struct lw_section *journal_section(struct journal *journal, enum lw_section_kind kind);
static inline uint32_t journal_used(const struct lw_section *section)
{
    return (uint32_t)__atomic_load_n(&section->used, __ATOMIC_ACQUIRE);
}
/* For the writer that holds the lock of a section: the next free record, or UINT32_MAX (counted as dropped). */
uint32_t journal_next(struct lw_section *section);
void journal_publish(struct lw_section *section);

/* Strings are kept once. 0: empty, or no room. */
uint32_t journal_string(struct journal *journal, const char *string);
uint32_t journal_string_n(struct journal *journal, const char *bytes, size_t n);
/* Python frames are kept once. UINT32_MAX: no room. */
uint32_t journal_python_frame(struct journal *journal, const struct lw_python_frame *frame);
bool journal_symbol(struct journal *journal, const struct lw_symbol *symbol);
bool journal_module(struct journal *journal, const struct lw_module *module);
void journal_event(struct journal *journal, uint64_t now_ns, enum lw_event_kind kind, int64_t a, const char *text);
/* site: whose stack it was; 0: nobody's. */
void journal_event_at(struct journal *journal, uint64_t now_ns, enum lw_event_kind kind, int64_t a, uint32_t site,
                      const char *text);
void journal_capability(struct journal *journal, const char *name, bool available, const char *why);
void journal_mark(struct journal *journal, const struct lw_mark *mark);

/* One writer (the watcher): the tick goes to the ring at once and into the thinned timeline when its time is full. */
void journal_tick(struct journal *journal, const struct lw_tick *tick);
/* One writer: one look at the neighbours, at most LW_MAX_NEIGHBOURS records, replaces the look before the last. */
void journal_neighbours(struct journal *journal, uint64_t now_ns, const struct lw_neighbour *records, size_t stride,
                        uint32_t count);
/* One writer: fills generation and checksum and makes it the current one. */
void journal_state(struct journal *journal, struct lw_state *state);
/* After journal_state, at a complete report: keeps the state and what the sites hold now, until the next one. */
void journal_moment(struct journal *journal, const struct lw_state *state);

#endif
