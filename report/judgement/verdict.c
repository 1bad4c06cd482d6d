/* SPDX-License-Identifier: MIT */
#include "judgement/no_site.h"
#include "judgement/verdict.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "judgement/evidence.h"
#include "judgement/warning.h"
#include "profile/labels.h"
#include "sources/sizes.h"

static const char *const cause_names[] = {
    [CAUSE_SITE_GROWTH] = "site_growth",
    [CAUSE_SITE_SPIKE] = "site_spike",
    [CAUSE_ALLOCATOR_SLACK] = "allocator_slack",
    [CAUSE_SIBLING] = "sibling",
    [CAUSE_CHILD] = "child",
    [CAUSE_PAGE_CACHE] = "page_cache",
    [CAUSE_SHARED_MEMORY] = "shared_memory",
    [CAUSE_KERNEL_MEMORY] = "kernel_memory",
    [CAUSE_HOST_MEMORY] = "host_memory",
    [CAUSE_SWAP_EXHAUSTED] = "swap_exhausted",
    [CAUSE_ALLOCATION_REFUSED] = "allocation_refused",
    [CAUSE_NOT_MEMORY] = "not_memory",
    [CAUSE_NONE] = "none",
    [CAUSE_UNKNOWN] = "unknown",
};

static const char *const oom_kill_names[] = {
    [OOM_KILL_CONFIRMED] = "confirmed",
    [OOM_KILL_LIKELY] = "likely",
    [OOM_KILL_NO] = "no",
    [OOM_KILL_UNKNOWN] = "unknown",
};

const char *verdict_cause_name(enum verdict_cause cause)
{
    return cause_names[cause];
}

const char *verdict_oom_kill_name(enum verdict_oom_kill oom_kill)
{
    return oom_kill_names[oom_kill];
}

uint64_t verdict_resident_bytes(const struct profile *profile)
{
    uint64_t rss = known_bytes(profile->state.rss_bytes);

    return rss ? rss : known_bytes(profile->state.anon_bytes);
}

__attribute__((format(printf, 2, 3))) static void say(struct verdict *verdict, const char *format, ...)
{
    va_list arguments;

    if (verdict->evidence_count == VERDICT_MAX_EVIDENCE)
        return;
    va_start(arguments, format);
    vsnprintf(verdict->evidence[verdict->evidence_count++], sizeof(verdict->evidence[0]), format, arguments);
    va_end(arguments);
}

/* ---- did the OOM killer do it? ---- */

static bool counter_rose(const struct profile *profile)
{
    for (size_t i = 0; i < profile->level_count; i++) {
        const struct lw_level *level = &profile->levels[i].record;
        if (level->oom_kills != LW_UNKNOWN && level->oom_kills_start != LW_UNKNOWN &&
            level->oom_kills > level->oom_kills_start)
            return true;
    }
    return false;
}

/* What the own cgroup's counter says today, against when the journal was made. */
static enum verdict_oom_kill counter_today(const struct profile *profile)
{
    if (profile->oom_kills_now == LW_UNKNOWN || profile->level_count == 0 ||
        profile->levels[0].record.oom_kills_start == LW_UNKNOWN)
        return OOM_KILL_UNKNOWN;
    uint64_t others = profile->levels[0].record.oom_kills_start + culprit_kills(profile); /* those were not for us */
    return profile->oom_kills_now > others ? OOM_KILL_CONFIRMED : OOM_KILL_NO;
}

static enum verdict_oom_kill judge_unseen_death(const struct profile *profile, const struct evidence *evidence)
{
    enum verdict_oom_kill today = counter_today(profile);

    if (today != OOM_KILL_UNKNOWN)
        return today;
    if (counter_rose(profile))
        return evidence->near_end ? OOM_KILL_CONFIRMED : OOM_KILL_LIKELY;
    if (evidence->near_end)
        return OOM_KILL_LIKELY;
    return evidence->far_from_end ? OOM_KILL_NO : OOM_KILL_UNKNOWN;
}

static enum verdict_oom_kill judge_oom_kill(const struct profile *profile, const struct evidence *evidence)
{
    bool killed = profile->end == PROFILE_SIGNALLED && profile->signal == SIGKILL;

    if (profile->end != PROFILE_GONE && !killed)
        return OOM_KILL_NO;
    if (profile->kernel_says[0])
        return OOM_KILL_CONFIRMED;
    if (!profile->has_outcome)
        return judge_unseen_death(profile, evidence);
    if (profile->outcome.oom_kill == 1)
        return OOM_KILL_CONFIRMED;
    if (profile->outcome.oom_kill == 2)
        return OOM_KILL_NO;
    return judge_unseen_death(profile, evidence);
}

/* ---- whose memory was it? ---- */

/* The level is full, and it was not this process: which kind of memory is the rest? */
static enum verdict_cause judge_others(const struct profile *profile, const struct evidence *evidence,
                                       struct verdict *verdict)
{
    const struct lw_level *level = &profile->binding->record;
    const struct culprit *culprit = &verdict->culprit;
    uint64_t half = evidence->other_bytes / 2;
    uint64_t own_shmem = known_bytes(profile->state.shmem_bytes), shmem = known_bytes(level->shmem_bytes);

    if (shmem > own_shmem && shmem - own_shmem > half)
        return CAUSE_SHARED_MEMORY;
    if (level->kind == LW_LEVEL_HOST)
        return CAUSE_HOST_MEMORY;
    bool grew = evidence->level_growth_bytes > 0 && (int64_t)culprit->grown_bytes > evidence->level_growth_bytes / 2;
    if (culprit->name && (culprit->held_bytes > half || grew))
        return culprit->child ? CAUSE_CHILD : CAUSE_SIBLING;
    if (known_bytes(level->kernel_bytes) > half)
        return CAUSE_KERNEL_MEMORY;
    uint64_t file = known_bytes(level->file_bytes), reclaimable = known_bytes(level->reclaimable_bytes);
    if (file > shmem + reclaimable && file - shmem - reclaimable > half)
        return CAUSE_PAGE_CACHE;
    return CAUSE_SIBLING;
}

/* Of the level that binds, or of the machine where that is less or the level has none of its own; 0: no swap. */
static uint64_t swap_limit_bytes(const struct profile *profile)
{
    uint64_t least = profile->binding->record.swap_limit_bytes, host = 0;

    for (size_t i = 0; i < profile->level_count; i++)
        if (profile->levels[i].record.kind == LW_LEVEL_HOST)
            host = profile->levels[i].record.swap_limit_bytes;
    return host != LW_UNKNOWN && (least == LW_UNKNOWN || (host > 0 && host < least)) ? host : least;
}

/* Of the level that binds, or of the machine: whichever is short of swap. */
static bool swap_is_full(const struct profile *profile)
{
    const struct lw_level *level = &profile->binding->record;
    uint64_t limit = swap_limit_bytes(profile), used = known_bytes(level->swap_used_bytes);

    for (size_t i = 0; i < profile->level_count; i++)
        if (profile->levels[i].record.kind == LW_LEVEL_HOST && limit == profile->levels[i].record.swap_limit_bytes)
            used = known_bytes(profile->levels[i].record.swap_used_bytes);
    return limit != LW_UNKNOWN && limit > 0 && used >= limit / 10 * 9 && used > level_pressing_bytes(level) / 10;
}

static bool thrashing(const struct profile *profile)
{
    struct warning warning;

    warning_find(profile, &warning);
    return warning.thrashing;
}

/* File pages that are mapped here and cannot be taken away: locked, or dirty and slow to write. */
static bool holds_file_pages(const struct profile *profile, uint64_t resident)
{
    const struct lw_level *level = profile->binding ? &profile->binding->record : NULL;
    uint64_t own = known_bytes(profile->state.file_bytes);

    return level && own > resident / 2 && level_pressing_bytes(level) > known_bytes(level->anon_bytes) + resident / 2;
}

static enum verdict_cause judge_own(const struct profile *profile, const struct evidence *evidence,
                                    const struct verdict *verdict)
{
    uint64_t resident = verdict_resident_bytes(profile);
    uint64_t top = verdict->line ? verdict->line->resident_bytes : 0;

    if (profile->binding && swap_is_full(profile))
        return CAUSE_SWAP_EXHAUSTED;
    if (holds_file_pages(profile, resident))
        return CAUSE_PAGE_CACHE;
    if (known_bytes(profile->state.shmem_bytes) > resident / 2 || (verdict->line && verdict->line->shared))
        return CAUSE_SHARED_MEMORY;
    if (evidence->slack_bytes > top && evidence->slack_bytes > resident / 4)
        return CAUSE_ALLOCATOR_SLACK;
    if (verdict->line_share < 0.05)
        return CAUSE_UNKNOWN;
    return evidence->spike ? CAUSE_SITE_SPIKE : CAUSE_SITE_GROWTH;
}

/*
 * The library looked around and saw nobody who could hold what is not ours. Readings of one moment are some
 * milliseconds apart, and at full speed, or with pages on their way to swap, they do not add up.
 */
static bool is_alone(const struct profile *profile, const struct evidence *evidence)
{
    uint64_t held = 0;

    for (size_t i = 0; i < profile->neighbour_count; i++)
        held += profile->neighbours[i].held_bytes;
    return journal_count(profile->journal, LW_SECTION_NEIGHBOURS) > 0 && held < evidence->other_bytes / 4;
}

static enum verdict_cause judge_memory(const struct profile *profile, const struct evidence *evidence,
                                       struct verdict *verdict)
{
    if (!profile->has_state)
        return CAUSE_UNKNOWN;
    if (profile->binding && !(profile->binding->record.flags & LW_LEVEL_KILLS))
        return CAUSE_ALLOCATION_REFUSED;
    bool small = profile->binding && evidence->own_bytes < evidence->pressing_bytes / 2;
    bool grew_less = evidence->level_growth_bytes <= 0 || evidence->own_growth_bytes < evidence->level_growth_bytes / 2;
    /* Large, but steady: what others added is a telling part. */
    bool steady = evidence->other_bytes > evidence->pressing_bytes / 4 &&
                  evidence->level_growth_bytes > (int64_t)(evidence->pressing_bytes / 8);
    if ((small || steady) && grew_less && profile->binding && profile->binding->record.kind != LW_LEVEL_USER) {
        enum verdict_cause cause = judge_others(profile, evidence, verdict);
        if (cause != CAUSE_SIBLING || !is_alone(profile, evidence))
            return cause;
    }
    return judge_own(profile, evidence, verdict);
}

/* It ended by itself, but the OOM killer took another process of the job meanwhile. */
static bool outlived(const struct verdict *verdict)
{
    const struct culprit *culprit = &verdict->culprit;
    bool gave_way = culprit->journal && culprit->journal->end == PROFILE_CONTROLLED;

    return culprit->name && (culprit->killed || gave_way);
}

static enum verdict_cause judge_exited(const struct profile *profile, struct verdict *verdict)
{
    bool refused = profile->state.refused_count > 0, failed = profile->exit_code != 0;

    verdict->outlived = outlived(verdict) && !(failed && refused);
    verdict->by_memory = failed && (refused || verdict->outlived);
    if (verdict->outlived)
        return verdict->culprit.child ? CAUSE_CHILD : CAUSE_SIBLING;
    return !failed ? CAUSE_NONE : refused ? CAUSE_ALLOCATION_REFUSED : CAUSE_NOT_MEMORY;
}

/* action=signal: the program was asked to end before the kill, and did. */
static bool was_told(const struct profile *profile)
{
    const struct lw_state *state = &profile->state;

    return profile->has_state && state->action == LW_ACTION_SIGNAL && state->action_ns > state->spared_ns;
}

static enum verdict_cause judge_cause(const struct profile *profile, const struct evidence *evidence,
                                      struct verdict *verdict)
{
    bool refused = profile->state.refused_count > 0;

    switch (profile->end) {
    case PROFILE_EXECED:
        return CAUSE_NONE;
    case PROFILE_LIVE:
        verdict->by_memory = profile->state.stage >= LW_STAGE_WARN;
        return verdict->by_memory ? judge_memory(profile, evidence, verdict) : CAUSE_NONE;
    case PROFILE_EXITED:
        if (!was_told(profile))
            return judge_exited(profile, verdict);
        verdict->by_memory = true;
        return judge_memory(profile, evidence, verdict);
    case PROFILE_CONTROLLED:
        verdict->by_memory = true;
        return judge_memory(profile, evidence, verdict);
    default:
        break;
    }
    verdict->by_memory = verdict->oom_kill == OOM_KILL_CONFIRMED || verdict->oom_kill == OOM_KILL_LIKELY;
    if (verdict->by_memory)
        return judge_memory(profile, evidence, verdict);
    verdict->outlived = verdict->oom_kill == OOM_KILL_NO && profile->signal != SIGKILL && outlived(verdict);
    if (verdict->outlived)
        return verdict->culprit.child ? CAUSE_CHILD : CAUSE_SIBLING;
    if (refused && profile->signal != SIGKILL && !(profile->end == PROFILE_GONE && evidence->far_from_end))
        return CAUSE_ALLOCATION_REFUSED;
    return verdict->oom_kill == OOM_KILL_NO ? CAUSE_NOT_MEMORY : CAUSE_UNKNOWN;
}

/* ---- in words ---- */

static void sentence_site(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    const struct line *line = verdict->line;
    const struct site *site = line->sites[0];
    const char *how = verdict->cause == CAUSE_SITE_SPIKE ? "came at once" : "grew";
    double share = 100 * verdict->line_share;

    if (line->growth_run_bytes_per_s <= 0 && verdict->cause == CAUSE_SITE_GROWTH)
        how = "is held";
    if (verdict->line_share >= 0.2)
        snprintf(verdict->sentence, sizeof(verdict->sentence), "one %s: %.0f %% of all resident memory %s at %s%s",
                 line->site_count == 1 ? "site" : "line", share, how, label_place(line->frame).text,
                 label_callee(&site->stack).text);
    else
        snprintf(verdict->sentence, sizeof(verdict->sentence),
                 "many sites: the largest, %s, holds %.0f %% of all resident memory", label_place(line->frame).text,
                 share);
    if (verdict->cause == CAUSE_SITE_SPIKE)
        say(verdict, "60 %% of the growth of %s came within %s of %s", size_prose(evidence->grown_bytes).text,
            size_duration(evidence->window_ns / 1000000).text, size_duration(evidence->grown_ns / 1000000).text);
}

/* "growth (pid 4712), which held 96 MiB and had grown by 90 MiB": at most `size` bytes. */
static void describe(const struct culprit *culprit, char *out, size_t size)
{
    char grown[96] = "";

    if (culprit->grown_bytes > 0)
        snprintf(grown, sizeof(grown), ", %s more than when it was seen first", size_prose(culprit->grown_bytes).text);
    snprintf(out, size, "%.60s, pid %u, %s%s", culprit->name, culprit->pid, size_prose(culprit->held_bytes).text,
             grown);
}

/* Other processes took it: which, or the largest of them. */
static void sentence_processes(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    static const char *const whose[] = {
        [CAUSE_SIBLING] = "other processes of the same cgroup",
        [CAUSE_CHILD] = "a child of this process",
        [CAUSE_HOST_MEMORY] = "other processes of this machine",
    };
    enum verdict_cause cause = verdict->cause;
    bool one = verdict->culprit.name && verdict->culprit.held_bytes > evidence->other_bytes / 2;
    char name[320] = "", who[240];

    if (verdict->culprit.name) {
        describe(&verdict->culprit, who, sizeof(who));
        snprintf(name, sizeof(name), one || cause == CAUSE_CHILD ? " (%s)" : ", most of all %s", who);
    }
    snprintf(verdict->sentence, sizeof(verdict->sentence),
             "not this process: %s of %s at %s belong to %s%s; this process holds %s and grew by %s",
             size_prose(evidence->other_bytes).text, size_prose(evidence->pressing_bytes).text, profile->binding->path,
             cause == CAUSE_SIBLING && one ? "another process of the same cgroup" : whose[cause], name,
             size_prose(evidence->own_bytes).text,
             size_prose(evidence->own_growth_bytes > 0 ? (uint64_t)evidence->own_growth_bytes : 0).text);
}

/* A file that is open here and has about the size of the cgroup's shared memory is worth a look. */
static const struct input *likely_file(const struct profile *profile, uint64_t shmem)
{
    for (size_t i = 0; i < profile->input_count; i++)
        if (profile->inputs[i].size_bytes > shmem / 2 && profile->inputs[i].size_bytes < shmem + shmem / 8)
            return &profile->inputs[i];
    return NULL;
}

/* Memory that is charged to the cgroup without being anybody's own. */
static void sentence_charged(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    static const char *const what[] = {
        [CAUSE_PAGE_CACHE] = "page cache that could not be written back in time",
        [CAUSE_SHARED_MEMORY] = "shared memory or tmpfs files",
        [CAUSE_KERNEL_MEMORY] = "kernel memory (pipes, sockets, slab, page tables)",
    };
    const struct lw_level *level = &profile->binding->record;
    const struct input *file =
        verdict->cause == CAUSE_SHARED_MEMORY ? likely_file(profile, known_bytes(level->shmem_bytes)) : NULL;
    uint64_t bytes = verdict->cause == CAUSE_SHARED_MEMORY   ? known_bytes(level->shmem_bytes)
                     : verdict->cause == CAUSE_KERNEL_MEMORY ? known_bytes(level->kernel_bytes)
                                                             : known_bytes(level->file_bytes);
    char name[400] = "";

    if (file)
        snprintf(name, sizeof(name), ", probably %.300s (%s), which is open here", file->path,
                 size_prose(file->size_bytes).text);
    snprintf(verdict->sentence, sizeof(verdict->sentence),
             "%s of %s at %s are %s%s; this process itself holds %s and grew by %s", size_prose(bytes).text,
             size_prose(evidence->pressing_bytes).text, profile->binding->path, what[verdict->cause], name,
             size_prose(evidence->own_bytes).text,
             size_prose(evidence->own_growth_bytes > 0 ? (uint64_t)evidence->own_growth_bytes : 0).text);
}

/* Of a process that outlived the incident: the present numbers say nothing about it. */
static void sentence_outlived(const struct profile *profile, struct verdict *verdict)
{
    const struct culprit *culprit = &verdict->culprit;
    char who[240];

    describe(culprit, who, sizeof(who));
    snprintf(verdict->sentence, sizeof(verdict->sentence), "not this process: %s (%s) %s; this process holds %s",
             culprit->child ? "a child" : "another process", who,
             culprit->killed ? "was taken by the OOM killer" : "was ended by lastwords before the OOM killer came",
             size_prose(verdict_resident_bytes(profile)).text);
}

static void sentence_end(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    char *out = verdict->sentence;
    size_t size = sizeof(verdict->sentence);
    char room[96] = "";

    if (profile->binding)
        snprintf(room, sizeof(room), "; headroom was %s", size_prose(profile->state.headroom_bytes).text);
    if (verdict->cause == CAUSE_NONE && profile->end == PROFILE_LIVE)
        snprintf(out, size, "nothing to report: far enough from every limit");
    else if (verdict->cause == CAUSE_NONE)
        snprintf(out, size, "none: it ended well");
    else if (verdict->cause == CAUSE_UNKNOWN && profile->end == PROFILE_GONE)
        snprintf(out, size, "unknown: nobody saw how it ended%s", room);
    else if (verdict->cause == CAUSE_UNKNOWN && no_site_sentence(profile, out, size))
        return;
    else if (verdict->cause == CAUSE_UNKNOWN)
        snprintf(out, size, "unknown: no call site holds a telling part of the memory");
    else if (profile->end == PROFILE_EXITED)
        snprintf(out, size, "not memory: it ended by itself with exit code %d%s", profile->exit_code, room);
    else if (profile->end == PROFILE_SIGNALLED && profile->signal == SIGKILL && profile->outcome.oom_kill == 2)
        snprintf(out, size, "not memory: somebody sent SIGKILL, the OOM killer's counter stood still%s", room);
    else if (profile->end == PROFILE_SIGNALLED)
        snprintf(out, size, "not memory: it ended by signal %d (%s)%s", profile->signal, strsignal(profile->signal),
                 room);
    else
        snprintf(out, size, "not memory: it ended far from every limit%s", room);
}

/* The largest request that failed, with whose it was. */
static const struct event *largest_refusal(const struct profile *profile, const struct site **site)
{
    const struct event *largest = NULL;

    *site = NULL;
    for (size_t i = 0; i < profile->event_count; i++)
        if (strcmp(profile->events[i].kind, "refused") == 0 && (!largest || profile->events[i].a > largest->a))
            largest = &profile->events[i];
    for (size_t i = 0; largest && largest->site != 0 && i < profile->site_count; i++)
        if (profile->sites[i].id == largest->site)
            *site = &profile->sites[i];
    return largest;
}

/* Where it did not fit: a limit at which allocations fail comes before those that kill. */
static const struct level *refusing_level(const struct profile *profile, const struct event *event)
{
    for (size_t i = 0; event && i < profile->level_count; i++) {
        const struct lw_level *level = &profile->levels[i].record;
        if (!(level->flags & LW_LEVEL_KILLS) && level->limit_bytes != LW_UNLIMITED &&
            level->used_bytes + (uint64_t)event->a > level->limit_bytes)
            return &profile->levels[i];
    }
    return profile->binding;
}

static void sentence_refused(const struct profile *profile, char *out, size_t size)
{
    const struct site *site;
    const struct event *event = largest_refusal(profile, &site);
    char place[960] = "", limit[320] = "";

    if (site && site->stack.user)
        snprintf(place, sizeof(place), " at %s%s", label_place(site->stack.user).text, label_callee(&site->stack).text);
    const struct level *level = refusing_level(profile, event);
    if (level)
        snprintf(limit, sizeof(limit), "; the limit is %s", level->path);
    if (level && level != profile->binding)
        snprintf(limit, sizeof(limit), "; %s is %s, %s in use", level->path, size_prose(level->record.limit_bytes).text,
                 size_prose(known_bytes(level->record.used_bytes)).text);
    if (!event || profile->state.refused_count > 1)
        snprintf(out, size, "allocations were refused: %llu times, the largest %s%.200s%.160s",
                 (unsigned long long)profile->state.refused_count, size_prose(profile->state.refused_bytes).text, place,
                 limit);
    else
        snprintf(out, size, "an allocation of %s was refused%.200s%.160s", size_prose((uint64_t)event->a).text, place,
                 limit);
}

static void sentence_own(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    char *out = verdict->sentence;
    size_t size = sizeof(verdict->sentence);

    switch (verdict->cause) {
    case CAUSE_ALLOCATOR_SLACK:
        snprintf(out, size, "allocator slack: %s of %s resident were given back by the program, but are kept by malloc",
                 size_prose(evidence->slack_bytes).text, size_prose(verdict_resident_bytes(profile)).text);
        break;
    case CAUSE_SHARED_MEMORY:
        snprintf(out, size, "shared memory of this process: %s of %s resident%s%s",
                 size_prose(known_bytes(profile->state.shmem_bytes)).text,
                 size_prose(verdict_resident_bytes(profile)).text, verdict->line ? ", most of it at " : "",
                 verdict->line ? label_place(verdict->line->frame).text : "");
        break;
    case CAUSE_PAGE_CACHE:
        snprintf(out, size, "page cache of files that this process maps: %s of %s resident cannot be taken away%s%s",
                 size_prose(known_bytes(profile->state.file_bytes)).text,
                 size_prose(verdict_resident_bytes(profile)).text, verdict->line ? ", most of it mapped at " : "",
                 verdict->line ? label_place(verdict->line->frame).text : "");
        break;
    case CAUSE_SWAP_EXHAUSTED:
        snprintf(out, size,
                 "swap is used up: %s of %s are swapped, %s of them of this process, which holds %s in RAM as well%s",
                 size_prose(known_bytes(profile->binding->record.swap_used_bytes)).text,
                 size_prose(swap_limit_bytes(profile)).text, size_prose(known_bytes(profile->state.swap_bytes)).text,
                 size_prose(verdict_resident_bytes(profile)).text, thrashing(profile) ? "; it was thrashing" : "");
        break;
    default:
        sentence_refused(profile, out, size);
        break;
    }
}

/*
 * Who writes the sentence of which cause. Shared memory and page cache have two: the process's own, or the
 * cgroup's. */
static void write_sentence(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    enum verdict_cause cause = verdict->cause;
    bool own_shared = (cause == CAUSE_SHARED_MEMORY || cause == CAUSE_PAGE_CACHE) &&
                      evidence->own_bytes >= evidence->pressing_bytes / 2;

    if (verdict->outlived)
        sentence_outlived(profile, verdict);
    else if (cause == CAUSE_SITE_GROWTH || cause == CAUSE_SITE_SPIKE)
        sentence_site(profile, evidence, verdict);
    else if (cause == CAUSE_NONE || cause == CAUSE_UNKNOWN || cause == CAUSE_NOT_MEMORY)
        sentence_end(profile, evidence, verdict);
    else if (cause == CAUSE_ALLOCATOR_SLACK || cause == CAUSE_SWAP_EXHAUSTED || cause == CAUSE_ALLOCATION_REFUSED ||
             own_shared)
        sentence_own(profile, evidence, verdict);
    else if (cause == CAUSE_SIBLING || cause == CAUSE_CHILD || cause == CAUSE_HOST_MEMORY)
        sentence_processes(profile, evidence, verdict);
    else
        sentence_charged(profile, evidence, verdict);
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
    if (profile->state.spared_ns > 0)
        say(verdict, "action=abort was not taken here: the kernel would have killed another process first");
}

static void write_evidence(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    const struct lw_state *state = &profile->state;
    const struct level *binding = profile->binding;

    if (profile->has_outcome && profile->outcome.oom_kill == 1)
        say(verdict, "the OOM killer's counter rose from %llu to %llu (%s)",
            (unsigned long long)profile->outcome.oom_kills_before, (unsigned long long)profile->outcome.oom_kills_after,
            profile->outcome_source);
    else if (profile->has_outcome && profile->outcome.oom_kill == 2)
        say(verdict, "the OOM killer's counter stood still");
    else if (counter_today(profile) == OOM_KILL_CONFIRMED)
        say(verdict, "the OOM killer's counter of %s has risen since the journal was made", profile->levels[0].path);
    if (profile->kernel_says[0])
        say(verdict, "%s", profile->kernel_says);
    if (binding && binding->record.limit_bytes > 0)
        say(verdict, "headroom %s: %s of %s (%.1f %%) at %s",
            profile->of_moment ? "when the report was written" : "at the last sign of life",
            size_prose(state->headroom_bytes).text, size_prose(binding->record.limit_bytes).text,
            100.0 * (double)state->headroom_bytes / (double)binding->record.limit_bytes, binding->path);
    if (evidence->grown_bytes > 0 && evidence->grown_ns > 0)
        say(verdict, "resident memory grew from %s to %s in %s", size_prose(evidence->first_rss_bytes).text,
            size_prose(evidence->last_rss_bytes).text, size_duration(evidence->grown_ns / 1000000).text);
    if (verdict->line && verdict->line->resident_bytes > 0)
        say(verdict, "%s holds %s of %s resident, growing by %s", label_place(verdict->line->frame).text,
            size_prose(verdict->line->resident_bytes).text, size_prose(verdict_resident_bytes(profile)).text,
            size_rate(verdict->line->growth_bytes_per_s).text);
    say_warning(profile, verdict);
    say_neighbours(profile, verdict);
    if (state->refused_count > 0)
        say(verdict, "%llu allocations were refused, the largest %s", (unsigned long long)state->refused_count,
            size_prose(state->refused_bytes).text);
}

/* How sure: what is known of the end, times what is known of the cause. */
static double weigh_confidence(const struct evidence *evidence, const struct verdict *verdict)
{
    static const double of_end[] = {
        [OOM_KILL_CONFIRMED] = 1, [OOM_KILL_LIKELY] = 0.8, [OOM_KILL_NO] = 0.95, [OOM_KILL_UNKNOWN] = 0.5};
    double others = evidence->pressing_bytes ? (double)evidence->other_bytes / (double)evidence->pressing_bytes : 0;
    double cause = 0.9;

    if (verdict->cause == CAUSE_UNKNOWN)
        return 0;
    if (verdict->cause == CAUSE_SITE_GROWTH || verdict->cause == CAUSE_SITE_SPIKE)
        cause = verdict->line_share >= 0.5 ? 0.95 : verdict->line_share >= 0.25 ? 0.8 : 0.5;
    if (verdict->cause == CAUSE_SIBLING && !verdict->culprit.name)
        cause = others >= 0.75 ? 0.9 : 0.7;
    return (int)(100 * of_end[verdict->oom_kill] * cause + 0.5) / 100.0;
}

void verdict_decide(const struct profile *profile, const struct profile *const *peers, size_t peer_count,
                    struct verdict *verdict)
{
    struct evidence evidence;
    uint64_t resident = verdict_resident_bytes(profile);

    memset(verdict, 0, sizeof(*verdict));
    evidence_weigh(profile, &evidence);
    verdict->line = profile->line_count > 0 ? &profile->lines[0] : NULL;
    if (verdict->line && resident > 0)
        verdict->line_share = (double)verdict->line->resident_bytes / (double)resident;
    if (verdict->line_share > 1)
        verdict->line_share = 1;
    verdict->grown_bytes = evidence.grown_bytes;
    verdict->window_ns = evidence.window_ns;
    culprit_find(profile, peers, peer_count, &verdict->culprit);
    verdict->oom_kill = judge_oom_kill(profile, &evidence);
    verdict->cause = judge_cause(profile, &evidence, verdict);
    verdict->confidence = weigh_confidence(&evidence, verdict);
    write_sentence(profile, &evidence, verdict);
    write_evidence(profile, &evidence, verdict);
}

void verdict_title(const struct profile *profile, const struct verdict *verdict, char *out, size_t size)
{
    bool sure = verdict->oom_kill == OOM_KILL_CONFIRMED, likely = verdict->oom_kill == OOM_KILL_LIKELY;

    switch (profile->end) {
    case PROFILE_LIVE:
        snprintf(out, size, verdict->by_memory ? "is running, and close to its limit" : "is running");
        return;
    case PROFILE_EXECED:
        snprintf(out, size, "replaced itself by another program");
        return;
    case PROFILE_CONTROLLED:
        snprintf(out, size, "%s",
                 profile->binding && profile->binding->record.kind == LW_LEVEL_USER
                     ? "reached the limit that it was given, and was ended"
                     : "was about to be OOM-killed");
        return;
    case PROFILE_EXITED:
        if (was_told(profile))
            snprintf(out, size, "was told to end before the OOM kill, and ended with exit code %d", profile->exit_code);
        else if (profile->exit_code == 0)
            snprintf(out, size, "ended well");
        else if (verdict->cause == CAUSE_ALLOCATION_REFUSED)
            snprintf(out, size, "was refused memory and ended with exit code %d", profile->exit_code);
        else
            snprintf(out, size, "ended with exit code %d", profile->exit_code);
        return;
    default:
        break;
    }
    if (sure || likely)
        snprintf(out, size, sure ? "was OOM-killed" : "was probably OOM-killed");
    else if (profile->end == PROFILE_SIGNALLED && profile->signal == SIGKILL)
        snprintf(out, size,
                 verdict->oom_kill == OOM_KILL_NO ? "was killed by SIGKILL, and not for memory"
                                                  : "was killed by SIGKILL");
    else if (profile->end == PROFILE_SIGNALLED)
        snprintf(out, size, "was ended by signal %d (%s)", profile->signal, strsignal(profile->signal));
    else
        snprintf(out, size, verdict->oom_kill == OOM_KILL_NO ? "died, and not for memory" : "died, nobody saw how");
}
