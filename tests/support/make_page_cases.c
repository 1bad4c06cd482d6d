/* SPDX-License-Identifier: MIT */
/* Cases for the page: too much of everything, and texts that would like to be something else. */
#include "make_journal.h"

#include <stdio.h>
#include <string.h>

#define SITES   10000u
#define TICKS   100000u
#define FRAMES  6000u
#define NODES   40000u
#define THREADS 200u

/* Numbers that look random and are the same in each run. */
static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void large_frames(struct make_journal *made, uint64_t frames[FRAMES])
{
    static const char *const packages[] = {"/srv/job/", "/usr/lib/python3/dist-packages/pandas/core/",
                                           "/usr/lib/python3/dist-packages/sqlalchemy/orm/", "/usr/lib/python3.11/"};
    uint32_t module = make_module(made, "/usr/lib/x86_64-linux-gnu/libarrow.so.1700", 0x100000, 0x900000);
    char function[80], file[120];

    for (uint32_t i = 0; i < FRAMES; i++) {
        snprintf(function, sizeof(function), i % 4 ? "Stage%u.transform_%u" : "arrow_column_%u_%u", i % 97, i);
        snprintf(file, sizeof(file), "%smodule_%u.py", packages[i % 4 * (i % 8 > 4)], i % 211);
        if (i % 8 == 0 && i / 8 < 500)
            frames[i] = make_native(made, function, module, 0x100010 + 64 * i);
        else
            frames[i] = make_python(made, function, file, (int)(10 + i % 900));
    }
}

/* A tree like that of a large program: most stacks share most of their way. */
static void large_sites(struct make_journal *made)
{
    static uint64_t frames[FRAMES];
    static uint32_t nodes[NODES];
    uint32_t seed = 1;

    large_frames(made, frames);
    for (uint32_t i = 0; i < NODES; i++) {
        uint32_t parent = i < 5 ? 0 : nodes[i < 400 ? next(&seed) % i : i - 1 - next(&seed) % 390];
        nodes[i] = make_child(made, i == 0 ? 0 : parent, frames[i < 40 ? 1 + i : next(&seed) % FRAMES]);
    }
    for (uint32_t i = 0; i < SITES; i++) {
        uint64_t bytes = 60 * MAKE_MIB / (1 + i) + next(&seed) % 60000;
        struct lw_site *site =
            make_site(made, nodes[NODES - 1 - 3 * i], bytes, bytes + bytes / 3, i % 3 ? 0 : 40 * (int64_t)bytes / 100);
        site->peak_resident_bytes = bytes + bytes / 8;
        site->live_count = 1 + next(&seed) % 5000;
        if (i % 5 == 0 && i / 5 < 2000)
            make_touch(made, i + 1, nodes[NODES - 1 - next(&seed) % 1000], bytes / 2);
    }
}

static void large_timeline(struct make_journal *made)
{
    uint32_t seed = 2;

    for (uint64_t i = 0; i < TICKS; i++) {
        uint64_t rss = (400 + 1500 * i / TICKS) * MAKE_MIB + (next(&seed) % 200000) * 512;
        struct lw_tick *tick = make_tick(made, 864 * i, rss + 60 * MAKE_MIB, rss);
        tick->reclaimable_bytes = (40 + next(&seed) % 20) * MAKE_MIB;
        tick->committed_bytes = rss + rss / 5;
        tick->some_avg10_permyriad = i > TICKS / 2 ? next(&seed) % 3000 : 0;
        tick->full_avg10_permyriad = tick->some_avg10_permyriad / 2;
        tick->stage = i > TICKS - 500 ? LW_STAGE_WARN : LW_STAGE_CALM;
    }
}

struct make_journal *make_large(void)
{
    struct make_journal *made = make_journal_new_large();
    struct lw_state *state = make_state(made);
    char name[16];

    make_level(made, LW_LEVEL_CGROUP_V2, "/batch/nightly", 2048 * MAKE_MIB, 2030 * MAKE_MIB, 3 * MAKE_MIB);
    make_level(made, LW_LEVEL_HOST, "/", 16384 * MAKE_MIB, 4096 * MAKE_MIB, 0);
    large_sites(made);
    large_timeline(made);
    state->rss_bytes = state->peak_rss_bytes = state->anon_bytes = state->scan_anon_bytes = 1900 * MAKE_MIB;
    state->explained_bytes = 1890 * MAKE_MIB;
    state->scanned_ns = state->written_ns = UINT64_C(86400000) * 1000000;
    state->growth_bytes_per_s = 18 * MAKE_MIB;
    for (uint32_t i = 0; i < THREADS; i++) {
        uint64_t frames[] = {make_python(made, "wait", "/usr/lib/python3.11/threading.py", 320),
                             make_python(made, "worker", "/srv/job/pool.py", 40 + (int)i)};
        snprintf(name, sizeof(name), "worker-%u", i);
        make_thread(made, 5000 + i, name, frames, 2);
    }
    make_outcome(made, -1, 9, 1);
    return made;
}

struct make_journal *make_hostile(void)
{
    static const char end[] = "</script><img src=x onerror=alert(1)>";
    struct make_journal *made = make_journal_new();
    struct lw_state *state = make_state(made);
    uint32_t module = make_module(made, "/opt/</style><script>alert(2)</script>.so", 0x10000, 0x20000);
    uint64_t frames[] = {
        make_python(made, "<module>", "/srv/job/<b>x</b>.py", 3),
        make_python(made, end, "/srv/job/\"><svg onload=alert(3)>.py", 7),
        make_python(made, "<!--<script>", "/srv/job/a\u2028b\u2029c.py", 8),
        make_native(made, "std::map<int, char const*>::operator[](</SCRIPT >)", module, 0x10100),
    };

    make_command(made, (const char *const[]){"python3", end, "--name=<!--", "'\"&amp;", "\xe2\x80\xa8"}, 5);
    snprintf(make_identity(made)->host, sizeof(make_identity(made)->host), "<i>host</i>\x1b[31m");
    snprintf(make_identity(made)->program, sizeof(make_identity(made)->program), "</title><script>");
    make_level(made, LW_LEVEL_CGROUP_V2, "/batch/<img src=x onerror=alert(4)>", 512 * MAKE_MIB, 508 * MAKE_MIB, 0);
    make_site(made, make_stack(made, frames, 4), 400 * MAKE_MIB, 410 * MAKE_MIB, 30 * (int64_t)MAKE_MIB);
    make_touch(made, 1, make_stack(made, frames, 2), 100 * MAKE_MIB);
    for (uint64_t i = 0; i <= 24; i++)
        make_tick(made, 200 + 200 * i, (100 + 400 * i / 24) * MAKE_MIB, (90 + 400 * i / 24) * MAKE_MIB);
    make_event(made, 4000, LW_EVENT_RELIEF, 0, end);
    make_thread(made, 4711, "</script>", frames, 4);
    make_capability(made, end, false, "<script>alert(5)</script>");
    make_input(made, "/srv/job/<input autofocus onfocus=alert(6)>.csv", 100 * MAKE_MIB);
    state->rss_bytes = state->anon_bytes = state->scan_anon_bytes = state->explained_bytes = 490 * MAKE_MIB;
    state->scanned_ns = state->written_ns = UINT64_C(5000000000);
    state->growth_bytes_per_s = 38 * MAKE_MIB;
    make_outcome(made, -1, 9, 1);
    return made;
}
