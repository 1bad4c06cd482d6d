/* SPDX-License-Identifier: MIT */
#include "ground/signals.h"
#include "ground/next.h"
#include "ground/sys.h"

#include <stddef.h>
#include <sys/syscall.h>

static signals_handler *handlers[NSIG];

bool signals_is_handler(int signal, const struct sigaction *action)
{
    if (signal <= 0 || signal >= NSIG)
        return false;
    signals_handler *ours = __atomic_load_n(&handlers[signal], __ATOMIC_ACQUIRE);
    return ours && action->sa_sigaction == ours;
}

bool signals_is_ours(int signal)
{
    struct sigaction now;
    return next.sigaction(signal, NULL, &now) == 0 && signals_is_handler(signal, &now);
}

bool signals_borrow(int signal, signals_handler *handler)
{
    struct sigaction now, ours = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&ours.sa_mask);
    if (next.sigaction(signal, NULL, &now) != 0)
        return false;
    if (signals_is_handler(signal, &now))
        return true;
    if (now.sa_handler != SIG_DFL)
        return false;
    __atomic_store_n(&handlers[signal], handler, __ATOMIC_RELEASE);
    return next.sigaction(signal, &ours, NULL) == 0;
}

void signals_return(int signal)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigemptyset(&plain.sa_mask);
    if (signals_is_ours(signal))
        next.sigaction(signal, &plain, NULL);
}

void signals_default_again(int signal)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigemptyset(&plain.sa_mask);
    next.sigaction(signal, &plain, NULL);
    sys_call(SYS_tgkill, sys_getpid(), sys_gettid(), signal, 0, 0, 0);
}
