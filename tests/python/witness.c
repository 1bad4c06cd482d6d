/* SPDX-License-Identifier: MIT */
/*
 * A shared object for the interpreters under test: the stack walk of the shim without its doors, called by ctypes. The
 * program asks for the stack of the line it is in and compares it with what the interpreter itself says.
 *
 * Also a timer that interrupts whatever runs so many times a second and walks there, as the stop signal and the first
 * touch of a page do; and clocks for the cost of a walk.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conduct/flight.h"
#include "conduct/stack.h"
#include "ground/guard.h"
#include "observe/elf_symbols.h"
#include "observe/python.h"
#include "observe/python_cache.h"
#include "observe/unwind.h"

#define MERGED_OF 16 /* one walk in so many also unwinds the native stack, which costs ten times as much */

static struct {
    char version[32], why[200];
    uint64_t walks, found, missed, merged, unmerged;
    uint64_t captured[LW_THREAD_FRAMES];
    uint32_t count;
} witness;

/* 1: frames can be read; 0: the reason is witness_why(). Again in the child of a fork. */
int witness_open(void)
{
    stack_reset();
    python_forget();
    struct journal *journal = &flight.journal;
    bool refused;
    void *file = calloc(1, journal_file_bytes()), *memory = calloc(1, journal_private_bytes());
    flight.python_cache = calloc(1, python_cache_bytes());
    if (!file || !memory || !flight.python_cache)
        return 0;
    journal_format(journal, file, memory, 4096);
    unwind_begin();
    if (!unwind_load(witness.why, sizeof witness.why))
        return 0;
    return python_find(journal, flight.python_cache, witness.version, sizeof witness.version, witness.why,
                       sizeof witness.why, &refused);
}

const char *witness_why(void)
{
    return witness.why;
}

/* What the watcher does every second. */
void witness_note_modules(void)
{
    elf_note_modules(&flight.journal);
}

static size_t spell(const uint64_t *frames, uint32_t count, char *to, size_t size)
{
    const struct journal *journal = &flight.journal;
    size_t n = 0;
    for (uint32_t i = 0; i < count && n < size; i++) {
        if (frames[i] & LW_FRAME_PYTHON) {
            const struct lw_python_frame *frame = &journal->python_frames[LW_FRAME_INDEX(frames[i])];
            n += (size_t)snprintf(to + n, size - n, "P\t%s\t%s\t%d\n", journal->strings + frame->function,
                                  journal->strings + frame->file, frame->line);
        } else if (frames[i] & LW_FRAME_MARKER) {
            n += (size_t)snprintf(to + n, size - n, "M\t%d\n", (int)LW_FRAME_INDEX(frames[i]));
        } else {
            n += (size_t)snprintf(to + n, size - n, "N\n");
        }
    }
    return n;
}

/* The caller's stack as lines of text; the size of it. Called with or without the GIL. */
long witness_stack(char *to, long size)
{
    struct stack_scratch scratch;
    uint64_t frames[STACK_MAX];
    uint32_t count = stack_capture(&scratch, frames, STACK_MAX, NULL, false);
    return (long)spell(frames, count, to, (size_t)size);
}

static void on_once(int signal, siginfo_t *info, void *ucontext)
{
    witness.count = stack_in_handler(witness.captured, LW_THREAD_FRAMES, ucontext, true, true);
}

/* The same out of a signal handler, with every byte of the interpreter read through the kernel. One thread at a time.
 */
long witness_stack_in_handler(char *to, long size)
{
    struct sigaction action = {.sa_sigaction = on_once, .sa_flags = SA_SIGINFO | SA_RESTART}, before;
    sigaction(SIGUSR2, &action, &before);
    raise(SIGUSR2);
    sigaction(SIGUSR2, &before, NULL);
    return (long)spell(witness.captured, witness.count, to, (size_t)size);
}

/* Calls back, as a library would that sorts, parses or integrates. */
int witness_call(int (*function)(int), int argument)
{
    return function(argument);
}

static void on_timer(int signal, siginfo_t *info, void *ucontext)
{
    int saved = errno;
    uint64_t frames[LW_THREAD_FRAMES];
    struct python_stack python;
    enum python_result result = python_walk(&python, PYTHON_ASYNC);
    uint64_t walk = __atomic_fetch_add(&witness.walks, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&witness.found, result == PYTHON_FOUND, __ATOMIC_RELAXED);
    __atomic_fetch_add(&witness.missed, result == PYTHON_MISSED, __ATOMIC_RELAXED);
    uint32_t count = walk % MERGED_OF ? 0 : stack_in_handler(frames, LW_THREAD_FRAMES, ucontext, true, false);
    __atomic_fetch_add(&witness.merged, count > 0, __ATOMIC_RELAXED);
    for (uint32_t i = 0; i < count; i++)
        if (frames[i] == (LW_FRAME_MARKER | LW_MARKER_UNMERGED))
            __atomic_fetch_add(&witness.unmerged, 1, __ATOMIC_RELAXED);
    errno = saved;
}

/* A timer that interrupts the calling thread so many times a second, until witness_part of what is returned. */
void *witness_join(int per_s)
{
    struct sigaction action = {.sa_sigaction = on_timer, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
    struct itimerspec often = {.it_value.tv_nsec = 1, .it_interval.tv_nsec = 1000000000 / per_s};
    timer_t timer;
    event._sigev_un._tid = gettid();
    if (sigaction(SIGPROF, &action, NULL) < 0 || timer_create(CLOCK_MONOTONIC, &event, &timer) < 0)
        return NULL;
    timer_settime(timer, 0, &often, NULL);
    return timer;
}

void witness_part(void *timer)
{
    timer_delete(timer);
}

/* walks, of them with Python frames, missed; merged with native frames, of them not in order */
void witness_counts(unsigned long long counts[5])
{
    uint64_t all[5] = {witness.walks, witness.found, witness.missed, witness.merged, witness.unmerged};
    memcpy(counts, all, sizeof all);
}

/* Nanoseconds for one walk, the median of `times`. what: 0 plain, 1 through the kernel, 2 merged with native frames. */
static int by_size(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

double witness_cost(int what, int times)
{
    static struct stack_scratch scratch;
    uint64_t frames[STACK_MAX], *each = calloc((size_t)times, sizeof *each);
    for (int i = 0; each && i < times; i++) {
        uint64_t from = sys_now_ns();
        if (what == 2)
            stack_capture(&scratch, frames, STACK_MAX, NULL, false);
        else
            python_walk(&scratch.python, what ? PYTHON_ASYNC : PYTHON_OWN);
        each[i] = sys_now_ns() - from;
    }
    if (!each)
        return 0;
    qsort(each, (size_t)times, sizeof *each, by_size);
    double median = (double)each[times / 2];
    free(each);
    return median;
}
