/* SPDX-License-Identifier: MIT */
/*
 * leave: grows, and leaves in the way that is named. Nothing of ours may stay behind, and the next program begins as if
 * it were alone.
 *
 * usage: leave exit|_exit|_Exit|quick_exit|execv|execve|execvp|execvpe|execl|execlp|execle|fexecve|execveat|failed|
 *              pthread_exit|return|daemon
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *args[] = {
    "sh",   "-c",  "echo \"${WORD:-none} $0 $1\"; ls -l /proc/$$/fd 2>&1 | grep -c lastwords-leave; exit 5",
    "zero", "one", NULL};
static char *words[] = {"WORD=given", "PATH=/bin:/usr/bin", NULL};
#define ARGS args[0], args[1], args[2], args[3], args[4], (char *)NULL

static void grow(void)
{
    for (int i = 0; i < 40; i++)
        memset(malloc(1 << 20), 1, 1 << 20);
    usleep(100000); /* everything is at work by then */
}

static void at_quick_exit_(void)
{
    puts("quick exit handler");
    fflush(stdout);
    free(malloc(1000000));
}

static void at_exit(void)
{
    puts("exit handler");
    free(malloc(1000000));
}

static void *last(void *unused)
{
    grow();
    puts("the last thread ends");
    return unused;
}

static void by_exec(const char *way)
{
    if (strcmp(way, "execv") == 0)
        execv("/bin/sh", args);
    if (strcmp(way, "execve") == 0)
        execve("/bin/sh", args, words);
    if (strcmp(way, "execvp") == 0)
        execvp("sh", args);
    if (strcmp(way, "execvpe") == 0)
        execvpe("sh", args, words);
    if (strcmp(way, "execl") == 0)
        execl("/bin/sh", ARGS);
    if (strcmp(way, "execlp") == 0)
        execlp("sh", ARGS);
    if (strcmp(way, "execle") == 0)
        execle("/bin/sh", ARGS, words);
    if (strcmp(way, "fexecve") == 0)
        fexecve(open("/bin/sh", O_RDONLY | O_CLOEXEC), args, words);
    if (strcmp(way, "execveat") == 0)
        execveat(open("/bin", O_PATH | O_CLOEXEC), "sh", args, words, 0);
}

int main(int argc, char **argv)
{
    const char *way = argc > 1 ? argv[1] : "";
    pthread_t thread;
    atexit(at_exit);
    at_quick_exit(at_quick_exit_);
    setvbuf(stdout, NULL, _IONBF, 0);
    if (strcmp(way, "pthread_exit") == 0) {
        pthread_create(&thread, NULL, last, NULL);
        pthread_detach(thread);
        pthread_exit(NULL);
    }
    grow();
    if (strcmp(way, "exit") == 0)
        exit(3);
    if (strcmp(way, "_exit") == 0)
        _exit(4);
    if (strcmp(way, "_Exit") == 0)
        _Exit(4);
    if (strcmp(way, "quick_exit") == 0)
        quick_exit(6);
    if (strcmp(way, "failed") == 0) {
        for (int i = 0; i < 5; i++) {
            execl("/nowhere", "nothing", NULL);
            grow();
        }
        perror("execl");
        return 8;
    }
    if (strcmp(way, "daemon") == 0) {
        int tell[2];
        if (pipe(tell) != 0)
            return 1;
        pid_t child = fork(); /* the one that daemon() ends */
        if (child == 0) {
            grow();
            daemon(1, 1);
            grow();
            _exit(write(tell[1], "a daemon\n", 9) == 9 ? 0 : 1);
        }
        int status;
        char text[32] = "";
        close(tell[1]);
        waitpid(child, &status, 0);
        ssize_t bytes = read(tell[0], text, sizeof text);
        bytes += read(tell[0], text + bytes, 1); /* until it has ended */
        printf("status %d, %zd bytes: %s", WEXITSTATUS(status), bytes, text);
        return 0;
    }
    by_exec(way);
    return 9;
}
