/* SPDX-License-Identifier: MIT */
/*
 * forks: forks again and again from one thread, while eight others allocate and free. Each child does what a lock left
 * behind would make it wait for: it allocates, loads a library, unwinds, and leaves by exit, _exit or exec in turn.
 * (The other threads must not use the loader themselves: glibc's own lock of its list does not survive a fork.)
 *
 * usage: forks COUNT [fork|_Fork|clone|vfork|spawn]
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static volatile int stop;

static void churn(unsigned rounds)
{
    void *keep[64] = {0};
    for (unsigned i = 0; i < rounds; i++) {
        free(keep[i % 64]);
        keep[i % 64] = malloc(100 + i * 7919u % 9000);
    }
    for (unsigned i = 0; i < 64; i++)
        free(keep[i]);
}

static void *worker(void *unused)
{
    while (!stop) {
        churn(500);
        usleep(200);
    }
    return unused;
}

static void child(int number)
{
    void *frames[20];
    churn(300);
    if (number % 4 == 0) {
        void *library = dlopen("libm.so.6", RTLD_NOW);
        if (!library || !dlsym(library, "cos") || backtrace(frames, 20) < 2)
            _exit(1);
        dlclose(library);
    }
    if (number % 50 == 0)
        execl("/bin/true", "true", NULL);
    if (number % 3 == 0)
        exit(0);
    _exit(0);
}

static pid_t fork_by(const char *way, int number)
{
    static char *arguments[] = {"true", NULL};
    pid_t pid = -1;
    if (strcmp(way, "spawn") == 0)
        return posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ) == 0 ? pid : -1;
    if (strcmp(way, "vfork") == 0) {
        pid = vfork();
        if (pid == 0) {
            execl("/bin/true", "true", NULL);
            _exit(1);
        }
        return pid;
    }
    if (strcmp(way, "_Fork") == 0)
        pid = _Fork();
    else if (strcmp(way, "clone") == 0)
        pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
    else
        pid = fork();
    if (pid == 0) {
        /* without the atfork handlers the C library's own locks are left as they were, so such a child does little */
        if (strcmp(way, "fork") != 0)
            _exit(0);
        child(number);
    }
    return pid;
}

int main(int argc, char **argv)
{
    pthread_t thread[8];
    int count = argc > 1 ? atoi(argv[1]) : 1000, bad = 0, status;
    const char *way = argc > 2 ? argv[2] : "fork";
    for (int i = 0; i < 40; i++)
        memset(malloc(1 << 20), 1, 1 << 20);
    for (int i = 0; i < 8; i++)
        pthread_create(&thread[i], NULL, worker, NULL);
    for (int i = 0; i < count; i++) {
        pid_t pid = fork_by(way, i);
        while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
        bad += pid < 0 || status != 0;
    }
    stop = 1;
    for (int i = 0; i < 8; i++)
        pthread_join(thread[i], NULL);
    printf("%d children by %s, %d of them bad\n", count, way, bad);
    return bad != 0;
}
