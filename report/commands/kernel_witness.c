/* SPDX-License-Identifier: MIT */
#include "commands/kernel_witness.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sources/journal_process.h"
#include "sources/kernel_log_read.h"

#define SEC            UINT64_C(1000000000)
#define SLACK_NS       (15 * SEC) /* the last sign of life may be older than the death */
#define MOST_LIVED_NS  (UINT64_C(1) << 60)
#define MAX_KEPT_KILLS 1024u /* the newest in the log */

/* One kill; of a record only what a match needs. */
struct kill {
    struct kernel_stamp stamp;
    struct oom_victim victim;
    char cgroup[200];
};

static struct kill *kills;
static size_t kill_count; /* ever seen; kept in a ring */

struct oom_life kernel_life(const struct lw_identity *identity, uint64_t lived_ns, uint64_t rss_bytes,
                            const char *boot_id)
{
    bool same = boot_id && boot_id[0] && strcmp(identity->boot_id, boot_id) == 0;
    time_t started = (time_t)(identity->started_realtime_ns / SEC);
    struct tm parts = {0};

    localtime_r(&started, &parts);
    return (struct oom_life){.pid = identity->pid,
                             .program = identity->program,
                             .started_realtime_ns = identity->started_realtime_ns % (UINT64_C(1) << 62),
                             .started_mono_ns = identity->epoch_mono_ns % (UINT64_C(1) << 61),
                             .lived_ns = lived_ns < MOST_LIVED_NS ? lived_ns : 0,
                             .slack_ns = SLACK_NS,
                             .rss_bytes = rss_bytes,
                             .other_boot = boot_id && !same,
                             .same_boot = same,
                             .zone_s = parts.tm_gmtoff};
}

uint64_t kernel_lived_ns(const struct profile *profile)
{
    uint64_t started = profile->identity->started_realtime_ns;

    if (profile->has_outcome && profile->outcome.ended_realtime_ns > started)
        return profile->outcome.ended_realtime_ns - started;
    return profile->ended_ns > profile->last_ns ? profile->ended_ns : profile->last_ns;
}

static void keep_kills(struct oom_record *record, void *context)
{
    for (size_t i = 0; i < record->victim_count; i++) {
        struct kill *kill = &kills[kill_count++ % MAX_KEPT_KILLS];
        kill->stamp = record->stamp;
        kill->victim = record->victims[i];
        snprintf(kill->cgroup, sizeof(kill->cgroup), "%.199s", record->oom_memcg);
    }
}

static void read_once(void)
{
    if (kills)
        return;
    kills = calloc(MAX_KEPT_KILLS, sizeof(*kills));
    if (!kills)
        return;
    struct kernel_log *log = kernel_log_new(keep_kills, NULL);
    kernel_log_read_quietly(log);
    kernel_log_free(log);
}

void kernel_witness(struct profile *profile)
{
    struct oom_life life = kernel_life(profile->identity, kernel_lived_ns(profile), 0, journal_boot_id());

    if (life.other_boot || profile->other_machine)
        return;
    read_once();
    for (size_t i = 0; kills && i < kill_count && i < MAX_KEPT_KILLS; i++) {
        const struct kill *kill = &kills[i];
        if (oom_match_pid(&kill->stamp, kill->victim.pid, kill->victim.name, &life) != OOM_MATCH_SURE)
            continue;
        snprintf(profile->kernel_says, sizeof(profile->kernel_says),
                 "the kernel log says so, %.1f s after the start of the machine: process %u (%s) was killed%s%s "
                 "(lastwords explain --pid %u)",
                 (double)kill->stamp.monotonic_us / 1e6, kill->victim.pid, kill->victim.name,
                 kill->cgroup[0] ? " for the limit of cgroup " : "", kill->cgroup, kill->victim.pid);
    }
}
