/* SPDX-License-Identifier: MIT */
/*
 * neighbours: the other processes under one limit, by pid, with what they hold. They need not be watched themselves.
 *
 * Kernel files: cgroup.procs of a cgroup and of those below it (pids as this pid namespace sees them; 0 is a process
 * outside of it), else the numbers in /proc; of each process /proc/PID/stat (proc(5): 2 comm, 3 state, 4 ppid,
 * 22 starttime, 24 rss in pages) and once /proc/PID/oom_score_adj. About 10 us a process.
 *
 * A process that is no more is kept when the caller asks for it, with what it held when it was last seen: that is how
 * survivors name the one that was killed. One thread (the watcher, or the conductor in its stead) may call.
 */
#ifndef LW_OBSERVE_NEIGHBOURS_H
#define LW_OBSERVE_NEIGHBOURS_H

#include <stdbool.h>
#include <stdint.h>

#include "journal_format.h"

#define NEIGHBOURS_PIDS_MAX 1024u /* of one look; the largest LW_MAX_NEIGHBOURS of them are kept */

struct neighbour {
    struct lw_neighbour record; /* but for the fields of the look as a whole and the checksum */
    int32_t score_adj;
    uint32_t look; /* when it was seen last */
};

struct neighbours {
    struct neighbour items[LW_MAX_NEIGHBOURS];
    uint32_t count;
    uint32_t looks;
    uint32_t listed;    /* processes that the last look found, without this one */
    uint64_t all_bytes; /* what they hold together: shared pages count for each of them */
    bool cut;           /* not everybody was seen in the time that a look has: nobody is declared gone */
    uint64_t kills;     /* v1: by the OOM killer, in all the groups that were looked at */
    uint64_t cost_ns;   /* of the last look */
};

/*
 * Looks. directory: of a cgroup (its descendants included), or "" for every process of the machine. A counter of kills
 * that is read between this and neighbours_settle has risen already for everybody who was killed and is missed.
 */
void neighbours_look(struct neighbours *neighbours, const char *directory, uint64_t now_ns);
/* Those that the last look missed are gone. keep_gone: they stay in the table, flagged with `flag`. */
void neighbours_settle(struct neighbours *neighbours, uint64_t now_ns, bool keep_gone, uint32_t flag);
void neighbours_forget(struct neighbours *neighbours);
/* Is there one process in this cgroup, and no cgroup below it? Who may read one line of cgroup.procs is that one. */
bool neighbours_alone(const char *directory);

/*
 * What the kernel compares when it looks for a victim (mm/oom_kill.c, oom_badness): bytes held, plus oom_score_adj in
 * thousandths of the limit; 0 for -1000, which is never chosen.
 */
uint64_t neighbours_badness(uint64_t held_bytes, int32_t score_adj, uint64_t limit_bytes);
/* The live neighbour whose badness is largest; NULL without any. */
const struct neighbour *neighbours_worst(const struct neighbours *neighbours, uint64_t limit_bytes);
/* Of a process; "self" too. 0 when it cannot be read. */
int32_t neighbours_score_adj(const char *pid);

/* Pure; exposed for the tests. false: not a live process with memory of its own. */
bool neighbours_parse_stat(const char *stat, uint64_t page_bytes, struct lw_neighbour *record);

#endif
