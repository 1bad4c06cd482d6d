/* SPDX-License-Identifier: MIT */
#include "judgement/warning.h"

#include <stdio.h>
#include <string.h>

#include "sources/sizes.h"
#include "sources/text.h"

#define SEC             UINT64_C(1000000000)
#define STALL_US        100000u /* of a second: 10 % */
#define THRASH_PAGES    500u    /* a second. Measured: a healthy job has below 20, a starved one thousands */
#define STARTUP_MAJOR_S 2000u   /* a cold start reads its libraries by major faults */

/* The first time at which more than STALL_US were lost within the last second; ticks are sorted by time. */
static uint64_t first_stall(const struct profile *profile, size_t member)
{
    const struct lw_tick *ticks = profile->ticks;
    size_t from = 0;

    for (size_t to = 1; to < profile->tick_count; to++) {
        uint64_t then, now;
        while (from + 1 < to && ticks[to].t_ns - ticks[from + 1].t_ns >= SEC)
            from++;
        memcpy(&then, (const char *)&ticks[from] + member, sizeof(then));
        memcpy(&now, (const char *)&ticks[to] + member, sizeof(now));
        if (then == LW_UNKNOWN || now == LW_UNKNOWN || now < then)
            continue;
        uint64_t span = ticks[to].t_ns - ticks[from].t_ns;
        uint64_t allowed = span > SEC ? STALL_US * (span / 1000000) / 1000 : STALL_US;
        if (now - then > allowed)
            return ticks[to].t_ns;
    }
    return 0;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void warning_find(const struct profile *profile, struct warning *warning)
{
    const struct lw_state *state = &profile->state;
    bool swap = state->peak_anon_refaults_per_s > THRASH_PAGES;
    bool cache = state->peak_file_refaults_per_s > THRASH_PAGES && state->worst_stage >= LW_STAGE_WARN;

    uint64_t end_ns = later(profile->ended_ns > 0 ? profile->ended_ns : profile->last_ns, state->complete_ns);
    if (profile->event_count > 0)
        end_ns = later(end_ns, profile->events[profile->event_count - 1].t_ns);
    *warning = (struct warning){
        .some_ns = first_stall(profile, offsetof(struct lw_tick, some_total_us)),
        .full_ns = first_stall(profile, offsetof(struct lw_tick, full_total_us)),
        .warn_ns = state->warn_ns,
        .margin_ns = state->margin_ns,
        .complete_ns = state->complete_ns,
        .end_ns = end_ns,
        .thrashing = swap || cache || state->major_faults_per_s > STARTUP_MAJOR_S,
    };
}

size_t warning_signs(const struct warning *warning, struct warning_sign signs[WARNING_SIGNS])
{
    const struct warning_sign all[] = {
        {warning->some_ns, "pressure", "some tasks were stalled for more than 10 % of a second"},
        {warning->full_ns, "pressure", "all tasks were stalled for more than 10 % of a second"},
        {warning->end_ns, "end", "the end, or the last sign of life"},
    };
    size_t count = 0;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        size_t at = count;
        if (all[i].t_ns == 0)
            continue;
        for (; at > 0 && signs[at - 1].t_ns > all[i].t_ns; at--)
            signs[at] = signs[at - 1];
        signs[at] = all[i];
        count++;
    }
    return count;
}

void warning_sentence(const struct warning *warning, char *out, size_t size)
{
    const struct {
        const char *name;
        uint64_t t_ns;
    } signs[] = {
        {"some above 10 %", warning->some_ns},
        {"full above 10 %", warning->full_ns},
        {"warn", warning->warn_ns},
        {"margin", warning->margin_ns},
        {"the complete report", warning->complete_ns},
    };
    size_t known = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        bool there = signs[i].t_ns > 0 && signs[i].t_ns <= warning->end_ns;
        known += there;
        text_append(out, size, "%s%s %s", i > 0 ? ", " : "before the end: ", signs[i].name,
                    there ? size_duration((warning->end_ns - signs[i].t_ns) / 1000000).text : "never");
    }
    if (known == 0)
        out[0] = '\0';
}

void warning_thrash_sentence(const struct profile *profile, char *out, size_t size)
{
    const struct lw_state *state = &profile->state;
    struct warning warning;

    warning_find(profile, &warning);
    out[0] = '\0';
    if (warning.thrashing)
        snprintf(out, size,
                 "thrashing: at its worst %u pages a second came back from swap and %u to the page cache, %u major "
                 "faults a second",
                 state->peak_anon_refaults_per_s, state->peak_file_refaults_per_s, state->peak_major_faults_per_s);
}

void warning_events(const struct profile *profile, warning_event *visit, void *context)
{
    struct warning_sign signs[WARNING_SIGNS];
    struct warning warning;

    warning_find(profile, &warning);
    size_t count = warning_signs(&warning, signs), next = 0;
    for (size_t i = 0; i < profile->event_count; i++) {
        for (; next < count && signs[next].t_ns < profile->events[i].t_ns; next++)
            visit(context, signs[next].t_ns, signs[next].kind, signs[next].text);
        visit(context, profile->events[i].t_ns, profile->events[i].kind, profile->events[i].text);
    }
    for (; next < count; next++)
        visit(context, signs[next].t_ns, signs[next].kind, signs[next].text);
}
