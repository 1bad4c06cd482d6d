/* SPDX-License-Identifier: MIT */
/* alone: calls that a process with a second thread cannot make, after it has grown; and a thread that grows later. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int capset(cap_user_header_t header, const cap_user_data_t data);

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

/* Keeps its capabilities over a change of user, as launchers do, and changes the group afterwards. */
static int keeps_capabilities(void)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0 || prctl(PR_SET_KEEPCAPS, 1) != 0 ||
        setresuid(65534, 65534, 65534) != 0)
        return -1;
    data[0].effective = data[0].permitted;
    data[1].effective = data[1].permitted;
    if (capset(&header, data) != 0)
        return -1;
    free(malloc(9 << 20));
    return setresgid(65534, 65534, 65534);
}

/* Nothing but read, write and exit is allowed from now on. */
static int strict(void)
{
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
        return -1;
    for (int i = 0; i < 3000; i++)
        free(malloc(10000));
    syscall(SYS_exit, 0);
    return -1;
}

int main(void)
{
    printf("unshare(CLONE_NEWUSER): %d\n", in_child(new_user));
    printf("setns to a user namespace: %d\n", in_child(other_user));
    printf("unshare(CLONE_FILES): %d\n", in_child(own_files));
    printf("capabilities kept over setresuid: %d\n", in_child(keeps_capabilities));
    printf("strict seccomp: %d\n", in_child(strict));
    return 0;
}
