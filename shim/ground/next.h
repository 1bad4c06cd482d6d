/* SPDX-License-Identifier: MIT */
/*
 * next: the functions that the doors stand in front of, as the program would have got them (RTLD_NEXT: another
 * preloaded allocator is respected). Until they are resolved each pointer leads to a stub that resolves them first, so
 * a door never asks. dlsym itself may allocate: while it works, requests are served from the bootstrap block, whose
 * pointers are pinned in the filter; free and realloc recognise them by address.
 */
#ifndef LW_GROUND_NEXT_H
#define LW_GROUND_NEXT_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

struct dl_phdr_info;
struct iovec;

struct next {
    void *(*malloc)(size_t);
    void (*free)(void *);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*memalign)(size_t, size_t);
    void *(*valloc)(size_t);
    void *(*pvalloc)(size_t);
    size_t (*malloc_usable_size)(void *);
    void *(*mmap)(void *, size_t, int, int, int, off_t);
    int (*munmap)(void *, size_t);
    void *(*mremap)(void *, size_t, size_t, int, void *);
    int (*pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    ssize_t (*read)(int, void *, size_t);
    ssize_t (*pread)(int, void *, size_t, off_t);
    ssize_t (*readv)(int, const struct iovec *, int);
    ssize_t (*preadv)(int, const struct iovec *, int, off_t);
    ssize_t (*preadv2)(int, const struct iovec *, int, off_t, int);
    ssize_t (*recv)(int, void *, size_t, int);
    ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
    ssize_t (*recvmsg)(int, struct msghdr *, int);
    size_t (*fread)(void *, size_t, size_t, FILE *);
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    ssize_t (*writev)(int, const struct iovec *, int);
    ssize_t (*pwritev)(int, const struct iovec *, int, off_t);
    ssize_t (*pwritev2)(int, const struct iovec *, int, off_t, int);
    ssize_t (*send)(int, const void *, size_t, int);
    ssize_t (*sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
    ssize_t (*sendmsg)(int, const struct msghdr *, int);
    ssize_t (*sendfile)(int, int, off_t *, size_t);
    ssize_t (*copy_file_range)(int, off_t *, int, off_t *, size_t, unsigned);
    size_t (*fwrite)(const void *, size_t, size_t, FILE *);
    int (*fallocate)(int, int, off_t, off_t);
    int (*posix_fallocate)(int, off_t, off_t);
    int (*madvise)(void *, size_t, int);
    int (*mlock)(const void *, size_t);
    int (*mlock2)(const void *, size_t, unsigned);
    int (*mlockall)(int);
    int (*brk)(void *);
    void *(*sbrk)(intptr_t);
    void *(*shmat)(int, const void *, int);
    int (*shmdt)(const void *);
    int (*close)(int);
    int (*close_range)(unsigned, unsigned, int);
    int (*dup2)(int, int);
    int (*dup3)(int, int, int);
    int (*pipe2)(int *, int);
    int (*dlclose)(void *);
    int (*dl_iterate_phdr)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
    void (*exit_now)(int); /* _exit */
    int (*execve)(const char *, char *const *, char *const *);
    int (*execvpe)(const char *, char *const *, char *const *);
    int (*execveat)(int, const char *, char *const *, char *const *, int);
    int (*fexecve)(int, char *const *, char *const *);
    void (*quick_exit)(int);
    int (*daemon)(int, int);
    int (*unshare)(int);
    int (*setns)(int, int);
    int (*capset)(void *, const void *);
    int (*prctl)(int, unsigned long, unsigned long, unsigned long, unsigned long);
    int (*sigaction)(int, const struct sigaction *, struct sigaction *);
    void (*(*signal)(int, void (*)(int)))(int);
    void (*(*sysv_signal)(int, void (*)(int)))(int);
    void (*(*sigset)(int, void (*)(int)))(int);
    int (*sigprocmask)(int, const sigset_t *, sigset_t *);
    int (*malloc_trim)(size_t); /* NULL where the allocator has none */
};

extern struct next next __attribute__((visibility("hidden")));

void next_resolve(void); /* idempotent; called by the constructor and by the stubs */
/*
 * Does this code address belong to an allocator that stands behind ours (a preloaded jemalloc, tcmalloc, mimalloc)?
 * What it maps is where the blocks lie that the program gets through our doors: no call site of its own.
 */
bool next_is_allocator(const void *code);
/*
 * And to one that stands before ours (linked into the program, or preloaded earlier)? The program's malloc is its, and
 * it may hold its locks when it comes to us: nothing that allocates may be called then.
 */
bool next_is_carrier(const void *code);
#define NEXT_BOOTSTRAP_BYTES 32768
extern unsigned char next_bootstrap[NEXT_BOOTSTRAP_BYTES] __attribute__((visibility("hidden")));

static inline bool next_bootstrap_owns(const void *pointer)
{
    return (uintptr_t)pointer - (uintptr_t)next_bootstrap < NEXT_BOOTSTRAP_BYTES;
}

size_t next_bootstrap_size(const void *pointer); /* usable bytes of such a block */
void next_bootstrap_pin(void);

#endif
