/* SPDX-License-Identifier: MIT */
#include "sources/journal_records.h"

#include <stdlib.h>
#include <string.h>

#include "sources/arena.h"

static void state_bound(struct lw_state *state)
{
    if (state->level_count > LW_MAX_LEVELS)
        state->level_count = LW_MAX_LEVELS;
    if (state->other_count > LW_MAX_OTHER)
        state->other_count = LW_MAX_OTHER;
    if (state->binding_level < -1 || state->binding_level >= (int32_t)state->level_count)
        state->binding_level = -1;
    for (size_t i = 0; i < LW_MAX_LEVELS; i++)
        state->levels[i].path[sizeof(state->levels[i].path) - 1] = '\0';
}

static bool newest_state(const struct journal *journal, enum lw_section_kind kind, struct lw_state *state)
{
    bool found = false;
    struct lw_state *slot = array_resize(NULL, 1, sizeof(*slot));

    for (uint64_t i = 0; i < 2 && journal_get(journal, kind, i, slot, sizeof(*slot)); i++) {
        if (slot->checksum != lw_checksum(slot, offsetof(struct lw_state, checksum)))
            continue;
        if (!found || slot->generation > state->generation) {
            *state = *slot;
            found = true;
        }
    }
    free(slot);
    if (found)
        state_bound(state);
    return found;
}

bool journal_state(const struct journal *journal, struct lw_state *state)
{
    return newest_state(journal, LW_SECTION_STATE, state);
}

bool journal_moment(const struct journal *journal, struct lw_state *state)
{
    return newest_state(journal, LW_SECTION_MOMENT, state);
}

bool journal_outcome(const struct journal *journal, struct lw_outcome *outcome)
{
    struct lw_outcome read;

    if (!journal_get(journal, LW_SECTION_OUTCOME, 0, &read, sizeof(read)) || read.known != 1 ||
        read.checksum != lw_checksum(&read, offsetof(struct lw_outcome, checksum)))
        return false;
    read.source[sizeof(read.source) - 1] = '\0';
    *outcome = read;
    return true;
}

/* The records of one half when all of its look are whole; *when is the time of the look. Returns how many. */
static uint32_t neighbours_of_half(const struct journal *journal, uint32_t half, struct lw_neighbour *records,
                                   uint64_t *when)
{
    uint32_t count = 0, listed = 0;

    for (uint32_t i = 0; i < LW_MAX_NEIGHBOURS && (i == 0 || i < listed); i++) {
        struct lw_neighbour *record = &records[i];
        if (!journal_get(journal, LW_SECTION_NEIGHBOURS, half * LW_MAX_NEIGHBOURS + i, record, sizeof(*record)) ||
            record->checksum != lw_checksum(record, offsetof(struct lw_neighbour, checksum)))
            return 0;
        if (i == 0) {
            *when = record->scanned_ns;
            listed = record->listed < LW_MAX_NEIGHBOURS ? record->listed : LW_MAX_NEIGHBOURS;
        }
        if (record->scanned_ns != *when || listed == 0)
            return 0;
        record->name[sizeof(record->name) - 1] = '\0';
        count++;
    }
    return count;
}

uint32_t journal_neighbours(const struct journal *journal, struct lw_neighbour records[LW_MAX_NEIGHBOURS])
{
    struct lw_neighbour *other = array_resize(NULL, LW_MAX_NEIGHBOURS, sizeof(*other));
    uint64_t when = 0, other_when = 0;
    uint32_t count = neighbours_of_half(journal, 0, records, &when);
    uint32_t other_count = neighbours_of_half(journal, 1, other, &other_when);

    if (other_count > 0 && (count == 0 || other_when > when)) {
        memcpy(records, other, other_count * sizeof(*other));
        count = other_count;
    }
    free(other);
    return count;
}

size_t journal_stack(const struct journal *journal, uint32_t node, uint64_t *frames, size_t capacity)
{
    struct lw_node read;
    size_t count = 0;

    while (node != 0 && count < capacity && journal_get(journal, LW_SECTION_NODES, node, &read, sizeof(read))) {
        frames[count++] = read.frame;
        if (read.parent >= node)
            break;
        node = read.parent;
    }
    return count;
}

static int tick_compare(const void *a, const void *b)
{
    const struct lw_tick *left = a, *right = b;

    return left->t_ns < right->t_ns ? -1 : left->t_ns > right->t_ns;
}

/* Appends the whole ticks of a section that are earlier than `before_ns`. */
static size_t ticks_append(const struct journal *journal, enum lw_section_kind kind, uint64_t before_ns,
                           struct lw_tick *ticks, size_t count)
{
    for (uint64_t i = 0; i < journal_count(journal, kind); i++) {
        struct lw_tick *tick = &ticks[count];
        if (journal_get(journal, kind, i, tick, sizeof(*tick)) && tick->t_ns < before_ns &&
            tick->checksum == lw_checksum(tick, offsetof(struct lw_tick, checksum)))
            count++;
    }
    return count;
}

size_t journal_ticks(const struct journal *journal, struct lw_tick **ticks)
{
    uint64_t recent = journal_count(journal, LW_SECTION_TIMELINE_RECENT);
    uint64_t whole = journal_count(journal, LW_SECTION_TIMELINE_WHOLE);

    *ticks = array_resize(NULL, recent + whole, sizeof(**ticks));
    size_t count = ticks_append(journal, LW_SECTION_TIMELINE_RECENT, UINT64_MAX, *ticks, 0);
    uint64_t first_ns = UINT64_MAX;
    for (size_t i = 0; i < count; i++)
        first_ns = (*ticks)[i].t_ns < first_ns ? (*ticks)[i].t_ns : first_ns;
    count = ticks_append(journal, LW_SECTION_TIMELINE_WHOLE, first_ns, *ticks, count);
    qsort(*ticks, count, sizeof(**ticks), tick_compare);
    return count;
}
