/* SPDX-License-Identifier: MIT */
#include "conduct/copying.h"
#include "ground/turns.h"

#define LARGE_BYTES (256u << 10) /* copied in a tenth of a millisecond, fresh pages and all */
#define PATIENCE_NS UINT64_C(100000000)

static struct turns turns; /* inside: copies; held by the relief */

bool copying_begin(size_t size)
{
    if (size < LARGE_BYTES)
        return false;
    if (!turns_enter(&turns, PATIENCE_NS))
        turns_join(&turns); /* something keeps the relief: the program goes first */
    return true;
}

void copying_end(bool begun)
{
    if (begun)
        turns_leave(&turns);
}

bool copying_hold_off(void)
{
    turns_hold(&turns);
    if (turns_are_over(&turns))
        return true;
    turns_release(&turns);
    return false;
}

void copying_resume(void)
{
    turns_release(&turns);
}

void copying_reset(void)
{
    turns = (struct turns){0};
}
