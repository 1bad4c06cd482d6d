/* SPDX-License-Identifier: MIT */
#include "judgement/oom_join.h"

#include <string.h>
#include <time.h>

#define SEC            INT64_C(1000000000)
#define DATE_SLACK_NS  (2 * SEC) /* stamps are in seconds; the logger may be a little late */
#define CLOCK_SLACK_NS (5 * SEC)
#define CLOCK_DRIFT    2000 /* the kernel's own clock is not the one that programs see: 0.05 % of the time it runs */
#define SIZE_PERCENT   15

/* A name of the kernel's has 15 bytes at most; "python3" is the name of what is installed as python3.11. */
static bool related(const char *comm, const char *program)
{
    size_t a = strlen(comm), b = strlen(program), least = a < b ? a : b;

    return least > 0 && strncmp(comm, program, least) == 0;
}

static bool within(int64_t when_ns, int64_t from_ns, int64_t to_ns, int64_t slack_ns)
{
    return when_ns >= from_ns - slack_ns && when_ns <= to_ns + slack_ns;
}

/* The stamp with the year of the life's end, as if it were UTC. */
static int64_t date_ns(const struct kernel_stamp *stamp, const struct oom_life *life, int years_back)
{
    time_t written = (time_t)stamp->realtime_s;
    time_t end = (time_t)((life->started_realtime_ns + life->lived_ns) / (uint64_t)SEC);
    struct tm parts, last;

    if (stamp->has_year || !gmtime_r(&written, &parts) || !gmtime_r(&end, &last))
        return (int64_t)(stamp->realtime_s < (UINT64_C(1) << 33) ? stamp->realtime_s : 0) * SEC;
    parts.tm_year = last.tm_year - years_back;
    return (int64_t)timegm(&parts) * SEC;
}

static bool date_fits(const struct kernel_stamp *stamp, const struct oom_life *life)
{
    int64_t from = (int64_t)life->started_realtime_ns, to = from + (int64_t)(life->lived_ns + life->slack_ns);

    for (int back = -1; back <= 1; back++) {
        int64_t when = date_ns(stamp, life, back);
        if (within(when, from, to, DATE_SLACK_NS) ||
            (!stamp->has_zone && within(when - life->zone_s * SEC, from, to, DATE_SLACK_NS)))
            return true;
    }
    return false;
}

static bool clock_fits(const struct kernel_stamp *stamp, const struct oom_life *life)
{
    int64_t when = stamp->monotonic_us < (UINT64_C(1) << 52) ? (int64_t)stamp->monotonic_us * 1000 : INT64_MAX / 2;
    int64_t from = (int64_t)life->started_mono_ns, to = from + (int64_t)(life->lived_ns + life->slack_ns);

    return within(when, from, to, CLOCK_SLACK_NS + when / CLOCK_DRIFT);
}

enum fit { FITS, FITS_NOT, CANNOT_TELL };

static enum fit time_fits(const struct kernel_stamp *stamp, const struct oom_life *life, bool *certain)
{
    *certain = true;
    if (life->other_boot)
        return FITS_NOT;
    if (stamp->realtime_s != LW_UNKNOWN)
        return date_fits(stamp, life) ? FITS : FITS_NOT;
    *certain = life->same_boot;
    if (stamp->monotonic_us != LW_UNKNOWN)
        return clock_fits(stamp, life) ? FITS : FITS_NOT;
    return CANNOT_TELL;
}

enum oom_match oom_match_pid(const struct kernel_stamp *stamp, uint32_t pid, const char *name,
                             const struct oom_life *life)
{
    bool certain, named = related(name, life->program);
    enum fit fit = time_fits(stamp, life, &certain);

    if (pid != life->pid || fit == FITS_NOT)
        return OOM_MATCH_NONE;
    if (fit == CANNOT_TELL)
        return named ? OOM_MATCH_PROBABLE : OOM_MATCH_NONE;
    return certain && (named || life->same_boot) ? OOM_MATCH_SURE : OOM_MATCH_PROBABLE;
}

static bool size_fits(const struct oom_victim *victim, const struct oom_life *life)
{
    uint64_t rss = 0, parts[] = {victim->anon_bytes, victim->file_bytes, victim->shmem_bytes};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        rss += parts[i] < (UINT64_C(1) << 60) ? parts[i] : 0;
    uint64_t difference = rss > life->rss_bytes ? rss - life->rss_bytes : life->rss_bytes - rss;
    return life->rss_bytes > 0 && difference <= rss / 100 * SIZE_PERCENT;
}

enum oom_match oom_match_victim(const struct oom_record *record, const struct oom_victim *victim,
                                const struct oom_life *life)
{
    enum oom_match match = oom_match_pid(&record->stamp, victim->pid, victim->name, life);
    struct oom_life end = *life;
    bool certain;

    if (match != OOM_MATCH_NONE)
        return match;
    uint64_t last_ns = life->slack_ns < life->lived_ns ? life->slack_ns : life->lived_ns;
    end.started_realtime_ns += life->lived_ns - last_ns;
    end.started_mono_ns += life->lived_ns - last_ns;
    end.lived_ns = last_ns;
    bool there = victim->pid != life->pid && related(victim->name, life->program) && size_fits(victim, life) &&
                 time_fits(&record->stamp, &end, &certain) == FITS;
    return there ? OOM_MATCH_PROBABLE : OOM_MATCH_NONE;
}
