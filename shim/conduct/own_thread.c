/* SPDX-License-Identifier: MIT */
#include "conduct/own_thread.h"
#include "conduct/flight.h"
#include "ground/next.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#define STACK_BYTES (256u << 10)
#define PAGE_BYTES  4096u

/* Aligned, with room below that nobody touches. */
static void *stack_in_arena(void)
{
    uintptr_t stack = (uintptr_t)arena_take(&flight.arena, STACK_BYTES + 2 * PAGE_BYTES);
    return stack ? (void *)((stack + 2 * PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1)) : NULL;
}

bool own_thread_start(struct own_thread *own, void *(*body)(void *), const sigset_t *blocked)
{
    pthread_attr_t attributes;
    sigset_t before;
    pthread_attr_init(&attributes);
    own->stack = stack_in_arena();
    if (!own->stack || pthread_attr_setstack(&attributes, own->stack, STACK_BYTES) != 0) {
        own->stack = NULL;
        pthread_attr_setstacksize(&attributes, STACK_BYTES);
    }
    pthread_sigmask(SIG_SETMASK, blocked, &before);
    int error = next.pthread_create(&own->thread, &attributes, body, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error == 0;
}

void own_thread_detach(struct own_thread *own)
{
    pthread_detach(own->thread);
}

void own_thread_join(struct own_thread *own)
{
    pthread_join(own->thread, NULL);
    if (own->stack)
        sys_call(SYS_madvise, (long)own->stack, STACK_BYTES, MADV_DONTNEED, 0, 0, 0);
}
