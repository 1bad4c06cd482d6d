/* SPDX-License-Identifier: MIT */
/* signal_door: the program's dispositions, as if lastwords had borrowed none (see ground/signals.h). */
#include "doors/doors.h"
#include "ground/next.h"
#include "ground/signals.h"
#include "observe/faults.h"

#include <string.h>

static void hide(int signal, struct sigaction *action)
{
    if (signals_is_handler(signal, action))
        *action = (struct sigaction){.sa_handler = SIG_DFL};
}

/* true: the program asks for the default, which it believes to have already. */
static bool stays_ours(int signal, bool wants_default)
{
    if (signal == SIGTRAP && !wants_default)
        faults_surrender();
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

DOOR sighandler_t signal(int number, sighandler_t handler)
{
    struct sigaction before;
    if (stays_ours(number, handler == SIG_DFL))
        return SIG_DFL;
    bool ours = next.sigaction(number, NULL, &before) == 0 && signals_is_handler(number, &before);
    sighandler_t had = next.signal(number, handler);
    return ours && had != SIG_ERR ? SIG_DFL : had;
}
