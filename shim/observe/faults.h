/* SPDX-License-Identifier: MIT */
/*
 * faults: the first-touch counter. A software page-fault counter (perf_event_open(2), PERF_COUNT_SW_PAGE_FAULTS with
 * sigtrap, since Linux 5.13; used from 5.18 on) interrupts the touching thread itself at every N-th page fault, with
 * the address in si_addr. Threads inherit it from the thread that makes them; exec and fork leave it behind.
 *
 * Two of them: the wide one (N = 8 to 64, one event per 32 to 256 KiB) runs while the end is within reach. Near the end
 * the narrow one is added (N = 1 where huge pages are in use, because a huge fault is 2 MiB and counts once; else 8).
 *
 * The handler may interrupt malloc, the loader, libunwind or ourselves: the callback must be lock-free, and look at
 * guard_inside() first. SIGTRAP is taken only while its disposition is the default, and left to whoever takes it
 * later; nothing is done under a debugger.
 */
#ifndef LW_OBSERVE_FAULTS_H
#define LW_OBSERVE_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void faults_event(uint64_t address, uint64_t pages, void *ucontext);

/* Watcher thread. No counter runs as yet. false: there will be none; `why` says what refuses it. */
bool faults_open(faults_event *event, char *why, size_t capacity);
/* Starts the wide counter; 0: stops it. false: the first one was refused all the same; all is given up. Watcher. */
bool faults_watch(uint32_t period, char *why, size_t capacity);
uint32_t faults_period(void);       /* of the wide counter; 0: it does not run */
void faults_near(bool near);        /* adds or removes the narrow counter */
/*
 * No more huge pages for this process (PR_SET_THP_DISABLE, prctl(2)), so that a crowd of threads near the end touches 4
 * KiB at a time and not 2 MiB each. Left alone when the program has asked for it itself. To be undone before an exec:
 * the setting is inherited.
 */
void faults_small_pages(bool wanted);
uint64_t faults_huge_bytes(void); /* that one fault may bring: 2 MiB, or 0 where huge pages are switched off */
bool faults_running(void);        /* looks whether SIGTRAP is still ours; gives the counter up when not */
uint64_t faults_count(void);      /* events so far */
/* The program is about to take SIGTRAP: no event may reach its handler. Any thread. */
void faults_surrender(void);
void faults_close(void); /* also in a forked child: closes the descriptors, restores SIGTRAP */

#endif
