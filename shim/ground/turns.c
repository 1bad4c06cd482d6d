/* SPDX-License-Identifier: MIT */
#include "ground/turns.h"
#include "ground/sys.h"

bool turns_try(struct turns *turns)
{
    turns_join(turns);
    if (!__atomic_load_n(&turns->held, __ATOMIC_SEQ_CST))
        return true;
    turns_leave(turns);
    return false;
}

bool turns_enter(struct turns *turns, uint64_t patience_ns)
{
    if (turns_try(turns))
        return true;
    uint64_t now = sys_now_ns(), until = now + patience_ns;
    for (; now < until; now = sys_now_ns()) {
        uint32_t held = __atomic_load_n(&turns->held, __ATOMIC_ACQUIRE);
        if (held) /* asleep: who holds needs the processor more */
            sys_wait(&turns->held, held, until - now);
        else if (turns_try(turns))
            return true;
    }
    return false;
}

void turns_join(struct turns *turns)
{
    __atomic_fetch_add(&turns->inside, 1, __ATOMIC_SEQ_CST);
}

void turns_leave(struct turns *turns)
{
    __atomic_fetch_sub(&turns->inside, 1, __ATOMIC_SEQ_CST);
}

void turns_hold(struct turns *turns)
{
    __atomic_fetch_add(&turns->held, 1, __ATOMIC_SEQ_CST);
}

bool turns_are_over(const struct turns *turns)
{
    return !__atomic_load_n(&turns->inside, __ATOMIC_SEQ_CST);
}

void turns_await(const struct turns *turns, uint64_t patience_ns)
{
    for (uint64_t until = sys_now_ns() + patience_ns; !turns_are_over(turns); sys_yield())
        if (sys_now_ns() > until)
            break;
}

void turns_release(struct turns *turns)
{
    if (__atomic_sub_fetch(&turns->held, 1, __ATOMIC_SEQ_CST) == 0)
        sys_wake(&turns->held);
}
