/* SPDX-License-Identifier: MIT */
/* run_job: starts one job, passes signals on, waits for it. One job at a time: signal handlers need a global. */
#ifndef LASTWORDS_REPORT_RUN_JOB_H
#define LASTWORDS_REPORT_RUN_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sources/cgroup_job.h"
#include "sources/sink.h"

#define RUN_MAX_ENVIRONMENT 4u

struct run_job {
    char **command;            /* NULL-terminated */
    struct cgroup_job *cgroup; /* entered before the command is started */
    struct {
        const char *name;
        const char *value;
    } environment[RUN_MAX_ENVIRONMENT]; /* set in the job only */
    size_t environment_count;
};

struct run_end {
    pid_t pid;
    int exit_code; /* -1: ended by a signal */
    int signal;    /* 0: none */
    uint64_t ended_realtime_ns;
};

/*
 * Signals that a terminal generates reach the job by themselves; those sent to this process by kill are passed on. A
 * job that is stopped from the terminal stops this process too. False with the problem set when the command could not
 * be started; *status is then 127 (not found), 126 (cannot be executed) or 125 (anything else).
 */
bool run_job(const struct run_job *job, struct run_end *end, int *status, struct problem *problem);

#endif
