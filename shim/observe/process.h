/* SPDX-License-Identifier: MIT */
/*
 * process: this process and its host in numbers, from /proc. Costs: statm 0.5 us, status and stat some 10 us,
 * meminfo 3 us. Any thread; signal-safe.
 */
#ifndef LW_OBSERVE_PROCESS_H
#define LW_OBSERVE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "journal_format.h"

struct process_numbers {
    uint64_t rss_bytes;
    uint64_t anon_bytes;
    uint64_t file_bytes;
    uint64_t shmem_bytes;
    uint64_t swap_bytes;
    uint64_t page_tables_bytes;
    uint64_t peak_rss_bytes;
    uint64_t data_bytes; /* private writable address space: committed, touched or not */
    uint64_t major_faults;
    uint64_t minor_faults;
    uint32_t threads;
    uint64_t size_bytes; /* of the address space */
    bool leader_gone;    /* of two threads, this one and the first, the first has ended */
};

bool process_read(struct process_numbers *numbers);
void process_note(const struct process_numbers *numbers, struct lw_state *state); /* into the journal's state */
void process_renew(struct lw_state *state);                                       /* both; as it was if that fails */
/* Resident and private writable bytes; opens and closes, for a process that keeps nothing open yet. */
bool process_statm(uint64_t *rss_bytes, uint64_t *data_bytes);
/* Host: MemTotal, MemAvailable + SwapFree as a level. */
bool process_host_level(struct lw_level *level);
/* The limit that the user set (limit=) to what is resident. */
void process_user_level(struct lw_level *level, uint64_t limit_bytes, uint64_t rss_bytes, uint64_t peak_rss_bytes);
/*
 * Limits at which allocations fail and nobody is killed: RLIMIT_AS, RLIMIT_DATA, and the commit limit where
 * vm.overcommit_memory is 2 (Documentation/mm/overcommit-accounting.rst). Only those that are set; returns how many.
 */
#define PROCESS_REFUSING_LEVELS 3u
uint32_t process_refusing_levels(const struct process_numbers *numbers, struct lw_level *levels);
void process_identity(struct lw_identity *identity, const char *options, const char *job);
/* The run state letter and name of a thread of this process. */
bool process_thread(uint32_t tid, char *run_state, char name[16]);
/* The letter alone; '?': it is not there, or cannot be read. */
char process_run_state(uint32_t tid);
/* Thread ids of this process; returns how many there were (at most capacity are stored). */
uint32_t process_threads(uint32_t *tids, uint32_t capacity);
/* Regular files open for reading. */
uint32_t process_inputs(void (*found)(void *context, const char *path, uint32_t fd, uint64_t size, uint64_t offset),
                        void *context);

/* Transparent huge pages of the machine, /sys/kernel/mm/transparent_hugepage/enabled; NEVER where it cannot be read. */
enum process_huge { PROCESS_HUGE_NEVER, PROCESS_HUGE_MADVISE, PROCESS_HUGE_ALWAYS };
enum process_huge process_huge_pages(void);

#endif
