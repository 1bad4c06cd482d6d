/* SPDX-License-Identifier: MIT */
#include "conduct/look.h"
#include "conduct/flight.h"
#include "judge/speed.h"
#include "observe/unwind.h"

#include <string.h>

#define MS               UINT64_C(1000000)
#define MEDIUM_NS        (20 * MS)           /* statistics of the process */
#define HASTE            UINT64_C(500000000) /* bytes a second: they are read more often */
#define MEASURABLE_BYTES (4u << 20)
#define CROWDED_NS       (1000 * MS)

static struct {
    struct process_numbers process;
    uint64_t process_ns, levels_ns;
    uint64_t crowd_ns; /* threads crowded in, or the first look */
    uint64_t fault_bytes;
    uint64_t file_before, anon_before, major_before, refaults_ns, refaults_per_s;
    uint64_t from_ns, until_ns; /* the levels were read meanwhile */
    struct speed speed;         /* with which this level comes nearer: */
    int32_t speed_level;
    uint32_t chain[LW_MAX_LEVELS]; /* level of the report -> level of the cgroup chain, or UINT32_MAX */
    struct lw_level refusing[PROCESS_REFUSING_LEVELS];
    uint32_t refusing_count;
} last;

/* ---- the process ---- */

void look_at_process(uint64_t now_ns)
{
    struct lw_state *state = &flight.state;
    struct process_numbers *numbers = &last.process;
    uint64_t data, pause = look_haste() > HASTE ? MEDIUM_NS / 5 : MEDIUM_NS;
    bool crowd = __atomic_exchange_n(&flight.crowd, 0, __ATOMIC_ACQ_REL);
    if (crowd || !last.crowd_ns)
        last.crowd_ns = now_ns;
    bool whole = crowd || !last.process_ns || now_ns - last.process_ns >= pause;
    if (whole)
        last.process_ns = now_ns;
    if (!whole || !process_read(numbers)) {
        process_statm(&state->rss_bytes, &data);
        return;
    }
    unwind_allow(numbers->rss_bytes);
    uint64_t faults = numbers->minor_faults - state->minor_faults;
    if (numbers->anon_bytes > state->anon_bytes + MEASURABLE_BYTES && state->minor_faults)
        last.fault_bytes = (numbers->anon_bytes - state->anon_bytes) / (faults ? faults : 1);
    else if (faults > MEASURABLE_BYTES / 4096)
        last.fault_bytes = 0;
    process_note(numbers, state);
}

/* ---- the levels ---- */

static void add_level(const struct lw_level *level, uint32_t chain)
{
    struct lw_state *state = &flight.state;
    if (state->level_count == LW_MAX_LEVELS)
        return;
    last.chain[state->level_count] = chain;
    state->levels[state->level_count++] = *level;
}

static void add_others(bool slow)
{
    const struct lw_state *state = &flight.state;
    struct lw_level level;
    if (process_host_level(&level))
        add_level(&level, UINT32_MAX);
    if (flight.options.limit_bytes) {
        process_user_level(&level, flight.options.limit_bytes, state->rss_bytes, state->peak_rss_bytes);
        add_level(&level, UINT32_MAX);
    }
    if (slow)
        last.refusing_count = process_refusing_levels(&last.process, last.refusing);
    for (uint32_t i = 0; i < last.refusing_count; i++)
        add_level(&last.refusing[i], UINT32_MAX);
}

static bool is_near_limit(const struct lw_level *level)
{
    return level->limit_bytes != LW_UNLIMITED && level->used_bytes > level->limit_bytes - level->limit_bytes / 4;
}

/* Pages a second since `before`, which is brought up to date; the peak goes into the journal as well. */
static uint64_t pages_per_s(uint64_t now_pages, uint64_t *before, uint64_t span, uint32_t *rate, uint32_t *peak)
{
    uint64_t more = now_pages != LW_UNKNOWN && now_pages > *before ? now_pages - *before : 0;
    uint64_t per_s = more * 1000000000u / span;
    *before = now_pages == LW_UNKNOWN ? 0 : now_pages;
    *rate = per_s < UINT32_MAX ? (uint32_t)per_s : UINT32_MAX;
    if (*rate > *peak)
        *peak = *rate;
    return per_s;
}

static void measure_refaults(uint64_t now_ns)
{
    struct lw_state *state = &flight.state;
    const struct cgroup_level *own = flight.cgroup.count ? &flight.cgroup.levels[0] : NULL;
    uint64_t file = own ? own->refaults_file : LW_UNKNOWN, anon = own ? own->refaults_anon : LW_UNKNOWN;
    uint64_t span = now_ns - last.refaults_ns;
    if (last.refaults_ns && span < 2 * MEDIUM_NS)
        return;
    if (!last.refaults_ns) {
        last.file_before = file == LW_UNKNOWN ? 0 : file;
        last.anon_before = anon == LW_UNKNOWN ? 0 : anon;
        last.major_before = state->major_faults;
    } else {
        uint64_t per_s =
            pages_per_s(file, &last.file_before, span, &state->file_refaults_per_s, &state->peak_file_refaults_per_s);
        uint64_t major = pages_per_s(state->major_faults, &last.major_before, span, &state->major_faults_per_s,
                                     &state->peak_major_faults_per_s);
        uint64_t swapped =
            pages_per_s(anon, &last.anon_before, span, &state->anon_refaults_per_s, &state->peak_anon_refaults_per_s);
        major = major > swapped ? major - swapped : 0; /* what came from swap says nothing about the cache */
        last.refaults_per_s = per_s > major ? per_s : major;
    }
    last.refaults_ns = now_ns;
}

/* slow: limits and the like are read again as well, unless that was done when the chain was found. */
void look_at_levels(uint64_t now_ns, bool slow)
{
    struct cgroup *cgroup = &flight.cgroup;
    last.from_ns = flight_now_ns();
    if (slow && last.levels_ns)
        cgroup_refresh(cgroup);
    else
        cgroup_refresh_usage(cgroup);
    last.levels_ns = now_ns;
    flight.state.level_count = 0;
    for (uint32_t i = 0; i < cgroup->count; i++) {
        if (!slow && is_near_limit(&cgroup->levels[i].numbers))
            cgroup_refresh_stat(cgroup, i);
        add_level(&cgroup->levels[i].numbers, i);
    }
    add_others(slow);
    last.until_ns = flight_now_ns();
    flight.state.binding_level = headroom_judge(flight.state.levels, flight.state.level_count);
    flight.state.headroom_bytes =
        flight.state.binding_level < 0 ? LW_UNLIMITED : flight.state.levels[flight.state.binding_level].headroom_bytes;
    measure_refaults(now_ns);
}

static bool is_much(uint64_t now_bytes, uint64_t before_bytes, uint64_t room_bytes)
{
    return now_bytes > before_bytes + room_bytes / 16;
}

/* The limit of LASTWORDS=limit=…, on this process's own resident memory. */
static bool has_own_moved(void)
{
    uint64_t limit = flight.options.limit_bytes, before = flight.state.rss_bytes, rss, data;
    return limit && (!process_statm(&rss, &data) || is_much(rss, before, limit > before ? limit - before : 0));
}

bool look_has_moved(void)
{
    for (uint32_t i = 0; i < flight.cgroup.count; i++) {
        const struct cgroup_level *level = &flight.cgroup.levels[i];
        uint64_t used, room = headroom_of(&level->numbers);
        if (room == LW_UNLIMITED)
            continue;
        if (!cgroup_peek(level->usage_fd, &used) || is_much(used, level->numbers.used_bytes, room))
            return true;
    }
    return has_own_moved();
}

void look_at_growth(uint64_t pressing_bytes)
{
    if (flight.state.binding_level != last.speed_level)
        last.speed = (struct speed){0};
    last.speed_level = flight.state.binding_level;
    speed_note(&last.speed, last.from_ns, last.until_ns, pressing_bytes);
}

/* ---- what was seen ---- */

const struct cgroup_level *look_chain(int32_t level)
{
    if (level < 0 || last.chain[level] == UINT32_MAX)
        return NULL;
    return &flight.cgroup.levels[last.chain[level]];
}

uint64_t look_rate(void)
{
    return last.speed.per_s;
}

uint64_t look_haste(void)
{
    return last.speed.most_per_s;
}

bool look_is_crowded(uint64_t now_ns)
{
    return now_ns - last.crowd_ns < CROWDED_NS;
}

uint64_t look_refaults(void)
{
    return last.refaults_per_s;
}

uint64_t look_fault_bytes(void)
{
    return last.fault_bytes;
}

bool look_is_last_thread(void)
{
    return last.process.threads == 2 && last.process.leader_gone;
}

void look_reset(void)
{
    memset(&last, 0, sizeof last);
}
