/* SPDX-License-Identifier: MIT */
#include "ground/guard.h"
#include "ground/sys.h"

#include <sys/mman.h>
#include <sys/syscall.h>

__thread struct thread_state thread_state __attribute__((tls_model("initial-exec")));
uint32_t guard_gate_closed;
void (*guard_gate)(void);

static uint32_t *witness; /* 1 in the process that marked it, 0 in its children */
static uint32_t witness_pid;

void guard_mark_process(void)
{
    if (!witness) {
        witness = sys_map(4096);
        if (witness && sys_call(SYS_madvise, (long)witness, 4096, MADV_WIPEONFORK, 0, 0, 0) < 0) {
            sys_unmap(witness, 4096); /* before Linux 4.14: fall back to the pid */
            witness = NULL;
        }
    }
    if (witness)
        __atomic_store_n(witness, 1, __ATOMIC_RELEASE);
    witness_pid = sys_getpid();
}

bool guard_same_process(void)
{
    if (witness)
        return __atomic_load_n(witness, __ATOMIC_ACQUIRE) != 0;
    return witness_pid == 0 || witness_pid == sys_getpid();
}

bool guard_is_guest(void)
{
    return witness && guard_same_process() && witness_pid != sys_getpid();
}
