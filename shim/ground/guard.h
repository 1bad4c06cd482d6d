/* SPDX-License-Identifier: MIT */
/*
 * guard: what a thread of the program carries for us, and the way in and out of our code.
 *
 * thread_state is zero-initialised and has no destructor, so that it is valid in a thread that has just begun, in a
 * thread-local destructor, and after everything else of the thread is gone. It lives in static TLS (initial-exec):
 * keep it at 64 bytes.
 *
 * Hot path contract: a door subtracts the size from `countdown` and goes to the real function while the result stays
 * positive. Whatever else has to happen (sampling, activation, muting) is arranged by choosing `countdown`.
 *
 * guard_enter: from here on this thread is inside lastwords. Allocations made inside are muted: they neither are
 * recorded nor consume the countdown, which would bias the profile. errno is kept. Not inside twice: false.
 * Signal handlers of ours test guard_inside() and leave the thread's shared data alone when it is true.
 */
#ifndef LW_GROUND_GUARD_H
#define LW_GROUND_GUARD_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

struct thread_state {
    uint64_t countdown; /* bytes until the slow path; 0: never drawn */
    uint64_t carry;     /* rest of a draw larger than the interval */
    uint32_t interval;  /* mean that the countdown was drawn with; 0: never drawn */
    uint32_t round;     /* of draws: see store/sampler.h */
    uint64_t muted;     /* the countdown while inside */
    uint64_t random;
    uint32_t depth;
    uint32_t flags;   /* THREAD_* */
    uint32_t muster;  /* generation of the muster's table that this thread is noted in; 0: in none */
    uint32_t toucher; /* its place there */
    uint32_t steps;   /* from frame to frame without a cache: see observe/unwind.h */
    uint32_t unloads; /* how many modules were gone when this thread got its cache */
};

#define THREAD_OURS    1u  /* a thread that lastwords made */
#define THREAD_WAITING 2u  /* waits in the gate */
#define THREAD_UNWOUND 8u  /* the unwinder's thread-local memory is there: it allocates no more in this thread */
#define THREAD_ARENA   16u /* Python maps an arena for small objects */
#define THREAD_CACHED  32u /* has one of the unwinder's caches */
#define THREAD_HOLDS   64u /* keeps the copy of the module list from being given up (modules_hold) */
#define THREAD_WALKS   128u /* is inside the unwinder: see observe/unwind_calls.h */
#define THREAD_HANDLER 4u  /* captures a stack in a signal handler: must not wait for the loader */

extern __thread struct thread_state thread_state __attribute__((tls_model("initial-exec")));

/* Set by the gate: threads that leave our code look in there first. */
extern uint32_t guard_gate_closed;
extern void (*guard_gate)(void);

struct guard {
    int saved_errno;
};

static inline bool guard_inside(void)
{
    return __atomic_load_n(&thread_state.depth, __ATOMIC_RELAXED) != 0;
}

static inline bool guard_enter(struct guard *guard)
{
    if (thread_state.depth)
        return false;
    thread_state.depth = 1;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread_state.muted = thread_state.countdown;
    thread_state.countdown = UINT64_MAX;
    guard->saved_errno = errno;
    return true;
}

static inline void guard_leave(struct guard *guard)
{
    thread_state.countdown = thread_state.muted;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    thread_state.depth = 0;
    if (UNLIKELY(__atomic_load_n(&guard_gate_closed, __ATOMIC_ACQUIRE)) && guard_gate)
        guard_gate();
    errno = guard->saved_errno;
}

/* For a thread of ours: muted for its whole life. */
static inline void guard_own_thread(void)
{
    thread_state.depth = 1;
    thread_state.countdown = UINT64_MAX;
    thread_state.flags = THREAD_OURS;
}

/*
 * Are we still the process that was set up? A page that the kernel wipes in a forked child answers, even after a raw
 * clone() that runs no atfork handler.
 */
void guard_mark_process(void);
bool guard_same_process(void);
/* A child of vfork: another process in our memory, until it calls exec. Nothing may be set up for it. */
bool guard_is_guest(void);

#endif
