/* SPDX-License-Identifier: MIT */
/*
 * sys: system calls, the clock, descriptors. Everything here goes to the kernel directly, never through a function
 * that this library or another preload may have wrapped, and is safe in any thread and in signal handlers.
 *
 * Errors: -errno (never errno itself, whose value is preserved). EINTR is retried where a retry is sound.
 */
#ifndef LW_GROUND_SYS_H
#define LW_GROUND_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYS_FIRST_FD 100 /* descriptors of ours stay above what shells and daemons use */

long sys_call(long number, long a, long b, long c, long d, long e, long f);

/* A close-on-exec descriptor of at least SYS_FIRST_FD (or, where the limit forbids that, the one the kernel gave). */
int sys_open(const char *path, int flags, int mode);
int sys_lift(int fd);   /* moves a descriptor of ours there; negative ones pass through */
void sys_close(int fd); /* not, if the program has put something else in its place */
bool sys_is_ours(int fd);
bool sys_first_ours(unsigned first, unsigned last, unsigned *fd); /* the first of ours in first..last */
void sys_disown(int fd);                                          /* the program has taken the number for itself */
long sys_read(int fd, void *buffer, size_t bytes);
long sys_pread(int fd, void *buffer, size_t bytes, uint64_t offset);
long sys_write_all(int fd, const void *data, size_t bytes);
int sys_unlink(const char *path);

/* Base name of the executable of this process, "?" if unknown. */
void sys_program(char *name, size_t capacity);

/* Reads a whole small file into buffer as a NUL-terminated string; returns its length, cut at capacity - 1. */
long sys_read_file(const char *path, char *buffer, size_t capacity);
long sys_reread(int fd, char *buffer, size_t capacity); /* likewise, from the start of an open descriptor */
/*
 * Likewise, of files that the kernel writes whole for each read of them (single_open of seq_file: most of /proc and of
 * cgroups, but not maps, mountinfo and lists): to ask it for the end makes it write them again.
 */
long sys_read_piece(const char *path, char *buffer, size_t capacity);
long sys_reread_piece(int fd, char *buffer, size_t capacity);

/* Calls found for each entry of a directory but "." and "..", until it says false. The name lives during the call. */
typedef bool sys_entry_found(void *context, const char *name, bool is_directory);
void sys_each_entry(const char *directory, sys_entry_found *found, void *context);
/* Is this file kept in memory alone: tmpfs, memfd, huge pages? false when it cannot be told. */
bool sys_in_memory(int fd);

/* Private anonymous memory, zeroed; NULL when refused. */
void *sys_map(size_t bytes);
/* Touches all of its pages at once, changing nothing. false: the kernel cannot (before 5.14), or there is no room. */
bool sys_populate(void *start, size_t bytes);
void sys_unmap(void *address, size_t bytes);

uint64_t sys_now_ns(void);      /* CLOCK_MONOTONIC */
uint64_t sys_realtime_ns(void); /* CLOCK_REALTIME */
uint64_t sys_thread_cpu_ns(void);
void sys_sleep_ns(uint64_t ns);
uint32_t sys_getpid(void);
uint32_t sys_gettid(void);
void sys_yield(void);

/* The calling thread's scheduling: struct sched_attr of linux/sched/types.h, which some libc headers lack. */
struct sys_scheduling {
    uint32_t size, policy; /* policy 0: SCHED_OTHER */
    uint64_t flags;
    int32_t nice;
    uint32_t priority; /* of SCHED_FIFO */
    uint64_t runtime_ns, deadline_ns, period_ns;
};
bool sys_get_scheduling(struct sys_scheduling *now);
/*
 * Among a hundred runnable threads who has much to do at once may lose its processor half-way, for 4 ms and more. Where
 * the system allows it (CAP_SYS_NICE or a limit for RTPRIO), nobody comes between until the scheduling is set as
 * before.
 */
bool sys_get_ahead(struct sys_scheduling *before);
bool sys_set_scheduling(const struct sys_scheduling *wanted); /* false: not permitted, or not known to this kernel */

/* Waits until *word differs from expected, somebody wakes it, or the time is over (UINT64_MAX: no limit). */
void sys_wait(uint32_t *word, uint32_t expected, uint64_t timeout_ns);
void sys_wake(uint32_t *word);

/* Copies from an address that may not be mapped. false: it is not, or the kernel forbids the call. */
bool sys_peek(uint64_t address, void *to, size_t bytes);
/* The same of up to 1024 pieces, one after the other to `to`; returns the bytes before the first that is not mapped. */
struct iovec;
size_t sys_peek_pieces(const struct iovec *pieces, size_t count, void *to, size_t bytes);

#endif
