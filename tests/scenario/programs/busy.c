/* SPDX-License-Identifier: MIT */
/*
 * busy: memory runs out while two other threads are permanently inside something that holds locks.
 *
 * usage: busy dlopen|churn|fork|thread|exit|all [MIB_PER_SECOND]        (0: as fast as it goes; 200 unless told)
 *
 * dlopen  dlopen and dlclose of a library, again and again
 * churn   malloc and free of all sizes
 * fork    fork and wait; the child allocates and ends by exit()
 * thread  threads that are started, allocate and end
 * exit    exit() is under way, in a handler that never ends
 * all     dlopen, churn, fork and thread at once
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SITE static __attribute__((noipa))
#define MIB  ((size_t)1 << 20)

enum { THREADS_EACH = 2, MOST_MIB = 2048 };

static double mib_per_s = 200;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void sleep_s(double seconds)
{
    if (seconds > 0)
        nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)}, NULL);
}

SITE void fill(void)
{
    double start = now_s();
    for (unsigned piece = 0; piece < MOST_MIB; piece++) {
        char *memory = malloc(MIB);
        if (!memory)
            exit(1);
        memset(memory, 1, MIB);
        if (mib_per_s > 0)
            sleep_s(piece / mib_per_s - (now_s() - start));
    }
}

static void *loading(void *unused)
{
    for (;;) {
        void *library = dlopen("libresolv.so.2", RTLD_NOW);
        if (!library || !dlsym(library, "ns_parserr") || dlclose(library) != 0)
            exit(3);
    }
    return unused;
}

static void *churning(void *unused)
{
    static __thread void *slot[64];
    for (unsigned i = 0;; i++) {
        free(slot[i % 64]);
        slot[i % 64] = malloc(16 + (size_t)(i * 2654435761u >> 16));
    }
    return unused;
}

static void *forking(void *unused)
{
    for (;;) {
        pid_t child = fork();
        if (child == 0) {
            char *memory = malloc(1000);
            memset(memory, 1, 1000);
            exit(0);
        }
        if (child > 0)
            waitpid(child, NULL, 0);
    }
    return unused;
}

static void *short_lived(void *unused)
{
    free(malloc(5000));
    return unused;
}

static void *starting(void *unused)
{
    pthread_t thread;
    for (;;)
        if (pthread_create(&thread, NULL, short_lived, NULL) == 0)
            pthread_join(thread, NULL);
    return unused;
}

static void never_ends(void)
{
    for (;;)
        sleep_s(1);
}

static void *leaving(void *unused)
{
    sleep_s(0.1);
    exit(0);
    return unused;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void *(*run)(void *);
    } kinds[] = {
        {"dlopen", loading}, {"churn", churning}, {"fork", forking}, {"thread", starting}, {"exit", leaving},
    };
    pthread_t thread;
    unsigned started = 0;

    if (argc > 2)
        mib_per_s = atof(argv[2]);
    for (size_t i = 0; argc > 1 && i < sizeof kinds / sizeof kinds[0]; i++) {
        int leaves = kinds[i].run == leaving;
        if (strcmp(argv[1], kinds[i].name) != 0 && (leaves || strcmp(argv[1], "all") != 0))
            continue;
        if (leaves)
            atexit(never_ends);
        for (unsigned n = 0; n < (leaves ? 1 : THREADS_EACH); n++)
            started += pthread_create(&thread, NULL, kinds[i].run, NULL) == 0;
    }
    if (!started)
        return 2;
    fill();
    puts("busy: done");
    return 0;
}
