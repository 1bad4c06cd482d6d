/* SPDX-License-Identifier: MIT */
#include "judge/speed.h"

#include <stdbool.h>

#define SPAN_LEAST_NS UINT64_C(500000)
#define SPAN_SURE_NS  UINT64_C(4000000)
#define STEP_BYTES    (UINT64_C(2) << 20)
#define WOBBLES       8u /* a measurement takes so many times as long as both its readings */

static uint64_t measured(uint64_t before_per_s, uint64_t from_bytes, uint64_t bytes, uint64_t span_ns)
{
    uint64_t more = bytes > from_bytes ? bytes - from_bytes : 0;
    uint64_t per_s = (uint64_t)((double)more * 1e9 / (double)span_ns);
    return per_s > before_per_s / 2 ? per_s : before_per_s / 2;
}

static void note_most(struct speed *speed, uint64_t from_ns, uint64_t bytes)
{
    uint64_t span = from_ns - speed->most_at_ns;
    if (speed->most_at_ns && span < SPAN_LEAST_NS)
        return;
    if (speed->most_at_ns)
        speed->most_per_s = measured(speed->most_per_s, speed->most_bytes, bytes, span);
    speed->most_at_ns = from_ns;
    speed->most_bytes = bytes;
}

static bool is_sure(const struct speed *speed, uint64_t span_ns, uint64_t wobble_ns, uint64_t bytes)
{
    if (span_ns < SPAN_LEAST_NS || span_ns < WOBBLES * (wobble_ns + speed->wobble_ns))
        return false;
    return span_ns >= SPAN_SURE_NS || bytes > speed->bytes + STEP_BYTES;
}

void speed_note(struct speed *speed, uint64_t from_ns, uint64_t until_ns, uint64_t bytes)
{
    uint64_t wobble = until_ns - from_ns, span = until_ns - speed->at_ns;
    note_most(speed, from_ns, bytes);
    if (speed->at_ns && !is_sure(speed, span, wobble, bytes))
        return;
    if (speed->at_ns)
        speed->per_s = measured(speed->per_s, speed->bytes, bytes, span);
    speed->at_ns = until_ns;
    speed->wobble_ns = wobble;
    speed->bytes = bytes;
}
