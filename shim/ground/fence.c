/* SPDX-License-Identifier: MIT */
#include "ground/fence.h"
#include "ground/next.h"
#include "ground/turns.h"

/* A fork of a process of 1 GiB takes 10 ms. Who waits may hold a lock that the fork needs: so never for long. */
#define ENTER_PATIENCE_NS UINT64_C(2000000)
#define FORK_PATIENCE_NS  UINT64_C(100000000)

static struct turns turns; /* inside: threads in such a library; held by forks under way */

bool fence_try(void)
{
    return turns_try(&turns);
}

bool fence_enter(void)
{
    return turns_enter(&turns, ENTER_PATIENCE_NS);
}

void fence_leave(void)
{
    turns_leave(&turns);
}

void fence_fork_prepare(void)
{
    turns_hold(&turns);
    turns_await(&turns, FORK_PATIENCE_NS);
}

void fence_fork_parent(void)
{
    turns_release(&turns);
}

bool fence_fork_child(void)
{
    bool busy = !turns_are_over(&turns);
    turns = (struct turns){0};
    return busy;
}

int fence_each_module(int (*visit)(struct dl_phdr_info *, size_t, void *), void *context)
{
    bool in = fence_enter();
    int result = next.dl_iterate_phdr(visit, context);
    if (in)
        fence_leave();
    return result;
}
