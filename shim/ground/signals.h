/* SPDX-License-Identifier: MIT */
/*
 * signals: handlers that lastwords puts where the program has none. A signal is borrowed only while its disposition
 * is the default, and the program never sees it: its own sigaction() and signal() (doors/signal_door) are answered as
 * if the default were still in force, setting the default again leaves ours in place, and setting anything else
 * returns the signal for good.
 *
 * The handlers run on the thread's own stack: an alternate one may have no more than 8 KiB (Rust's threads).
 * Runtimes with tiny stacks (Go) have taken every signal themselves, so nothing can be borrowed there.
 *
 * signals_borrow, signals_return: one thread at a time. signals_is_ours: any thread, signal-safe.
 */
#ifndef LW_GROUND_SIGNALS_H
#define LW_GROUND_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

typedef void signals_handler(int signal, siginfo_t *info, void *ucontext);

bool signals_borrow(int signal, signals_handler *handler); /* false: the program has a disposition of its own */
void signals_return(int signal);                           /* the default again, if it is still ours */
bool signals_is_ours(int signal);                          /* asks the kernel */
bool signals_is_handler(int signal, const struct sigaction *action);
/* The default action, from within a handler of ours: it takes effect when the handler returns. */
void signals_default_again(int signal);

#endif
