/* SPDX-License-Identifier: MIT */
/*
 * cgroup_job: a memory cgroup for one job: made, entered by the child between fork and exec, removed at the end.
 *
 * It never moves the launcher itself, never changes a limit of a cgroup that was there before, and kills nothing.
 */
#ifndef LASTWORDS_REPORT_CGROUP_JOB_H
#define LASTWORDS_REPORT_CGROUP_JOB_H

#include "sources/cgroup_tree.h"
#include "sources/sink.h"

enum cgroup_job_kind {
    CGROUP_JOB_NONE,    /* no cgroup of its own: the counter is that of the cgroup the launcher is in */
    CGROUP_JOB_OWN,     /* a directory that was made here */
    CGROUP_JOB_SYSTEMD, /* systemd-run makes a scope */
};

struct cgroup_job {
    enum cgroup_job_kind kind;
    enum cgroup_version version;
    char directory[PATH_MAX]; /* whose OOM counter speaks for the job; "": none */
    char unified[PATH_MAX];   /* v2 directory for PSI on hybrid hosts; "": none */
    int procs_fd;             /* cgroup.procs of the directories, -1: none */
    int unified_procs_fd;
    uint64_t oom_kills_before; /* LW_UNKNOWN */
    char source[PATH_MAX + 32];
};

/*
 * limit_bytes 0: no cgroup is wanted, only the counter. On false `why` says why there is no cgroup; the job then stands
 * for the launcher's own cgroup.
 */
bool cgroup_job_make(uint64_t limit_bytes, struct cgroup_job *job, struct problem *why);

/* In the child after fork: async-signal-safe. 0, or -errno. */
int cgroup_job_enter(const struct cgroup_job *job);

/* In the parent with CGROUP_JOB_SYSTEMD: finds the slice of the scope that the child went to, for its counter. */
void cgroup_job_follow(struct cgroup_job *job, pid_t child);

/* The counter now; LW_UNKNOWN. */
uint64_t cgroup_job_oom_kills(const struct cgroup_job *job);

/* Removes what was made; waits up to half a second for stragglers. False when one stays. */
bool cgroup_job_remove(struct cgroup_job *job);

#endif
