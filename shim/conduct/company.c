/* SPDX-License-Identifier: MIT */
#include "conduct/company.h"
#include "conduct/flight.h"
#include "ground/text.h"
#include "observe/neighbours.h"

#include <string.h>

#define MS         UINT64_C(1000000)
#define CALM_NS    (10000 * MS) /* far from the limit; a list of all processes of a machine takes a millisecond or two */
#define FIRST_NS   (2500 * MS)  /* after the activation, far from the limit: many a process is gone by then */
#define WATCH_NS   (1000 * MS)
#define NEAR_NS    (20 * MS)
#define DYING_NS   (5000 * MS) /* on a slow machine the victim comes to its end so late */
#define CALM_SHARE 200u        /* a look may cost 1/200 of the time since the last one; near the end 1/20 */
#define NEAR_SHARE 20u

static struct {
    struct neighbours neighbours;
    char directory[CGROUP_PATH_BYTES];
    bool known; /* directory is of a limit that binds */
    uint64_t last_ns;
    uint64_t kill_ns; /* when a counter of OOM kills was last seen to have risen */
    bool unclaimed;   /* nobody is missed yet for it */
    int32_t score_adj;
} company;

static const char *base_path(uint32_t level)
{
    return flight.cgroup.levels[level].numbers.path;
}

static void add_victim(struct text *text, const struct lw_neighbour *victim)
{
    text_add(text, ": ");
    text_add(text, victim->name);
    text_add(text, " (pid ");
    text_u64(text, victim->pid);
    text_add(text, ") is gone, it held ");
    text_size(text, victim->peak_rss_bytes);
}

/* The largest that was missed just now; NULL: none. */
static const struct lw_neighbour *victim_at(uint64_t now_ns)
{
    const struct lw_neighbour *largest = NULL;
    for (uint32_t i = 0; i < company.neighbours.count; i++) {
        const struct lw_neighbour *record = &company.neighbours.items[i].record;
        if (record->gone_ns == now_ns && (!largest || record->peak_rss_bytes > largest->peak_rss_bytes))
            largest = record;
    }
    return largest;
}

static void note_kill(uint64_t now_ns, uint32_t level, const struct lw_neighbour *victim)
{
    char buffer[sizeof(((struct lw_event *)0)->text)];
    struct text text = TEXT_ON(buffer);
    text_add(&text, "the OOM killer struck");
    if (victim)
        add_victim(&text, victim);
    text_add(&text, ", in ");
    text_add(&text, base_path(level));
    journal_event(&flight.journal, now_ns, LW_EVENT_OOM_KILL, 1, buffer);
}

static bool kill_is_fresh(uint64_t now_ns, uint64_t window_ns)
{
    return company.kill_ns && now_ns - company.kill_ns < window_ns;
}

static bool victim_is_awaited(uint64_t now_ns)
{
    return company.unclaimed && kill_is_fresh(now_ns, DYING_NS);
}

/* A killed process keeps its pid for some milliseconds while the counter has risen already. */
static bool may_be_killed(uint64_t now_ns, bool rose)
{
    if (rose) {
        company.kill_ns = now_ns;
        company.unclaimed = true;
    }
    return kill_is_fresh(now_ns, WATCH_NS) || victim_is_awaited(now_ns);
}

static void look_into(uint64_t now_ns)
{
    struct neighbours *neighbours = &company.neighbours;
    uint32_t level = 0;
    uint64_t kills = neighbours->looks ? neighbours->kills : UINT64_MAX;
    company.last_ns = now_ns;
    neighbours_look(neighbours, company.directory, now_ns);
    /* On a level of our own, or in a group below the one that binds. */
    bool rose = cgroup_refresh_kills(&flight.cgroup, &level) || neighbours->kills > kills;
    bool fresh = may_be_killed(now_ns, rose);
    bool incident = fresh || flight.state.stage >= LW_STAGE_WARN;
    neighbours_settle(neighbours, now_ns, incident, fresh ? LW_NEIGHBOUR_KILLED : 0);
    flight.state.neighbours_count = neighbours->listed;
    flight.state.neighbours_bytes = neighbours->all_bytes;
    journal_neighbours(&flight.journal, now_ns, &neighbours->items[0].record, sizeof neighbours->items[0],
                       neighbours->count);
    const struct lw_neighbour *victim = fresh ? victim_at(now_ns) : NULL;
    company.unclaimed = company.unclaimed && !victim;
    if (rose || victim)
        note_kill(now_ns, level, victim);
}

void company_look(const char *directory, uint64_t now_ns, bool near)
{
    if (!directory) {
        company.known = false;
        return;
    }
    if (!company.known || !text_equal(directory, company.directory)) {
        neighbours_forget(&company.neighbours);
        text_copy(company.directory, sizeof company.directory, directory);
        company.score_adj = neighbours_score_adj("self");
        company.known = true;
        company.last_ns = 0;
    }
    near = near || victim_is_awaited(now_ns);
    uint64_t least = near ? NEAR_NS : flight.state.headroom_bytes / 4 < flight.state.warn_bytes ? WATCH_NS : CALM_NS;
    uint64_t pause = company.neighbours.cost_ns * (near ? NEAR_SHARE : CALM_SHARE);
    bool young = least == CALM_NS && now_ns - flight.journal.identity->activated_ns < FIRST_NS;
    if (company.last_ns ? now_ns - company.last_ns >= (pause > least ? pause : least) : !young)
        look_into(now_ns);
}

void company_look_now(uint64_t now_ns)
{
    if (company.known)
        look_into(now_ns);
}

/* Somebody has been killed, or is just ending: what it held comes free, but its table is empty before its pages are. */
static bool somebody_leaves(uint64_t now_ns)
{
    if (kill_is_fresh(now_ns, WATCH_NS))
        return true;
    for (uint32_t i = 0; i < company.neighbours.count; i++) {
        const struct lw_neighbour *record = &company.neighbours.items[i].record;
        bool child = record->flags & LW_NEIGHBOUR_CHILD; /* what it held was mostly ours, and stays */
        if (record->gone_ns && !child && now_ns - record->gone_ns < WATCH_NS &&
            record->peak_rss_bytes > flight.state.margin_bytes)
            return true;
    }
    return false;
}

bool company_comes_first(uint64_t limit_bytes)
{
    if (company.known && somebody_leaves(flight_now_ns()))
        return true;
    const struct lw_state *state = &flight.state;
    const struct neighbour *worst = company.known ? neighbours_worst(&company.neighbours, limit_bytes) : NULL;
    uint64_t rss = state->rss_bytes, data;
    process_statm(&rss, &data); /* as fresh as what was read of the others */
    uint64_t held = rss + state->swap_bytes + state->page_tables_bytes;
    uint64_t own = neighbours_badness(held, company.score_adj, limit_bytes);
    if (!worst)
        return false;
    uint64_t other = neighbours_badness(worst->record.rss_bytes, worst->score_adj, limit_bytes);
    /* A child begins with what is ours: killing it gives little of that back. */
    if (worst->record.flags & LW_NEIGHBOUR_CHILD)
        return other > own + own / 8;
    /* Of two equals exactly one gives way. */
    return other > own || (other == own && worst->record.pid < flight.journal.identity->pid);
}

bool company_is_none(void)
{
    return company.known && company.directory[0] && neighbours_alone(company.directory);
}

void company_reset(void)
{
    memset(&company, 0, sizeof company);
}
