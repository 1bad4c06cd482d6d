/* SPDX-License-Identifier: MIT */
/*
 * family: a process of 50 MiB and a child that gets 60 MiB of its own, by fork, _Fork, clone, vfork or posix_spawn.
 * Prints both pids: "PARENT CHILD".
 */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static __attribute__((noipa)) void grow_parent(void)
{
    for (int i = 0; i < 50; i++)
        memset(malloc(1 << 20), 1, 1 << 20);
    usleep(300000);
}

static __attribute__((noipa)) void grow_child(void)
{
    for (int i = 0; i < 60; i++)
        memset(malloc(1 << 20), 1, 1 << 20);
    usleep(1500000); /* a scan has been made of it */
}

static void as_child(void)
{
    grow_child();
    exit(0);
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "fork";
    char *arguments[] = {argv[0], "child", NULL};
    pid_t pid = -1;
    if (strcmp(way, "child") == 0)
        as_child();
    grow_parent();
    if (strcmp(way, "fork") == 0 && (pid = fork()) == 0)
        as_child();
    if (strcmp(way, "_Fork") == 0 && (pid = _Fork()) == 0)
        as_child();
    if (strcmp(way, "clone") == 0 && (pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0)) == 0)
        as_child();
    if (strcmp(way, "vfork") == 0 && (pid = vfork()) == 0) {
        free(malloc(64 << 20)); /* must not set up anything for this half of a process */
        execv(argv[0], arguments);
        _exit(1);
    }
    if (strcmp(way, "spawn") == 0 && posix_spawn(&pid, argv[0], NULL, NULL, arguments, environ) != 0)
        return 1;
    int status;
    waitpid(pid, &status, 0);
    printf("%d %d\n", getpid(), pid);
    return status != 0;
}
