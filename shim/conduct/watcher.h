/* SPDX-License-Identifier: MIT */
/* watcher: the one thread of ours. Sleeps until headroom's deadline or until the bell rings, then looks and acts. */
#ifndef LW_CONDUCT_WATCHER_H
#define LW_CONDUCT_WATCHER_H

#include <stdbool.h>
#include <stdint.h>

bool watcher_start(void);  /* all signals blocked in it; false: no thread could be made */
bool watcher_sleeps(void); /* it waits for something: for the loader's lock, when it is there */
/* Asks it to end and waits, at most so long; true: it has. Not from the watcher itself. */
bool watcher_stop(uint64_t patience_ns);
bool watcher_gone(uint64_t patience_ns); /* after it was stopped: the kernel counts one thread less */

#endif
