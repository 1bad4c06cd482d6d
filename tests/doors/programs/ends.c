/* SPDX-License-Identifier: MIT */
/*
 * ends: memory is obtained in one life and given back in another: before main, in thread-local destructors, in keys'
 * destructors that run again and again, in signal handlers, in exit handlers, across libraries, with RTLD_DEEPBIND.
 *
 * usage: ends PLUGIN
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static pthread_key_t key;
static char *from_before;

__attribute__((constructor)) static void before_main(void)
{
    from_before = malloc(1 << 20);
}

static void at_end(void)
{
    free(from_before);
    free(malloc(1 << 22));
}

static void destroy(void *value)
{
    int round = *(int *)value;
    free(value);
    free(malloc(100000));
    if (round < 3) {
        int *again = malloc(sizeof *again);
        *again = round + 1;
        pthread_setspecific(key, again);
    }
}

/* Registered as C++ does it for thread_local objects: runs after the keys' destructors. */
extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *);
extern void *__dso_handle;

static void at_thread_end(void *block)
{
    free(block);
    free(malloc(200000));
}

static void *thread(void *unused)
{
    pthread_setspecific(key, calloc(1, sizeof(int)));
    __cxa_thread_atexit_impl(at_thread_end, malloc(50000), &__dso_handle);
    return malloc(70000);
}

static void *cancelled(void *unused)
{
    char *block = malloc(3000);
    pthread_cleanup_push(free, block);
    pthread_setspecific(key, calloc(1, sizeof(int)));
    pause();
    pthread_cleanup_pop(1);
    return unused;
}

static volatile int signals;
static void on_alarm(int signal)
{
    signals++;
}

static void threads(void)
{
    pthread_t one[50];
    void *block;
    pthread_key_create(&key, destroy);
    for (int i = 0; i < 50; i++)
        pthread_create(&one[i], NULL, i % 5 ? thread : cancelled, NULL);
    for (int i = 0; i < 50; i++) {
        if (i % 5 == 0)
            pthread_cancel(one[i]);
        pthread_join(one[i], &block);
        free(block == PTHREAD_CANCELED ? NULL : block);
    }
    puts("threads ended");
}

/* Signals land wherever they want in doors and samples. */
static void alarms(void)
{
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    while (signals < 300)
        free(realloc(malloc(5000), 9000));
    setitimer(ITIMER_REAL, &never, NULL);
    puts("alarms rang");
}

static void plugins(const char *path)
{
    static const int flags[] = {RTLD_NOW, RTLD_LAZY | RTLD_DEEPBIND};
    for (int i = 0; i < 2; i++)
        for (int round = 0; round < 20; round++) {
            void *blocks[500];
            void *plugin = dlopen(path, flags[i]);
            void *(*swap)(void *, size_t) = (void *(*)(void *, size_t))dlsym(plugin, "plugin_swap");
            size_t (*many)(void **, size_t, size_t) = (size_t(*)(void **, size_t, size_t))dlsym(plugin, "plugin_many");
            for (int k = 0; k < 500; k++)
                blocks[k] = malloc(6000);
            for (int k = 0; k < 10; k++) {
                many(blocks, 500, 6000);
                for (int n = 0; n < 500; n++)
                    blocks[n] = realloc(blocks[n], n % 2 ? 3000 : 9000);
            }
            for (int k = 0; k < 500; k++)
                free(blocks[k]);
            free(swap(swap(malloc(9000), 9000), 9000));
            dlclose(plugin);
        }
    puts("plugins came and went");
}

int main(int argc, char **argv)
{
    atexit(at_end);
    threads();
    alarms();
    if (argc > 1)
        plugins(argv[1]);
    return 0;
}
