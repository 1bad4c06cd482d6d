/* SPDX-License-Identifier: MIT */
#include "ground/fence.h"
#include "ground/next.h"
#include "ground/sys.h"

/* A fork of a process of 1 GiB takes 10 ms. Who waits may hold a lock that the fork needs: so never for long. */
#define ENTER_PATIENCE_NS UINT64_C(2000000)
#define FORK_PATIENCE_NS  UINT64_C(100000000)

static uint32_t inside;  /* threads in such a library */
static uint32_t forking; /* forks under way */

bool fence_try(void)
{
    __atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&forking, __ATOMIC_SEQ_CST))
        return true;
    fence_leave();
    return false;
}

bool fence_enter(void)
{
    if (fence_try())
        return true;
    uint64_t now = sys_now_ns(), until = now + ENTER_PATIENCE_NS;
    for (; now < until; now = sys_now_ns()) {
        uint32_t others = __atomic_load_n(&forking, __ATOMIC_ACQUIRE);
        if (others) /* asleep: a fork needs the processor more than we do */
            sys_wait(&forking, others, until - now);
        else if (fence_try())
            return true;
    }
    return false;
}

void fence_leave(void)
{
    __atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
}

void fence_fork_prepare(void)
{
    __atomic_fetch_add(&forking, 1, __ATOMIC_SEQ_CST);
    for (uint64_t until = sys_now_ns() + FORK_PATIENCE_NS; __atomic_load_n(&inside, __ATOMIC_SEQ_CST); sys_yield())
        if (sys_now_ns() > until)
            break;
}

void fence_fork_parent(void)
{
    if (__atomic_sub_fetch(&forking, 1, __ATOMIC_SEQ_CST) == 0)
        sys_wake(&forking);
}

bool fence_fork_child(void)
{
    bool busy = inside != 0;
    inside = forking = 0;
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
