/* SPDX-License-Identifier: MIT */
/*
 * modules: the list of loaded modules for an unwinder that must not wait. dl_iterate_phdr takes the loader's lock; in a
 * signal handler that would deadlock: the interrupted thread may hold malloc's lock, while the holder of the loader's
 * lock waits for malloc. So the watcher keeps a copy, and a thread that captures a stack in a handler is given that
 * one (doors/loader_door). A module loaded since the last refresh (1 s) ends such a stack early.
 *
 * A thread that captures its stack in a door is given the copy as well, brought up to date before: inside the
 * unwinder's own lock nobody may wait for the loader's, whose holder may be in a handler that waits for the unwinder.
 *
 * What is unloaded must not be looked at any more: from before a dlclose until the copy has been made anew it is not
 * handed out, and a stack taken in a handler meanwhile ends early.
 */
#ifndef LW_OBSERVE_MODULES_H
#define LW_OBSERVE_MODULES_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>

typedef int modules_visit(struct dl_phdr_info *info, size_t size, void *context);

unsigned long long modules_loaded(void); /* ever: as long as it stays the same, no symbol came */

void modules_refresh(void);  /* takes the loader's lock: not in a handler */
void modules_follow(void);   /* the same, if something was loaded since: 0.1 us where nothing was */
bool modules_unloaded(void); /* was something unloaded since this was asked last? */
/*
 * For one walk of the calling thread, not in a handler: a dlclose waits for it as long as for any reader. false: one is
 * under way.
 */
bool modules_hold(void);
void modules_let_go(void);
/* Like dl_iterate_phdr, over the copy: no lock, signal-safe. Those come first that a visitor ended at lately. */
int modules_iterate(modules_visit *visit, void *context);
/* Before a dlclose: waits a bounded time for those who are reading. Any thread; each is followed by modules_closed. */
void modules_closing(void);
void modules_closed(bool unloaded);
void modules_forked(void); /* in the child: nobody else is there */

#endif
