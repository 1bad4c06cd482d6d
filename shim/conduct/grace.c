/* SPDX-License-Identifier: MIT */
#include "conduct/grace.h"
#include "conduct/flight.h"
#include "conduct/gate.h"

static struct {
    bool on;
    bool all_wait;         /* park without the fault counter: the gate is closed */
    uint64_t since_ns;     /* signal: when it was sent; park: when somebody began to wait */
    uint64_t margin_bytes; /* all_wait: when it began */
} grace;

static bool parks(void)
{
    return flight.options.action == LW_ACTION_PARK;
}

uint64_t grace_margin(uint64_t margin_bytes)
{
    if (parks())
        return margin_bytes;
    return flight.state.fault_counter ? margin_bytes / 4 : margin_bytes / 2;
}

bool grace_is_on(void)
{
    return grace.on;
}

void grace_begin(uint64_t margin_bytes)
{
    grace.on = true;
    grace.since_ns = flight_now_ns();
    grace.all_wait = parks() && !flight.state.fault_counter;
    grace.margin_bytes = margin_bytes;
    if (grace.all_wait)
        return;
    gate_hold(true, grace_margin(margin_bytes));
    gate_open();
}

/* The gate is opened with room to spare and closed at the margin, so that it does not flutter. */
static void park_all(uint64_t headroom_bytes, uint64_t margin_bytes)
{
    if (headroom_bytes > margin_bytes + margin_bytes / 4)
        gate_open();
    else if (headroom_bytes <= margin_bytes)
        gate_close();
}

static bool somebody_waits(uint64_t headroom_bytes, uint64_t margin_bytes)
{
    if (!grace.all_wait)
        return gate_held() != 0;
    /* The margin follows the rate of growth, which has just been stopped: with what is left of it nobody could be. */
    uint64_t margin = margin_bytes > grace.margin_bytes ? margin_bytes : grace.margin_bytes;
    park_all(headroom_bytes, margin);
    return headroom_bytes <= margin;
}

bool grace_is_over(uint64_t headroom_bytes, uint64_t margin_bytes)
{
    uint64_t now = flight_now_ns(), patience_ns = (uint64_t)flight.options.grace_s * 1000000000u;
    if (!parks() && !flight.state.fault_counter && headroom_bytes <= grace_margin(margin_bytes))
        return true;
    if (parks() && !somebody_waits(headroom_bytes, margin_bytes))
        grace.since_ns = now;
    return now - grace.since_ns >= patience_ns;
}

void grace_end(void)
{
    if (!grace.on)
        return;
    grace.on = false;
    gate_hold(false, 0);
    gate_open();
}

void grace_reset(void)
{
    grace.on = grace.all_wait = false;
}
