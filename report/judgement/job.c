/* SPDX-License-Identifier: MIT */
#include "judgement/job.h"

#include <stdlib.h>
#include <string.h>

#include "profile/lines.h"
#include "sources/sizes.h"

#define SILENCE_NS  UINT64_C(5000000000) /* a calm process gives no sign of life for so long */
#define GROWTH_PART 60                   /* percent, as in evidence */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Of the same machine and boot. */
static bool neighbours(const struct profile *a, const struct profile *b)
{
    return strcmp(a->identity->boot_id, b->identity->boot_id) == 0 && strcmp(a->identity->host, b->identity->host) == 0;
}

static bool saw_fork(const struct profile *parent, uint32_t pid)
{
    for (size_t i = 0; i < parent->event_count; i++)
        if (strcmp(parent->events[i].kind, "fork") == 0 && parent->events[i].a == (int64_t)pid)
            return true;
    return false;
}

/* A child that runs another program shares nothing. */
static bool forked_from(const struct profile *child, const struct profile *parent)
{
    bool related = child != parent && neighbours(child, parent) && child->identity->ppid == parent->identity->pid &&
                   parent->identity->started_realtime_ns <= child->identity->started_realtime_ns;
    bool same_program =
        strcmp(child->executable, parent->executable) == 0 && strcmp(child->command, parent->command) == 0;

    return related && (same_program ||
                       (saw_fork(parent, child->identity->pid) && strcmp(child->executable, parent->executable) == 0));
}

static bool was_present(const struct profile *profile, uint64_t moment_ns)
{
    uint64_t patience = profile->ended_ns || profile->end == PROFILE_LIVE ? 0 : SILENCE_NS;

    return profile->identity->started_realtime_ns <= moment_ns &&
           (profile->end == PROFILE_LIVE || saturating_sum(profile_ended_realtime_ns(profile), patience) >= moment_ns);
}

/*
 * What the parent held when it forked: its first sign of life from then on. What is older than the child's own records
 * may be a little more: it records only what came after its activation.
 */
static uint64_t held_at_fork(const struct profile *parent, const struct profile *child)
{
    uint64_t born_ns = child->identity->started_realtime_ns - parent->identity->started_realtime_ns;
    uint64_t file = known_bytes(parent->state.file_bytes) + known_bytes(parent->state.shmem_bytes);

    for (size_t i = 0; i < parent->tick_count; i++) {
        uint64_t rss = known_bytes(parent->ticks[i].rss_bytes);
        if (parent->ticks[i].t_ns >= born_ns)
            return rss > file ? rss - file : 0;
    }
    return known_bytes(parent->state.anon_bytes);
}

static void measure_sizes(struct job_process *process)
{
    const struct lw_state *state = &process->profile->state;
    uint64_t anon = known_bytes(state->anon_bytes);

    process->resident_bytes = profile_resident_bytes(process->profile);
    if (process->fork)
        process->inherited_bytes = least(least(process->profile->identity->activation_anon_bytes, anon),
                                         held_at_fork(process->fork, process->profile));
    uint64_t own = anon - process->inherited_bytes, recorded = least(known_bytes(state->sites_resident_bytes), anon);
    if (process->fork && recorded > own) {
        own = recorded;
        process->inherited_bytes = anon - own;
    }
    process->own_bytes = own;
}

/* The shortest run of ticks up to the peak between which GROWTH_PART of the growth lies. */
static void measure_growth(struct job_process *process, uint64_t offset_ns)
{
    const struct profile *profile = process->profile;
    const struct lw_tick *ticks = profile->ticks;
    size_t peak = 0, from = 0;

    process->peak_bytes = known_bytes(profile->state.peak_rss_bytes);
    if (profile->tick_count == 0)
        return;
    for (size_t i = 1; i < profile->tick_count; i++)
        if (known_bytes(ticks[i].rss_bytes) > known_bytes(ticks[peak].rss_bytes))
            peak = i;
    uint64_t first = known_bytes(ticks[0].rss_bytes), highest = known_bytes(ticks[peak].rss_bytes);
    process->peak_bytes = most(process->peak_bytes, highest);
    process->peak_ns = saturating_sum(offset_ns, ticks[peak].t_ns);
    process->grew_bytes = highest > first ? highest - first : 0;
    uint64_t part = process->grew_bytes / 100 * GROWTH_PART, shortest = UINT64_MAX;
    for (size_t to = 1; part > 0 && to <= peak; to++) {
        for (;
             from < to && known_bytes(ticks[to].rss_bytes) >= saturating_sum(known_bytes(ticks[from].rss_bytes), part);
             from++) {
            if (ticks[to].t_ns - ticks[from].t_ns >= shortest)
                continue;
            shortest = ticks[to].t_ns - ticks[from].t_ns;
            process->grew_from_ns = saturating_sum(offset_ns, ticks[from].t_ns);
            process->grew_to_ns = saturating_sum(offset_ns, ticks[to].t_ns);
        }
    }
}

static void make_process(struct job *job, const struct story *story, size_t i, uint64_t moment_ns)
{
    struct job_process *process = &job->processes[i];
    const struct profile *profile = story->all[i];

    *process = (struct job_process){.profile = profile, .present = i == 0 || was_present(profile, moment_ns)};
    for (size_t p = 0; p < job->count && !process->fork; p++)
        if (forked_from(profile, story->all[p]))
            process->fork = story->all[p];
    process->verdict = story->verdict;
    if (i > 0)
        verdict_decide(profile, story->all, story->all_count, &process->verdict);
    verdict_title(profile, &process->verdict, process->end, sizeof(process->end));
    measure_sizes(process);
    measure_growth(process, profile->identity->started_realtime_ns - job->started_realtime_ns);
}

static void sum_up(struct job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        const struct job_process *process = &job->processes[i];
        const struct lw_state *state = &process->profile->state;
        if (!process->present)
            continue;
        job->present++;
        job->own_bytes = saturating_sum(job->own_bytes, process->own_bytes);
        job->inherited_bytes = saturating_sum(job->inherited_bytes, process->inherited_bytes);
        job->swapped_bytes = saturating_sum(job->swapped_bytes, known_bytes(state->swap_bytes));
        job->shared_bytes = most(job->shared_bytes, known_bytes(state->shmem_bytes));
        job->file_bytes = most(job->file_bytes, known_bytes(state->file_bytes));
    }
    job->resident_bytes = saturating_sum(job->own_bytes, saturating_sum(job->shared_bytes, job->file_bytes));
}

static int by_frame(const void *a, const void *b)
{
    return lines_compare(((const struct job_line *)a)->frame, ((const struct job_line *)b)->frame);
}

static int by_size(const void *a, const void *b)
{
    const struct job_line *left = a, *right = b;

    if (left->resident_bytes != right->resident_bytes)
        return left->resident_bytes > right->resident_bytes ? -1 : 1;
    return by_frame(a, b);
}

/* All lines of all processes, sorted so that the same ones lie together, then rolled up in place. */
static void join_lines(struct job *job)
{
    size_t all = 0, used = 0;

    for (size_t i = 0; i < job->count; i++)
        all += job->processes[i].present ? job->processes[i].profile->line_count : 0;
    job->lines = array_resize(NULL, all, sizeof(*job->lines));
    for (size_t i = 0; i < job->count; i++) {
        const struct profile *profile = job->processes[i].profile;
        for (size_t l = 0; job->processes[i].present && l < profile->line_count; l++)
            job->lines[used++] = (struct job_line){.frame = profile->lines[l].frame,
                                                   .resident_bytes = profile->lines[l].resident_bytes,
                                                   .committed_bytes = profile->lines[l].committed_bytes,
                                                   .processes = 1};
    }
    qsort(job->lines, used, sizeof(*job->lines), by_frame);
    for (size_t i = 0; i < used; i++) {
        struct job_line *last = job->line_count > 0 ? &job->lines[job->line_count - 1] : NULL;
        if (!last || !lines_same(last->frame, job->lines[i].frame)) {
            job->lines[job->line_count++] = job->lines[i];
            continue;
        }
        last->resident_bytes = saturating_sum(last->resident_bytes, job->lines[i].resident_bytes);
        last->committed_bytes = saturating_sum(last->committed_bytes, job->lines[i].committed_bytes);
        last->processes++;
    }
    qsort(job->lines, job->line_count, sizeof(*job->lines), by_size);
}

void job_make(struct job *job, const struct story *story)
{
    uint64_t moment_ns = profile_ended_realtime_ns(story->profile);

    *job = (struct job){.count = story->all_count, .started_realtime_ns = UINT64_MAX};
    job->processes = array_resize(NULL, job->count, sizeof(*job->processes));
    for (size_t i = 0; i < job->count; i++)
        job->started_realtime_ns = least(job->started_realtime_ns, story->all[i]->identity->started_realtime_ns);
    for (size_t i = 0; i < job->count; i++)
        make_process(job, story, i, moment_ns);
    sum_up(job);
    join_lines(job);
}

void job_free(struct job *job)
{
    free(job->processes);
    free(job->lines);
    *job = (struct job){.count = 0};
}
