/* SPDX-License-Identifier: MIT */
/*
 * descriptors: closes whatever may be open, as daemons do, takes the numbers for itself, and looks whether they stay
 * its own: in itself, after a fork, and in the child.
 *
 * usage: descriptors each|raw|range|raw_range|from|dup
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES = 250 };

static void work(int rounds)
{
    for (int i = 0; i < rounds; i++)
        memset(malloc(1 << 20), 1, 1 << 20);
    usleep(100000);
}

static void close_all(const char *way)
{
    if (strcmp(way, "each") == 0)
        for (int fd = 3; fd < 2000; fd++)
            close(fd);
    if (strcmp(way, "raw") == 0)
        for (int fd = 3; fd < 2000; fd++)
            syscall(SYS_close, fd);
    if (strcmp(way, "range") == 0)
        printf("close_range %d\n", close_range(3, ~0u, 0));
    if (strcmp(way, "raw_range") == 0)
        syscall(SYS_close_range, 3, ~0u, 0);
    if (strcmp(way, "from") == 0)
        closefrom(3);
    if (strcmp(way, "dup") == 0)
        for (int fd = 3; fd < FILES; fd++)
            dup2(1, fd);
}

static int strangers(const int *fds)
{
    int wrong = 0;
    for (int i = 0; i < FILES; i++) {
        char text[32] = "";
        wrong += pread(fds[i], text, sizeof text, 0) != 8 || strcmp(text, "my file\n") != 0;
    }
    return wrong;
}

int main(int argc, char **argv)
{
    static int fds[FILES];
    int status;
    work(40);
    close_all(argc > 1 ? argv[1] : "");
    int first = open("mine.txt", O_RDWR | O_CREAT | O_TRUNC, 0600);
    printf("the first free number is %d\n", first);
    if (write(first, "my file\n", 8) != 8)
        return 1;
    for (int i = 0; i < FILES; i++)
        fds[i] = fcntl(first, F_DUPFD, 3);
    work(40);
    usleep(strncmp(argv[1], "raw", 3) == 0 ? 1100000 : 100000); /* a slow look of the watcher */
    printf("strangers: %d\n", strangers(fds));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        work(60);
        printf("strangers in the child: %d\n", strangers(fds));
        return 0;
    }
    waitpid(child, &status, 0);
    printf("child %d, strangers: %d, size %ld\n", status, strangers(fds), (long)lseek(first, 0, SEEK_END));
    unlink("mine.txt");
    return 0;
}
