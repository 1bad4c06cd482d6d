/* SPDX-License-Identifier: MIT */
#include "judgement/culprit.h"

#include <string.h>

#define TELLING_SHARE 16u /* growth of a sixteenth of the limit says more than size */

static uint64_t footprint(const struct profile *profile)
{
    return known_bytes(profile->state.rss_bytes) + known_bytes(profile->state.swap_bytes);
}

static const struct profile *journal_of(const struct neighbour *neighbour, const struct profile *const *peers,
                                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (peers[i]->identity->pid == neighbour->record.pid &&
            peers[i]->identity->start_ticks == neighbour->record.start_ticks)
            return peers[i];
    return NULL;
}

/* Who grew most, when that is a telling part of the limit; else who holds most. */
static const struct neighbour *pick_neighbour(const struct profile *profile)
{
    const struct neighbour *picked = NULL;
    uint64_t limit = profile->binding ? profile->binding->record.limit_bytes : 0;

    if (profile->neighbour_count > 0 && profile->neighbours[0].grown_bytes > limit / TELLING_SHARE)
        return &profile->neighbours[0]; /* sorted by growth */
    for (size_t i = 0; i < profile->neighbour_count; i++)
        if (!picked || profile->neighbours[i].held_bytes > picked->held_bytes)
            picked = &profile->neighbours[i];
    return picked;
}

static const struct profile *largest_peer(const struct profile *profile, const struct profile *const *peers,
                                          size_t count)
{
    const struct profile *largest = NULL;

    for (size_t i = 0; i < count; i++)
        if (peers[i] != profile && footprint(peers[i]) > footprint(profile) &&
            (!largest || footprint(peers[i]) > footprint(largest)))
            largest = peers[i];
    return largest;
}

static void from_neighbour(const struct neighbour *neighbour, const struct profile *journal, struct culprit *culprit)
{
    uint64_t held = journal ? footprint(journal) : 0;
    uint64_t more = held > neighbour->held_bytes ? held - neighbour->held_bytes : 0; /* its own journal saw it last */

    *culprit = (struct culprit){
        .name = neighbour->name,
        .pid = neighbour->record.pid,
        .held_bytes = neighbour->held_bytes + more,
        .grown_bytes = neighbour->grown_bytes + more,
        .child = (neighbour->record.flags & LW_NEIGHBOUR_CHILD) != 0,
        .gone = neighbour->record.gone_ns != 0,
        .killed = (neighbour->record.flags & LW_NEIGHBOUR_KILLED) != 0,
        .journal = journal,
    };
}

void culprit_find(const struct profile *profile, const struct profile *const *peers, size_t peer_count,
                  struct culprit *culprit)
{
    const struct neighbour *neighbour = pick_neighbour(profile);
    const struct profile *peer = largest_peer(profile, peers, peer_count);

    memset(culprit, 0, sizeof(*culprit));
    if (neighbour)
        from_neighbour(neighbour, journal_of(neighbour, peers, peer_count), culprit);
    /* A journal of a process that was never seen beside this one: older, or the list was not kept. */
    if (peer && !neighbour)
        *culprit = (struct culprit){
            .name = peer->program,
            .pid = peer->identity->pid,
            .held_bytes = footprint(peer),
            .child = peer->identity->ppid == profile->identity->pid,
            .journal = peer,
        };
}

size_t culprit_kills(const struct profile *profile, uint64_t until_ns)
{
    size_t kills = 0;

    for (size_t i = 0; i < profile->neighbour_count; i++) {
        const struct lw_neighbour *record = &profile->neighbours[i].record;
        kills += (record->flags & LW_NEIGHBOUR_KILLED) && record->gone_ns <= until_ns;
    }
    return kills;
}
