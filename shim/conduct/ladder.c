/* SPDX-License-Identifier: MIT */
#include "conduct/ladder.h"
#include "conduct/company.h"
#include "conduct/copying.h"
#include "conduct/final.h"
#include "conduct/flight.h"
#include "conduct/gate.h"
#include "conduct/grace.h"
#include "conduct/look.h"
#include "conduct/vigil.h"
#include "ground/allocator.h"
#include "ground/text.h"

static struct policy policy;

/* false: not now. */
static bool relieve(uint64_t now_ns)
{
    struct lw_state *state = &flight.state;
    uint64_t before = 0, after = 0, data;
    char buffer[104];
    struct text text = TEXT_ON(buffer);
    if (!copying_hold_off())
        return false;
    process_statm(&before, &data);
    gate_yield(true);
    const char *what = allocator_relieve();
    gate_yield(false);
    copying_resume();
    if (!what)
        return true;
    process_statm(&after, &data);
    uint64_t given = before > after ? before - after : 0;
    text_add(&text, what);
    text_add(&text, " gave back ");
    text_size(&text, given);
    journal_event(&flight.journal, now_ns, LW_EVENT_RELIEF, (int64_t)given, buffer);
    if (state->worst_stage < LW_STAGE_RELIEF)
        state->worst_stage = LW_STAGE_RELIEF;
    state->stage = LW_STAGE_RELIEF;
    return true;
}

static void recover(uint64_t now_ns)
{
    grace_end();
    company_look_now(now_ns); /* who is gone? */
    final_recovered();
}

/* Relief is due again at the next look. */
static enum policy_step put_off(void)
{
    policy.relieved = false;
    return POLICY_STAY;
}

static void take_rungs(const struct policy_input *input, bool leisure, uint64_t now_ns)
{
    for (;;) {
        enum policy_step step = policy_next(&policy, input);
        if (step == POLICY_WARN)
            final_warn(leisure);
        else if (step == POLICY_RELIEVE && !relieve(now_ns))
            step = put_off();
        else if (step == POLICY_RECOVERED)
            recover(now_ns);
        else if (step == POLICY_REPORT)
            final_act();
        if (step == POLICY_STAY || step == POLICY_RECOVERED)
            return;
    }
}

/*
 * A thread found the margin, perhaps after this look had begun. Everybody stands still now: is it still so? Who only
 * passed by goes on.
 */
static bool is_confirmed(void)
{
    uint64_t margin = gate_margin();
    if (margin < flight.state.margin_bytes) /* the look that has just begun knows more */
        margin = flight.state.margin_bytes;
    look_at_levels(flight_now_ns(), true);
    if (flight.state.headroom_bytes <= margin + margin / 4)
        return true;
    gate_resume();
    return false;
}

void ladder_climb(uint64_t now_ns)
{
    const struct lw_state *state = &flight.state;
    bool reached = gate_reached(); /* looked at once: it may come true at any instant below */
    bool found = reached && !ladder_is_reported() && is_confirmed(); /* the toucher saw it first */
    if (!ladder_is_reported())
        reached = found;
    bool leisure = !reached && !vigil_is_hurried();
    struct policy_input input = {.headroom_bytes = state->headroom_bytes,
                                 .warn_bytes = state->warn_bytes,
                                 .margin_bytes = state->margin_bytes,
                                 /* stopped threads may hold the allocator's locks */
                                 .relief = leisure && flight.options.relief != 0};
    if (found && input.headroom_bytes > input.margin_bytes)
        input.headroom_bytes = input.margin_bytes;
    if (final_is_due())
        final_act();
    take_rungs(&input, leisure, now_ns);
    if (grace_is_on() && grace_is_over(state->headroom_bytes, state->margin_bytes))
        final_end("the time of grace is over");
    if (reached && !grace_is_on())
        gate_open(); /* nothing more to do for this incident: nobody shall wait */
}

bool ladder_is_warned(void)
{
    return policy.stage >= LW_STAGE_WARN;
}

bool ladder_is_reported(void)
{
    return policy.stage >= LW_STAGE_MARGIN;
}

void ladder_reset(void)
{
    policy = (struct policy){0};
}
