/* SPDX-License-Identifier: MIT */
/*
 * pool: forks workers that hold a steady amount each; one of them grows until it is stopped. The others live on for a
 * second and a half when that one has ended, and end well.
 *
 * usage: pool WORKERS HOLD_MIB GROWER MIB_PER_SECOND        (GROWER from 0 on)
 *
 * Prints "grower PID", and how each worker ended; its own exit status is 1 when one was killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB  ((size_t)1 << 20)
#define MOST 2048

static void sleep_s(double seconds)
{
    nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)}, NULL);
}

static __attribute__((noinline)) char *hold(size_t bytes)
{
    char *memory = malloc(bytes);
    if (!memory)
        exit(1);
    memset(memory, 1, bytes);
    return memory;
}

static __attribute__((noinline)) void grow(double mib_per_s)
{
    for (unsigned i = 0; i < MOST; i++) {
        hold(MIB);
        sleep_s(1 / mib_per_s);
    }
}

static void work(size_t hold_mib, int grower, double mib_per_s, int gate)
{
    char byte, *memory = hold(hold_mib * MIB);
    sleep_s(1.2); /* everybody is there before it begins */
    if (grower)
        grow(mib_per_s);
    while (read(gate, &byte, 1) > 0)
        continue;
    sleep_s(1.5);
    exit(memory[0] == 1 ? 0 : 1);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int workers = atoi(argv[1]), grower = atoi(argv[3]), gate[2], status, bad = 0;
    pid_t pids[64], grower_pid = 0;
    if (workers > 64 || pipe(gate) != 0)
        return 2;
    for (int i = 0; i < workers; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            close(gate[1]);
            work((size_t)atol(argv[2]), i == grower, atof(argv[4]), gate[0]);
        }
        if (i == grower)
            printf("grower %d\n", grower_pid = pids[i]);
        fflush(stdout); /* or the next child would say it again */
    }
    waitpid(grower_pid, &status, 0);
    printf("worker %d: signal %d\n", grower_pid, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    bad = WIFSIGNALED(status);
    close(gate[1]);
    for (int i = 0; i < workers; i++) {
        if (i == grower)
            continue;
        waitpid(pids[i], &status, 0);
        printf("worker %d: signal %d\n", pids[i], WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        bad |= WIFSIGNALED(status) || WEXITSTATUS(status);
    }
    return bad;
}
