/* SPDX-License-Identifier: MIT */
/*
 * modules: the list of loaded modules for an unwinder that must not wait. dl_iterate_phdr takes the loader's lock; in a
 * signal handler that would deadlock: the interrupted thread may hold malloc's lock, while the holder of the loader's
 * lock waits for malloc. So the watcher keeps a copy, and a thread that captures a stack in a handler is given that
 * one (doors/loader_door). A module loaded since the last refresh (1 s) ends such a stack early.
 */
#ifndef LW_OBSERVE_MODULES_H
#define LW_OBSERVE_MODULES_H

#include <link.h>
#include <stddef.h>

typedef int modules_visit(struct dl_phdr_info *info, size_t size, void *context);

void modules_refresh(void); /* watcher, in calm times: takes the loader's lock */
/* Like dl_iterate_phdr, over the copy: no lock, signal-safe. */
int modules_iterate(modules_visit *visit, void *context);

#endif
