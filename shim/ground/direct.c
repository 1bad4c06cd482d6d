/* SPDX-License-Identifier: MIT */
#include "ground/direct.h"
#include "ground/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static long with_errno(long result)
{
    if (result < 0 && result > -4096) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

void *direct_mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    return (void *)with_errno(sys_call(SYS_mmap, (long)address, (long)bytes, protection, flags, fd, offset));
}

int direct_munmap(void *address, size_t bytes)
{
    return (int)with_errno(sys_call(SYS_munmap, (long)address, (long)bytes, 0, 0, 0, 0));
}

void *direct_mremap(void *address, size_t old, size_t bytes, int flags, void *target)
{
    return (void *)with_errno(sys_call(SYS_mremap, (long)address, (long)old, (long)bytes, flags, (long)target, 0));
}

ssize_t direct_read(int fd, void *buffer, size_t size)
{
    return with_errno(sys_call(SYS_read, fd, (long)buffer, (long)size, 0, 0, 0));
}

ssize_t direct_pread(int fd, void *buffer, size_t size, off_t offset)
{
    return with_errno(sys_call(SYS_pread64, fd, (long)buffer, (long)size, offset, 0, 0));
}

ssize_t direct_readv(int fd, const struct iovec *vector, int count)
{
    return with_errno(sys_call(SYS_readv, fd, (long)vector, count, 0, 0, 0));
}

ssize_t direct_recv(int fd, void *buffer, size_t size, int flags)
{
    return with_errno(sys_call(SYS_recvfrom, fd, (long)buffer, (long)size, flags, 0, 0));
}

/* The offset goes in two halves, of which the kernel uses one on 64-bit machines. */
ssize_t direct_preadv(int fd, const struct iovec *vector, int count, off_t offset)
{
    return with_errno(sys_call(SYS_preadv, fd, (long)vector, count, offset, 0, 0));
}

ssize_t direct_preadv2(int fd, const struct iovec *vector, int count, off_t offset, int flags)
{
    return with_errno(sys_call(SYS_preadv2, fd, (long)vector, count, offset, 0, flags));
}

ssize_t direct_pwritev2(int fd, const struct iovec *vector, int count, off_t offset, int flags)
{
    return with_errno(sys_call(SYS_pwritev2, fd, (long)vector, count, offset, 0, flags));
}

ssize_t direct_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    return with_errno(sys_call(SYS_recvfrom, fd, (long)buffer, (long)size, flags, (long)from, (long)length));
}

ssize_t direct_recvmsg(int fd, struct msghdr *message, int flags)
{
    return with_errno(sys_call(SYS_recvmsg, fd, (long)message, flags, 0, 0, 0));
}

ssize_t direct_write(int fd, const void *buffer, size_t size)
{
    return with_errno(sys_call(SYS_write, fd, (long)buffer, (long)size, 0, 0, 0));
}

ssize_t direct_pwrite(int fd, const void *buffer, size_t size, off_t offset)
{
    return with_errno(sys_call(SYS_pwrite64, fd, (long)buffer, (long)size, offset, 0, 0));
}

ssize_t direct_writev(int fd, const struct iovec *vector, int count)
{
    return with_errno(sys_call(SYS_writev, fd, (long)vector, count, 0, 0, 0));
}

ssize_t direct_pwritev(int fd, const struct iovec *vector, int count, off_t offset)
{
    return with_errno(sys_call(SYS_pwritev, fd, (long)vector, count, offset, 0, 0));
}

ssize_t direct_send(int fd, const void *buffer, size_t size, int flags)
{
    return with_errno(sys_call(SYS_sendto, fd, (long)buffer, (long)size, flags, 0, 0));
}

ssize_t direct_sendto(int fd, const void *buffer, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    return with_errno(sys_call(SYS_sendto, fd, (long)buffer, (long)size, flags, (long)to, (long)length));
}

ssize_t direct_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return with_errno(sys_call(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0));
}

ssize_t direct_sendfile(int to, int from, off_t *offset, size_t size)
{
    return with_errno(sys_call(SYS_sendfile, to, from, (long)offset, (long)size, 0, 0));
}

ssize_t direct_copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t size, unsigned flags)
{
    return with_errno(
        sys_call(SYS_copy_file_range, from, (long)from_offset, to, (long)to_offset, (long)size, (long)flags));
}

int direct_fallocate(int fd, int mode, off_t offset, off_t size)
{
    return (int)with_errno(sys_call(SYS_fallocate, fd, mode, offset, size, 0, 0));
}

/* The C library writes where the file system knows no way: nobody asks for that before everything is resolved. */
int direct_posix_fallocate(int fd, off_t offset, off_t size)
{
    return (int)-sys_call(SYS_fallocate, fd, 0, offset, size, 0, 0);
}

int direct_madvise(void *address, size_t size, int advice)
{
    return (int)with_errno(sys_call(SYS_madvise, (long)address, (long)size, advice, 0, 0, 0));
}

int direct_mlock(const void *address, size_t size)
{
    return (int)with_errno(sys_call(SYS_mlock, (long)address, (long)size, 0, 0, 0, 0));
}

int direct_mlock2(const void *address, size_t size, unsigned flags)
{
    return (int)with_errno(sys_call(SYS_mlock2, (long)address, (long)size, flags, 0, 0, 0));
}

int direct_mlockall(int flags)
{
    return (int)with_errno(sys_call(SYS_mlockall, flags, 0, 0, 0, 0, 0));
}

void *direct_shmat(int id, const void *address, int flags)
{
    return (void *)with_errno(sys_call(SYS_shmat, id, (long)address, flags, 0, 0, 0));
}

int direct_shmdt(const void *address)
{
    return (int)with_errno(sys_call(SYS_shmdt, (long)address, 0, 0, 0, 0, 0));
}

int direct_close(int fd)
{
    return (int)with_errno(sys_call(SYS_close, fd, 0, 0, 0, 0, 0));
}

int direct_close_range(unsigned first, unsigned last, int flags)
{
    return (int)with_errno(sys_call(SYS_close_range, first, last, flags, 0, 0, 0));
}

int direct_dup3(int from, int to, int flags)
{
    return (int)with_errno(sys_call(SYS_dup3, from, to, flags, 0, 0, 0));
}

int direct_dup2(int from, int to)
{
    if (from == to)
        return (int)with_errno(sys_call(SYS_fcntl, from, F_GETFD, 0, 0, 0, 0)) < 0 ? -1 : to;
    return direct_dup3(from, to, 0);
}

int direct_pipe2(int *ends, int flags)
{
    return (int)with_errno(sys_call(SYS_pipe2, (long)ends, flags, 0, 0, 0, 0));
}

int direct_execve(const char *path, char *const *argv, char *const *envp)
{
    return (int)with_errno(sys_call(SYS_execve, (long)path, (long)argv, (long)envp, 0, 0, 0));
}

int direct_execveat(int fd, const char *path, char *const *argv, char *const *envp, int flags)
{
    return (int)with_errno(sys_call(SYS_execveat, fd, (long)path, (long)argv, (long)envp, flags, 0));
}

int direct_unshare(int flags)
{
    return (int)with_errno(sys_call(SYS_unshare, flags, 0, 0, 0, 0, 0));
}

int direct_setns(int fd, int type)
{
    return (int)with_errno(sys_call(SYS_setns, fd, type, 0, 0, 0, 0));
}

int direct_capset(void *header, const void *data)
{
    return (int)with_errno(sys_call(SYS_capset, (long)header, (long)data, 0, 0, 0, 0));
}

int direct_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
    return (int)with_errno(sys_call(SYS_prctl, option, (long)a, (long)b, (long)c, (long)d, 0));
}

void direct_exit(int code)
{
    for (;;)
        sys_call(SYS_exit_group, code, 0, 0, 0, 0, 0);
}
