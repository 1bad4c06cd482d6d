/* SPDX-License-Identifier: MIT */
#include "commands/run_job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const int passed_on[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP};

static volatile sig_atomic_t job_pid; /* 0: none */

/* What the child tells before it becomes the command; nothing when all is well. */
struct start_failure {
    int step; /* enum step */
    int error;
};

enum step { STEP_CGROUP, STEP_EXEC };

/* Only kill: everything else is up to the main program. si_code is positive for what the kernel itself generates. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    int saved = errno;

    if (info->si_code <= 0 && job_pid > 0)
        kill((pid_t)job_pid, number);
    errno = saved;
}

static void signals_take(struct sigaction *old)
{
    struct sigaction action = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};

    for (size_t i = 0; i < COUNT(passed_on); i++) {
        sigaction(passed_on[i], NULL, &old[i]);
        if (old[i].sa_handler != SIG_IGN) /* nohup and the like stay in force */
            sigaction(passed_on[i], &action, NULL);
    }
}

static void signals_give_back(const struct sigaction *old)
{
    for (size_t i = 0; i < COUNT(passed_on); i++)
        sigaction(passed_on[i], &old[i], NULL);
}

/* The child's side; does not return. */
static void become(const struct run_job *job, int pipe_fd, const struct sigaction *old, const sigset_t *mask)
{
    struct start_failure failure = {.step = STEP_CGROUP};

    signals_give_back(old);
    sigprocmask(SIG_SETMASK, mask, NULL);
    failure.error = -cgroup_job_enter(job->cgroup);
    if (failure.error == 0) {
        for (size_t i = 0; i < job->environment_count; i++)
            setenv(job->environment[i].name, job->environment[i].value, 1);
        failure.step = STEP_EXEC;
        execvp(job->command[0], job->command);
        failure.error = errno;
    }
    ssize_t told = write(pipe_fd, &failure, sizeof(failure));
    _exit(told == sizeof(failure) ? 126 : 125);
}

static void explain(const struct run_job *job, const struct start_failure *failure, int *status,
                    struct problem *problem)
{
    if (failure->step == STEP_CGROUP) {
        *status = 125;
        problem_set(problem, "%s: the job could not enter its cgroup (%s)", job->cgroup->directory,
                    strerror(failure->error));
        return;
    }
    *status = failure->error == ENOENT ? 127 : 126;
    problem_set(problem, "%s: %s", job->command[0],
                failure->error == ENOENT ? "command not found" : strerror(failure->error));
}

static uint64_t realtime_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* A stop from the terminal is for everybody; SIGSTOP from outside was meant for the job alone. */
static void follow_stop(int status)
{
    int by = WSTOPSIG(status);

    if (by == SIGTSTP || by == SIGTTIN || by == SIGTTOU)
        raise(SIGSTOP);
}

static void wait_for(pid_t pid, struct run_end *end)
{
    int status = 0;

    for (;;) {
        pid_t got = waitpid(pid, &status, WUNTRACED);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || !WIFSTOPPED(status))
            break;
        follow_stop(status);
    }
    job_pid = 0;
    end->pid = pid;
    end->ended_realtime_ns = realtime_ns();
    end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static pid_t start(const struct run_job *job, int pipe_fd, struct sigaction *old)
{
    sigset_t all, mask;

    signals_take(old);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &mask);
    pid_t pid = fork();
    if (pid == 0)
        become(job, pipe_fd, old, &mask);
    job_pid = pid > 0 ? pid : 0;
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return pid;
}

bool run_job(const struct run_job *job, struct run_end *end, int *status, struct problem *problem)
{
    struct sigaction old[COUNT(passed_on)];
    struct start_failure failure;
    int fds[2];

    *status = 125;
    if (pipe2(fds, O_CLOEXEC) != 0) {
        problem_set(problem, "cannot start the job (%s)", strerror(errno));
        return false;
    }
    pid_t pid = start(job, fds[1], old);
    int error = errno;
    close(fds[1]);
    bool failed = false;
    if (pid > 0) {
        ssize_t told;
        while ((told = read(fds[0], &failure, sizeof(failure))) < 0 && errno == EINTR)
            ;
        failed = told == sizeof(failure);
        if (!failed)
            cgroup_job_follow(job->cgroup, pid);
        wait_for(pid, end);
    }
    close(fds[0]);
    signals_give_back(old);
    if (pid < 0)
        problem_set(problem, "cannot start the job (%s)", strerror(error));
    else if (failed)
        explain(job, &failure, status, problem);
    return pid > 0 && !failed;
}
