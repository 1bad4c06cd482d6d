/* SPDX-License-Identifier: MIT */
#include "judgement/sentence.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "judgement/cause.h"
#include "judgement/no_site.h"
#include "judgement/warning.h"
#include "profile/labels.h"
#include "sources/sizes.h"

__attribute__((format(printf, 2, 3))) static void say(struct verdict *verdict, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(verdict->sentence, sizeof(verdict->sentence), format, arguments);
    va_end(arguments);
}

static void of_site(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    const struct line *line = verdict->line;
    const char *how = verdict->cause == CAUSE_SITE_SPIKE ? "came at once" : "grew";
    double share = 100 * verdict->line_share;

    if (verdict->of_stacks) {
        no_site_sentence(profile, verdict->sentence, sizeof(verdict->sentence));
        return;
    }
    if (line->growth_run_bytes_per_s <= 0 && verdict->cause == CAUSE_SITE_GROWTH)
        how = "is held";
    if (verdict->line_share >= 0.2)
        say(verdict, "one %s: %.0f %% of all resident memory %s at %s%s", line->site_count == 1 ? "site" : "line",
            share, how, label_place(line->frame).text, label_callee(&line->sites[0]->stack).text);
    else
        say(verdict, "many sites: the largest, %s, holds %.0f %% of all resident memory", label_place(line->frame).text,
            share);
}

/* "growth, pid 4712, 96 MiB, 90 MiB more than when it was seen first": at most `size` bytes. */
static void describe(const struct culprit *culprit, char *out, size_t size)
{
    char grown[96] = "";

    if (culprit->grown_bytes > 0)
        snprintf(grown, sizeof(grown), ", %s more than when it was seen first", size_prose(culprit->grown_bytes).text);
    snprintf(out, size, "%.60s, pid %u, %s%s", culprit->name, culprit->pid, size_prose(culprit->held_bytes).text,
             grown);
}

/* Other processes took it: which, or the largest of them. */
static void of_processes(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
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
    say(verdict, "not this process: %s of %s at %s belong to %s%s; this process holds %s and grew by %s",
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
static void of_charged(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
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
    say(verdict, "%s of %s at %s are %s%s; this process itself holds %s and grew by %s", size_prose(bytes).text,
        size_prose(evidence->pressing_bytes).text, profile->binding->path, what[verdict->cause], name,
        size_prose(evidence->own_bytes).text,
        size_prose(evidence->own_growth_bytes > 0 ? (uint64_t)evidence->own_growth_bytes : 0).text);
}

/* Of a process that outlived the incident: the present numbers say nothing about it. */
static void of_outlived(const struct profile *profile, struct verdict *verdict)
{
    const struct culprit *culprit = &verdict->culprit;
    char who[240];

    describe(culprit, who, sizeof(who));
    say(verdict, "not this process: %s (%s) %s; this process holds %s", culprit->child ? "a child" : "another process",
        who, culprit->killed ? "was taken by the OOM killer" : "was ended by lastwords before the OOM killer came",
        size_prose(profile_resident_bytes(profile)).text);
}

static void of_none(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    say(verdict,
        profile->end == PROFILE_LIVE ? "nothing to report: far enough from every limit" : "none: it ended well");
}

/* "; headroom was 12 MiB", or "" without a limit. */
struct room {
    char text[96];
};

static struct room room_left(const struct profile *profile)
{
    struct room room = {""};

    if (profile->binding)
        snprintf(room.text, sizeof(room.text), "; headroom was %s", size_prose(profile->state.headroom_bytes).text);
    return room;
}

static void of_unknown(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    if (profile->end == PROFILE_GONE && !verdict->by_memory)
        say(verdict, "unknown: nobody saw how it ended%s", room_left(profile).text);
    else if (!no_site_sentence(profile, verdict->sentence, sizeof(verdict->sentence)))
        say(verdict, "unknown: no call site holds a telling part of the memory");
}

static void of_other_end(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    struct room room = room_left(profile);

    if (profile->end == PROFILE_EXITED)
        say(verdict, "not memory: it ended by itself with exit code %d%s", profile->exit_code, room.text);
    else if (profile->end == PROFILE_SIGNALLED && profile->signal == SIGKILL && profile->outcome.oom_kill == 2)
        say(verdict, "not memory: somebody sent SIGKILL, the OOM killer's counter stood still%s", room.text);
    else if (profile->end == PROFILE_SIGNALLED)
        say(verdict, "not memory: it ended by signal %d (%s)%s", profile->signal, strsignal(profile->signal),
            room.text);
    else if (evidence->far_from_end)
        say(verdict, "not memory: it ended far from every limit%s", room.text);
    else
        say(verdict, "not memory: nobody saw how it ended, but the OOM killer's counter stood still%s", room.text);
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
            saturating_sum(known_bytes(level->used_bytes), (uint64_t)event->a) > level->limit_bytes)
            return &profile->levels[i];
    }
    return profile->binding;
}

static void of_refusal(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    const struct site *site;
    const struct event *event = largest_refusal(profile, &site);
    const struct level *level = refusing_level(profile, event);
    char place[960] = "", limit[320] = "";

    if (site && site->stack.user)
        snprintf(place, sizeof(place), " at %s%s", label_place(site->stack.user).text, label_callee(&site->stack).text);
    if (level && level == profile->binding)
        snprintf(limit, sizeof(limit), "; the limit is %s", level->path);
    else if (level)
        snprintf(limit, sizeof(limit), "; %s is %s, %s in use", level->path, size_prose(level->record.limit_bytes).text,
                 size_prose(known_bytes(level->record.used_bytes)).text);
    if (!event || profile->state.refused_count > 1)
        say(verdict, "allocations were refused: %llu times, the largest %s%.200s%.160s",
            (unsigned long long)profile->state.refused_count, size_prose(profile->state.refused_bytes).text, place,
            limit);
    else
        say(verdict, "an allocation of %s was refused%.200s%.160s", size_prose((uint64_t)event->a).text, place, limit);
}

static void of_slack(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    say(verdict, "allocator slack: %s of %s resident were given back by the program, but are kept by malloc",
        size_prose(evidence->slack_bytes).text, size_prose(profile_resident_bytes(profile)).text);
}

static void of_swap(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    struct warning warning;

    warning_find(profile, &warning);
    say(verdict, "swap is used up: %s of %s are swapped, %s of them of this process, which holds %s in RAM as well%s",
        size_prose(known_bytes(profile->binding->record.swap_used_bytes)).text,
        size_prose(cause_swap_limit_bytes(profile)).text, size_prose(known_bytes(profile->state.swap_bytes)).text,
        size_prose(profile_resident_bytes(profile)).text, warning.thrashing ? "; it was thrashing" : "");
}

/* The process's own, or the cgroup's. */
static bool is_own(const struct evidence *evidence)
{
    return evidence->own_bytes >= evidence->pressing_bytes / 2;
}

static void of_shared_memory(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    if (!is_own(evidence)) {
        of_charged(profile, evidence, verdict);
        return;
    }
    say(verdict, "shared memory of this process: %s of %s resident%s%s",
        size_prose(known_bytes(profile->state.shmem_bytes)).text, size_prose(profile_resident_bytes(profile)).text,
        verdict->line ? ", most of it at " : "", verdict->line ? label_place(verdict->line->frame).text : "");
}

static void of_page_cache(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    if (!is_own(evidence)) {
        of_charged(profile, evidence, verdict);
        return;
    }
    say(verdict, "page cache of files that this process maps: %s of %s resident cannot be taken away%s%s",
        size_prose(known_bytes(profile->state.file_bytes)).text, size_prose(profile_resident_bytes(profile)).text,
        verdict->line ? ", most of it mapped at " : "", verdict->line ? label_place(verdict->line->frame).text : "");
}

void sentence_write(const struct profile *profile, const struct evidence *evidence, struct verdict *verdict)
{
    static void (*const writers[])(const struct profile *profile, const struct evidence *evidence,
                                   struct verdict *verdict) = {
        [CAUSE_SITE_GROWTH] = of_site,
        [CAUSE_SITE_SPIKE] = of_site,
        [CAUSE_ALLOCATOR_SLACK] = of_slack,
        [CAUSE_SIBLING] = of_processes,
        [CAUSE_CHILD] = of_processes,
        [CAUSE_PAGE_CACHE] = of_page_cache,
        [CAUSE_SHARED_MEMORY] = of_shared_memory,
        [CAUSE_KERNEL_MEMORY] = of_charged,
        [CAUSE_HOST_MEMORY] = of_processes,
        [CAUSE_SWAP_EXHAUSTED] = of_swap,
        [CAUSE_ALLOCATION_REFUSED] = of_refusal,
        [CAUSE_NOT_MEMORY] = of_other_end,
        [CAUSE_NONE] = of_none,
        [CAUSE_UNKNOWN] = of_unknown,
    };

    if (verdict->outlived)
        of_outlived(profile, verdict);
    else
        writers[verdict->cause](profile, evidence, verdict);
}
