/* SPDX-License-Identifier: MIT */
/*
 * plugin_early: preloaded behind the library, so that its constructor comes first: before ours, everything that a door
 * offers is called already, and much memory is asked for.
 */
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

void *early_block;

static void *thread(void *unused)
{
    free(malloc(100000));
    return unused;
}

__attribute__((constructor(102))) static void early(void)
{
    char byte;
    pthread_t other;
    struct iovec vector = {&byte, 1};
    int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC), status = -1;
    early_block = calloc(1000, 70);
    early_block = realloc(early_block, 100000);
    free(aligned_alloc(64, 64000));
    free(valloc(1));
    sbrk(4096);
    sbrk(-4096);
    munmap(mmap(NULL, 8 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 8 << 20);
    if (read(fd, &byte, 1) + pread(fd, &byte, 1, 0) + readv(fd, &vector, 1) != 3 || dup2(fd, 90) != 90)
        abort();
    close(90);
    close(fd);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR1, SIG_DFL);
    pthread_create(&other, NULL, thread, NULL);
    pthread_join(other, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        unsetenv("LD_PRELOAD");
        execlp("true", "true", NULL);
    }
    waitpid(pid, &status, 0);
    char text[80];
    int n = snprintf(text, sizeof text, "early: %zu %d %d\n", malloc_usable_size(early_block) / 1000, status,
                     ((char *)early_block)[69999]);
    if (getenv("EARLY_TELLS") && write(1, text, (size_t)n) != n)
        abort();
    free(early_block);
}
