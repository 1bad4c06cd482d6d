/* SPDX-License-Identifier: MIT */
/* run_outcome: after the death: what the launcher knows goes into the journals of the run, and to people. */
#ifndef LASTWORDS_REPORT_RUN_OUTCOME_H
#define LASTWORDS_REPORT_RUN_OUTCOME_H

#include "commands/run_job.h"

struct run_outcome {
    const char *job;               /* identity.job of this run */
    const char *journal_directory; /* dir= as the job sees it; "": default */
    const char *termination_log;   /* as the job sees it; "" and "auto": a container's, "off": none */
    bool keep_always;
    const struct run_end *end;
    const struct cgroup_job *cgroup;
    uint64_t oom_kills_after; /* LW_UNKNOWN */
};

/*
 * Completes the journals, prints the post-mortem to standard error and to the termination log when memory ended the job
 * (or a SIGKILL that people would take for it), and removes journals that tell of no incident. Silent when the job
 * ended well.
 */
void run_outcome_tell(const struct run_outcome *outcome);

#endif
