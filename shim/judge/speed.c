/* SPDX-License-Identifier: MIT */
#include "judge/speed.h"

#define SPAN_LEAST_NS UINT64_C(500000)
#define SPAN_SURE_NS  UINT64_C(4000000)
#define STEP_BYTES    (UINT64_C(2) << 20)
#define WOBBLES       8u /* a measurement takes so many times as long as both its readings */

void speed_note(struct speed *speed, uint64_t from_ns, uint64_t until_ns, uint64_t bytes)
{
    uint64_t wobble = until_ns - from_ns, span = until_ns - speed->at_ns;
    uint64_t more = bytes > speed->bytes ? bytes - speed->bytes : 0;
    if (speed->at_ns) {
        if (span < SPAN_LEAST_NS || span < WOBBLES * (wobble + speed->wobble_ns))
            return;
        if (more <= STEP_BYTES && span < SPAN_SURE_NS)
            return;
        uint64_t per_s = (uint64_t)((double)more * 1e9 / (double)span);
        speed->per_s = per_s > speed->per_s / 2 ? per_s : speed->per_s / 2;
    }
    speed->at_ns = until_ns;
    speed->wobble_ns = wobble;
    speed->bytes = bytes;
}
