/* SPDX-License-Identifier: MIT */
/*
 * direct: functions of the C library that are a system call and nothing more. They stand in `next` until the C
 * library's own are resolved: same contract, errno as it would leave it. No cancellation point.
 */
#ifndef LW_GROUND_DIRECT_H
#define LW_GROUND_DIRECT_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

struct iovec;

void *direct_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset);
int direct_munmap(void *address, size_t bytes);
void *direct_mremap(void *address, size_t old, size_t bytes, int flags, void *target);
ssize_t direct_read(int fd, void *buffer, size_t size);
ssize_t direct_pread(int fd, void *buffer, size_t size, off_t offset);
ssize_t direct_readv(int fd, const struct iovec *vector, int count);
ssize_t direct_recv(int fd, void *buffer, size_t size, int flags);
ssize_t direct_preadv(int fd, const struct iovec *vector, int count, off_t offset);
ssize_t direct_preadv2(int fd, const struct iovec *vector, int count, off_t offset, int flags);
ssize_t direct_pwritev2(int fd, const struct iovec *vector, int count, off_t offset, int flags);
ssize_t direct_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length);
ssize_t direct_recvmsg(int fd, struct msghdr *message, int flags);
ssize_t direct_write(int fd, const void *buffer, size_t size);
ssize_t direct_pwrite(int fd, const void *buffer, size_t size, off_t offset);
ssize_t direct_writev(int fd, const struct iovec *vector, int count);
ssize_t direct_pwritev(int fd, const struct iovec *vector, int count, off_t offset);
ssize_t direct_send(int fd, const void *buffer, size_t size, int flags);
ssize_t direct_sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t length);
ssize_t direct_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t direct_sendfile(int to, int from, off_t *offset, size_t size);
ssize_t direct_copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t size, unsigned flags);
int direct_fallocate(int fd, int mode, off_t offset, off_t size);
int direct_posix_fallocate(int fd, off_t offset, off_t size);
int direct_madvise(void *address, size_t size, int advice);
int direct_mlock(const void *address, size_t size);
int direct_mlock2(const void *address, size_t size, unsigned flags);
int direct_mlockall(int flags);
void *direct_shmat(int id, const void *address, int flags);
int direct_shmdt(const void *address);
int direct_close(int fd);
int direct_close_range(unsigned first, unsigned last, int flags);
int direct_dup3(int from, int to, int flags);
int direct_dup2(int from, int to);
int direct_pipe2(int *ends, int flags);
int direct_execve(const char *path, char *const *argv, char *const *envp);
int direct_execveat(int fd, const char *path, char *const *argv, char *const *envp, int flags);
int direct_unshare(int flags);
int direct_setns(int fd, int type);
int direct_capset(void *header, const void *data);
int direct_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
void direct_exit(int code);

#endif
