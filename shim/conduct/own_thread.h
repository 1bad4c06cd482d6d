/* SPDX-License-Identifier: MIT */
/*
 * own_thread: threads that lastwords makes. Their stacks are in the arena: one that the kernel joins with a mapping of
 * the program would hide what that one holds. Making one takes a lock of the loader.
 *
 * The activating thread, and the watcher after it.
 */
#ifndef LW_CONDUCT_OWN_THREAD_H
#define LW_CONDUCT_OWN_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

struct own_thread {
    pthread_t thread;
    void *stack; /* NULL: the C library's */
};

/* It begins with these signals blocked. false: there is no memory or no thread for it. */
bool own_thread_start(struct own_thread *own, void *(*body)(void *), const sigset_t *blocked);
void own_thread_detach(struct own_thread *own);
/* Waits for its end; the pages of its stack are given back. */
void own_thread_join(struct own_thread *own);

#endif
