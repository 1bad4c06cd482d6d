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
#include <stdlib.h>

struct beginning {
    void *(*start)(void *);
    void *argument;
    bool roomy;
};

#define ROOMY_BYTES (128u << 10)

static bool is_roomy(const pthread_attr_t *attributes)
{
    size_t bytes = 0;
    return !attributes || (pthread_attr_getstacksize(attributes, &bytes) == 0 && bytes >= ROOMY_BYTES);
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
    *beginning = (struct beginning){start, argument, is_roomy(attributes)};
    int error = next.pthread_create(thread, attributes, begin, beginning);
    if (error)
        next.free(beginning);
    return error;
}
