/* SPDX-License-Identifier: MIT */
/* alone: calls that a process with a second thread cannot make, after it has grown; and a thread that grows later. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void grow(void)
{
    for (int i = 0; i < 40; i++)
        memset(malloc(1 << 20), 1, 1 << 20);
    usleep(100000);
}

static int in_child(int (*call)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        grow();
        int result = call();
        grow(); /* goes on, and is watched again */
        _exit(result == 0 ? 0 : errno);
    }
    waitpid(child, &status, 0);
    return status;
}

static int new_user(void)
{
    return unshare(CLONE_NEWUSER);
}

static int other_user(void)
{
    int fds[2], status, result;
    char byte;
    if (pipe(fds) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWUSER) != 0 || write(fds[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    if (read(fds[0], &byte, 1) != 1)
        return -1;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/user", child);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    grow();
    result = setns(fd, CLONE_NEWUSER);
    int error = errno;
    kill(child, 9);
    waitpid(child, &status, 0);
    errno = error;
    return result;
}

static int own_files(void)
{
    return unshare(CLONE_FILES | CLONE_FS);
}

int main(void)
{
    printf("unshare(CLONE_NEWUSER): %d\n", in_child(new_user));
    printf("setns to a user namespace: %d\n", in_child(other_user));
    printf("unshare(CLONE_FILES): %d\n", in_child(own_files));
    return 0;
}
