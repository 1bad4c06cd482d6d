/* SPDX-License-Identifier: MIT */
/*
 * thread_door: threads that begin. A new thread may grow before it has its first event of the fault counter, so it is
 * noted at once. One small block carries the program's start routine over; without it the thread starts unnoted.
 */
#include "conduct/tracker.h"
#include "doors/doors.h"
#include "ground/next.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct beginning {
    void *(*start)(void *);
    void *argument;
    bool roomy;
};

#define ROOMY_BYTES (128u << 10)
#define TLS_BYTES   4096u /* thread-local storage of this library: 2.7 KiB, nearly all of it jemalloc's */

static size_t stack_bytes(const pthread_attr_t *attributes)
{
    size_t bytes = ROOMY_BYTES;
    return attributes && pthread_attr_getstacksize(attributes, &bytes) != 0 ? 0 : bytes;
}

static bool is_own_memory(const pthread_attr_t *attributes, size_t bytes)
{
    void *lowest = NULL;
    size_t size;
    /* Without an address of its own glibc counts down from 0. */
    return pthread_attr_getstack(attributes, &lowest, &size) != 0 || (uintptr_t)lowest + bytes != 0;
}

/*
 * The C library takes thread-local storage out of the thread's stack, so ours is added to a stack that is small. One
 * that the program has provided itself stays as it is.
 */
static const pthread_attr_t *with_room(const pthread_attr_t *attributes, size_t bytes, pthread_attr_t *larger)
{
    if (!attributes || bytes >= ROOMY_BYTES || is_own_memory(attributes, bytes))
        return attributes;
    memcpy(larger, attributes, sizeof *larger);
    return pthread_attr_setstacksize(larger, bytes + TLS_BYTES) == 0 ? larger : attributes;
}

static void *begin(void *context)
{
    struct beginning beginning = *(struct beginning *)context;
    next.free(context);
    tracker_thread_began(beginning.roomy);
    return beginning.start(beginning.argument);
}

DOOR int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attributes, void *(*start)(void *),
                        void *restrict argument)
{
    tracker_thread_coming();
    struct beginning *beginning = next.malloc(sizeof *beginning);
    if (!beginning)
        return next.pthread_create(thread, attributes, start, argument);
    pthread_attr_t larger;
    size_t bytes = stack_bytes(attributes);
    *beginning = (struct beginning){start, argument, bytes >= ROOMY_BYTES};
    int error = next.pthread_create(thread, with_room(attributes, bytes, &larger), begin, beginning);
    if (error)
        next.free(beginning);
    return error;
}
