/* SPDX-License-Identifier: MIT */
/* threads: many threads that do the same at once, for the unit tests. Behind <cmocka.h>. */
#ifndef LASTWORDS_TESTS_THREADS_H
#define LASTWORDS_TESTS_THREADS_H

#include <pthread.h>
#include <stdint.h>

enum { THREADS = 8 };

/* Runs THREADS of them, each with its number, from 0, as the argument; returns when all have ended. */
static inline void run_threads(void *(*work)(void *number))
{
    pthread_t threads[THREADS];

    for (uintptr_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, (void *)i), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

#endif
