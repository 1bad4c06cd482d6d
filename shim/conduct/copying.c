/* SPDX-License-Identifier: MIT */
#include "conduct/copying.h"
#include "ground/sys.h"

#include <stdint.h>

#define LARGE_BYTES (256u << 10) /* copied in a tenth of a millisecond, fresh pages and all */
#define SLICE_NS    UINT64_C(1000000)
#define SLICES_MOST 100u

static uint32_t copies;
static uint32_t relief; /* futex of those who want to copy */

bool copying_begin(size_t size)
{
    if (size < LARGE_BYTES)
        return false;
    for (uint32_t slice = 0; slice < SLICES_MOST; slice++) {
        __atomic_fetch_add(&copies, 1, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&relief, __ATOMIC_SEQ_CST))
            return true;
        __atomic_fetch_sub(&copies, 1, __ATOMIC_SEQ_CST);
        sys_wait(&relief, 1, SLICE_NS);
    }
    __atomic_fetch_add(&copies, 1, __ATOMIC_SEQ_CST); /* something keeps the relief: the program goes first */
    return true;
}

void copying_end(bool begun)
{
    if (begun)
        __atomic_fetch_sub(&copies, 1, __ATOMIC_SEQ_CST);
}

bool copying_hold_off(void)
{
    __atomic_store_n(&relief, 1, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&copies, __ATOMIC_SEQ_CST))
        return true;
    copying_resume();
    return false;
}

void copying_resume(void)
{
    __atomic_store_n(&relief, 0, __ATOMIC_SEQ_CST);
    sys_wake(&relief);
}

void copying_reset(void)
{
    copies = relief = 0;
}
