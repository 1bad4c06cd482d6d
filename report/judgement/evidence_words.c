/* SPDX-License-Identifier: MIT */
#include "judgement/evidence_words.h"

#include <stdarg.h>
#include <stdio.h>

#include "judgement/death.h"
#include "judgement/warning.h"
#include "profile/labels.h"
#include "sources/sizes.h"

__attribute__((format(printf, 2, 3))) static void say(struct verdict *verdict, const char *format, ...)
{
    va_list arguments;

    if (verdict->evidence_count == VERDICT_MAX_EVIDENCE)
        return;
    va_start(arguments, format);
    vsnprintf(verdict->evidence[verdict->evidence_count++], sizeof(verdict->evidence[0]), format, arguments);
    va_end(arguments);
}

/* How much time there was, and whether it was spent on waiting for pages. */
static void say_warning(const struct profile *profile, struct verdict *verdict)
{
    struct warning warning;
    char text[400];

    warning_find(profile, &warning);
    warning_sentence(&warning, text, sizeof(text));
    if (text[0] && profile->end != PROFILE_LIVE && verdict->by_memory)
        say(verdict, "%s", text);
    warning_thrash_sentence(profile, text, sizeof(text));
    if (text[0])
        say(verdict, "%s", text);
}

/* The three that grew most. */
static void say_neighbours(const struct profile *profile, struct verdict *verdict)
{
    for (size_t i = 0; i < profile->neighbour_count && i < 3; i++) {
        const struct neighbour *neighbour = &profile->neighbours[i];
        bool killed = (neighbour->record.flags & LW_NEIGHBOUR_KILLED) != 0;
        if (neighbour->held_bytes < known_bytes(profile->state.rss_bytes) / 16)
            continue;
        say(verdict, "neighbour %.60s (pid %u) %s %s, %s when it was seen first%s", neighbour->name,
            neighbour->record.pid, neighbour->record.gone_ns ? "held" : "holds", size_prose(neighbour->held_bytes).text,
            size_prose(known_bytes(neighbour->record.first_rss_bytes)).text,
            killed                      ? "; gone when the OOM killer's counter had risen"
            : neighbour->record.gone_ns ? "; gone since"
                                        : "");
    }
}

/* Who says that the OOM killer came, or did not. */
static void say_killer(const struct profile *profile, struct verdict *verdict)
{
    const struct lw_outcome *outcome = &profile->outcome;

    if (profile->has_outcome && outcome->oom_kill == 1)
        say(verdict, "the OOM killer's counter rose from %llu to %llu (%s)",
            (unsigned long long)outcome->oom_kills_before, (unsigned long long)outcome->oom_kills_after,
            profile->outcome_source);
    else if (profile->has_outcome && outcome->oom_kill == 2)
        say(verdict, "the OOM killer's counter stood still");
    else if (death_counter_today(profile) == OOM_KILL_CONFIRMED)
        say(verdict, "the OOM killer's counter of %s has risen since the journal was made", profile->levels[0].path);
    if (profile->kernel_says[0])
        say(verdict, "%s", profile->kernel_says);
}

/* How near the end was, how it came there, and where the memory is. */
static void say_memory(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    const struct level *binding = profile->binding;
    uint64_t headroom_bytes = profile->state.headroom_bytes;

    if (binding && binding->record.limit_bytes > 0)
        say(verdict, "headroom %s: %s of %s (%.1f %%) at %s",
            profile->of_moment ? "when the report was written" : "at the last sign of life",
            size_prose(headroom_bytes).text, size_prose(binding->record.limit_bytes).text,
            100.0 * (double)headroom_bytes / (double)binding->record.limit_bytes, binding->path);
    if (evidence->grown_bytes > 0 && evidence->grown_ns > 0)
        say(verdict, "resident memory grew from %s to %s in %s", size_prose(evidence->first_rss_bytes).text,
            size_prose(evidence->last_rss_bytes).text, size_duration(evidence->grown_ns / 1000000).text);
    if (verdict->line && verdict->line->resident_bytes > 0 && !verdict->of_stacks)
        say(verdict, "%s holds %s of %s resident, growing by %s", label_place(verdict->line->frame).text,
            size_prose(verdict->line->resident_bytes).text, size_prose(profile_resident_bytes(profile)).text,
            size_rate(verdict->line->growth_bytes_per_s).text);
}

void evidence_words_write(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    const struct lw_state *state = &profile->state;

    if (verdict->cause == CAUSE_SITE_SPIKE)
        say(verdict, "60 %% of the growth of %s came within %s of %s", size_prose(evidence->grown_bytes).text,
            size_duration(evidence->window_ns / 1000000).text, size_duration(evidence->grown_ns / 1000000).text);
    say_killer(profile, verdict);
    say_memory(profile, evidence, verdict);
    say_warning(profile, verdict);
    say_neighbours(profile, verdict);
    if (state->spared_ns > 0)
        say(verdict, "action=abort was not taken here: the kernel would have killed another process first");
    if (state->refused_count > 0)
        say(verdict, "%llu allocations were refused, the largest %s", (unsigned long long)state->refused_count,
            size_prose(state->refused_bytes).text);
}
