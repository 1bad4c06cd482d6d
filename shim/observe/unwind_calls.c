/* SPDX-License-Identifier: MIT */
#include "observe/unwind_calls.h"
#include "ground/sys.h"

#include <string.h>
#include <sys/syscall.h>

#define BIT(signal)  (UINT64_C(1) << ((signal)-1))
#define C_LIBRARYS   (BIT(32) | BIT(33)) /* cancellation and setuid: the C library lets nobody shut them out */
#define OWN_DOING    (BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | BIT(SIGILL) | BIT(SIGTRAP) | BIT(SIGSYS))
#define KERNEL_BYTES sizeof(uint64_t) /* of a sigset_t, the first ones */

struct segment unwind_calls_code;

static __thread uint64_t before __attribute__((tls_model("initial-exec"))); /* the walk, as the kernel has it */

static void set_mask(const uint64_t *mask, uint64_t *had)
{
    sys_call(SYS_rt_sigprocmask, SIG_SETMASK, (long)mask, (long)had, KERNEL_BYTES, 0, 0);
}

void unwind_calls_of(const void *library)
{
    unwind_calls_code = segment_around(library);
}

/* In threads of ours they are shut out for good. */
bool unwind_calls_begin(void)
{
    static const uint64_t shut = ~(C_LIBRARYS | OWN_DOING);
    if (thread_state.flags & THREAD_WALKS)
        return false;
    if (!(thread_state.flags & THREAD_OURS))
        set_mask(&shut, &before);
    thread_state.flags |= THREAD_WALKS;
    return true;
}

void unwind_calls_end(void)
{
    thread_state.flags &= ~THREAD_WALKS;
    if (!(thread_state.flags & THREAD_OURS))
        set_mask(&before, NULL);
}

int unwind_calls_mask(sigset_t *old)
{
    if (old)
        memcpy(old, &before, KERNEL_BYTES);
    return 0;
}
