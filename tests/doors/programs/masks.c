/* SPDX-License-Identifier: MIT */
/*
 * masks: a handler that walks the stack by the very library that samples are taken with, many times a second, while
 * the program allocates at the end of deep recursions; what the thread lets in is as it was set, at every step.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define SECONDS 2
#define DEPTHS  40

static int (*backtrace_of)(void **, int);
static volatile sig_atomic_t walks;
static uint64_t wrong, steps;

static void walk(int signal)
{
    void *frames[64];
    if (backtrace_of(frames, 64) > 0)
        walks++;
}

static void look_at_mask(void)
{
    sigset_t now;
    sigprocmask(SIG_BLOCK, NULL, &now);
    for (int i = 1; i < 32; i++)
        wrong += (sigismember(&now, i) == 1) != (i == SIGUSR2);
}

static __attribute__((noipa)) void allocate(int depth, size_t bytes)
{
    if (depth) {
        allocate(depth - 1, bytes);
    } else {
        char *block = malloc(bytes);
        memset(block, 1, bytes);
        look_at_mask();
        free(block);
        steps++;
    }
}

static void begin(void)
{
    struct sigaction action = {.sa_handler = walk, .sa_flags = SA_RESTART};
    struct itimerval often = {{0, 300}, {0, 300}};
    sigset_t mine;
    sigemptyset(&mine);
    sigaddset(&mine, SIGUSR2);
    sigprocmask(SIG_SETMASK, &mine, NULL);
    sigfillset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}

int main(void)
{
    void *library = dlopen("libunwind.so.8", RTLD_NOW);
    if (!library || !(backtrace_of = (int (*)(void **, int))dlsym(library, "unw_backtrace"))) {
        puts("masks: no libunwind.so.8");
        return 1;
    }
    begin();
    for (time_t until = time(NULL) + SECONDS; time(NULL) < until;)
        for (int depth = 0; depth < DEPTHS; depth++)
            allocate(depth, 20000);
    printf("masks: walked %s, allocated %s, wrong signals let in or shut out: %lu\n", walks > 20 ? "often" : "seldom",
           steps > 100 ? "often" : "seldom", (unsigned long)wrong);
    return 0;
}
