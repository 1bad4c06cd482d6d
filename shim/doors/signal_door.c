/* SPDX-License-Identifier: MIT */
/*
 * signal_door: the program's dispositions, as if lastwords had borrowed none (see ground/signals.h). Of its masks only
 * those pass by that the unwinder sets in a walk of ours (see observe/unwind_calls.h).
 */
#include "conduct/muster.h"
#include "conduct/pulse.h"
#include "doors/doors.h"
#include "ground/next.h"
#include "ground/signals.h"
#include "observe/faults.h"
#include "observe/unwind_calls.h"

#include <string.h>

sighandler_t __sysv_signal(int number, sighandler_t handler); /* declared for strict C only */
sighandler_t bsd_signal(int number, sighandler_t handler);    /* gone from the headers */

static void hide(int signal, struct sigaction *action)
{
    if (signals_is_handler(signal, action))
        *action = (struct sigaction){.sa_handler = SIG_DFL};
}

/* The program takes a signal: what sends it to our own handler ends before. */
static void surrender(int signal)
{
    if (signal == SIGTRAP)
        faults_surrender();
    else if (signal && muster_surrender(signal))
        pulse_stop();
}

/* true: the program asks for the default, which it believes to have already. */
static bool stays_ours(int signal, bool wants_default)
{
    if (!wants_default)
        surrender(signal);
    return wants_default && signals_is_ours(signal);
}

DOOR int sigaction(int signal, const struct sigaction *restrict action, struct sigaction *restrict old)
{
    struct sigaction before;
    if (action && stays_ours(signal, action->sa_handler == SIG_DFL))
        action = NULL;
    int result = next.sigaction(signal, action, &before);
    if (result == 0 && old) {
        hide(signal, &before);
        *old = before;
    }
    return result;
}

static sighandler_t set(sighandler_t (*real)(int, sighandler_t), int number, sighandler_t handler)
{
    if (stays_ours(number, handler == SIG_DFL))
        return SIG_DFL;
    bool ours = signals_is_ours(number);
    sighandler_t had = real(number, handler);
    return ours && had != SIG_ERR ? SIG_DFL : had;
}

DOOR sighandler_t signal(int number, sighandler_t handler)
{
    return set(next.signal, number, handler);
}

/* Other names of it. */
DOOR sighandler_t bsd_signal(int number, sighandler_t handler)
{
    return set(next.signal, number, handler);
}

DOOR sighandler_t ssignal(int number, sighandler_t handler)
{
    return set(next.signal, number, handler);
}

/* What a program compiled as strict C or POSIX gets for signal(). */
DOOR sighandler_t __sysv_signal(int number, sighandler_t handler)
{
    return set(next.sysv_signal, number, handler);
}

DOOR sighandler_t sysv_signal(int number, sighandler_t handler)
{
    return set(next.sysv_signal, number, handler);
}

/* It changes the signal mask as well, so it is always called. */
DOOR sighandler_t sigset(int number, sighandler_t handler)
{
    bool ours = signals_is_ours(number);
    if (handler != SIG_HOLD)
        surrender(number);
    sighandler_t had = next.sigset(number, handler);
    return ours && had != SIG_ERR && had != SIG_HOLD ? SIG_DFL : had;
}

DOOR int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    if (how == SIG_SETMASK && unwind_calls_are(__builtin_return_address(0)))
        return unwind_calls_mask(old);
    return next.sigprocmask(how, set, old);
}
