/* SPDX-License-Identifier: MIT */
/* The whole cases of make_journal.h. */
#include "make_journal.h"

#include <stdio.h>
#include <string.h>

#define PANDAS "/usr/lib/python3/dist-packages/pandas/"

static void memory_of(struct make_journal *made, uint64_t rss, uint64_t anon, uint64_t explained)
{
    struct lw_state *state = make_state(made);

    state->rss_bytes = rss;
    state->peak_rss_bytes = rss;
    state->anon_bytes = anon;
    state->file_bytes = rss - anon;
    state->scan_anon_bytes = anon;
    state->explained_bytes = explained;
    state->scanned_ns = UINT64_C(4900000000);
    state->written_ns = UINT64_C(5000000000);
}

static void climb(struct make_journal *made, uint64_t first_rss, uint64_t last_rss, uint64_t others)
{
    for (uint64_t i = 0; i <= 24; i++) {
        uint64_t rss = first_rss + (last_rss - first_rss) * i / 24;
        make_tick(made, 200 + 200 * i, rss + others, rss);
    }
}

struct make_journal *make_etl(void)
{
    struct make_journal *made = make_journal_new();
    struct lw_state *state = make_state(made);
    uint64_t main_ = make_python(made, "<module>", "/srv/job/transform.py", 11);
    uint64_t load = make_python(made, "load", "/srv/job/transform.py", 6);
    uint64_t enrich = make_python(made, "enrich", "/srv/job/transform.py", 8);
    uint64_t read_csv = make_python(made, "read_csv", PANDAS "io/parsers/readers.py", 912);
    uint64_t merge = make_python(made, "merge", PANDAS "core/reshape/merge.py", 107);
    uint32_t numpy = make_module(made, "/usr/lib/python3/dist-packages/numpy/_multiarray.so", 0x10000, 0x20000);
    uint64_t alloc = make_native(made, "PyArray_NewFromDescr", numpy, 0x10100);

    make_level(made, LW_LEVEL_CGROUP_V2, "/batch/etl", 512 * MAKE_MIB, 505 * MAKE_MIB, 3 * MAKE_MIB);
    make_level(made, LW_LEVEL_CGROUP_V2, "/batch", LW_UNLIMITED, 600 * MAKE_MIB, 10 * MAKE_MIB);
    make_level(made, LW_LEVEL_HOST, "/", 16384 * MAKE_MIB, 4096 * MAKE_MIB, 0);
    memory_of(made, 500 * MAKE_MIB, 489 * MAKE_MIB, 484 * MAKE_MIB);
    make_site(made, make_stack(made, (uint64_t[]){main_, load, read_csv, alloc}, 4), 300 * MAKE_MIB, 350 * MAKE_MIB,
              25 * (int64_t)MAKE_MIB);
    make_site(made, make_stack(made, (uint64_t[]){main_, load, read_csv}, 3), 52 * MAKE_MIB + MAKE_MIB / 10,
              60 * MAKE_MIB, 6 * (int64_t)MAKE_MIB);
    make_site(made, make_stack(made, (uint64_t[]){main_, enrich, merge}, 3), 61 * MAKE_MIB, 61 * MAKE_MIB, 0);
    make_other(made, LW_OTHER_INTERPRETER, 31 * MAKE_MIB);
    make_other(made, LW_OTHER_SLACK, 4 * MAKE_MIB);
    make_other(made, LW_OTHER_SELF, 5 * MAKE_MIB);
    climb(made, 32 * MAKE_MIB, 500 * MAKE_MIB, 5 * MAKE_MIB);
    state->growth_bytes_per_s = 38 * (int64_t)MAKE_MIB;
    state->time_to_limit_ms = 300;
    state->some_avg10_permyriad = 1840;
    state->full_avg10_permyriad = 1100;
    state->some_total_us = 900000;
    state->full_total_us = 500000;
    state->self_bytes = 5 * MAKE_MIB;
    state->stage = state->worst_stage = LW_STAGE_ACTION;
    state->action = LW_ACTION_ABORT;
    state->warn_ns = UINT64_C(4500000000);
    state->margin_ns = UINT64_C(4950000000);
    state->complete_ns = UINT64_C(4962000000);
    state->action_ns = UINT64_C(4963000000);
    make_event(made, 200, LW_EVENT_ACTIVATED, 0, "resident memory passed 32 MiB");
    make_event(made, 4950, LW_EVENT_STAGE, 0, "margin");
    make_capability(made, "psi", true, "own cgroup");
    make_capability(made, "fault_counter", false, "perf_event_open: permission denied");
    make_thread(made, 4711, "python3", (uint64_t[]){alloc, read_csv, load, main_}, 4);
    make_touch(made, 1, make_stack(made, (uint64_t[]){main_, enrich}, 2), 30 * MAKE_MIB);
    make_input(made, "/srv/job/orders.csv", 143 * MAKE_MIB);
    make_header(made)->life = LW_LIFE_ENDED;
    make_header(made)->exit_code = 134;
    make_header(made)->ended_ns = UINT64_C(4970000000);
    return made;
}

struct make_journal *make_leak(void)
{
    struct make_journal *made = make_journal_new();
    struct lw_identity *identity = make_identity(made);
    uint32_t program = make_module(made, "/opt/leak/leak", 0x400000, 0x500000);
    uint32_t libc = make_module(made, "/usr/lib/x86_64-linux-gnu/libc.so.6", 0x7f0000000000, 0x7f0000200000);
    uint64_t strdup_ = make_native(made, "strdup", libc, 0x7f0000001000);
    uint64_t remember = make_native(made, "remember", program, 0x401010);
    uint64_t churn = make_native(made, "churn", program, 0x401110);
    uint64_t main_ = make_native(made, "main", program, 0x401210);

    snprintf(identity->program, sizeof(identity->program), "leak");
    snprintf(identity->executable, sizeof(identity->executable), "/opt/leak/leak");
    identity->python_version[0] = '\0';
    make_command(made, (const char *const[]){"./leak", "--fast"}, 2);
    make_level(made, LW_LEVEL_CGROUP_V1, "/lastwords-4700", 256 * MAKE_MIB, 255 * MAKE_MIB, 0);
    memory_of(made, 250 * MAKE_MIB, 248 * MAKE_MIB, 245 * MAKE_MIB);
    make_site(made, make_stack(made, (uint64_t[]){main_, remember, strdup_}, 3), 190 * MAKE_MIB, 190 * MAKE_MIB,
              40 * (int64_t)MAKE_MIB);
    make_site(made, make_stack(made, (uint64_t[]){main_, churn}, 2), 12 * MAKE_MIB, 12 * MAKE_MIB, 0);
    make_other(made, LW_OTHER_SELF, 5 * MAKE_MIB);
    climb(made, 32 * MAKE_MIB, 250 * MAKE_MIB, 5 * MAKE_MIB);
    make_state(made)->growth_bytes_per_s = 44 * (int64_t)MAKE_MIB;
    make_state(made)->stage = make_state(made)->worst_stage = LW_STAGE_MARGIN;
    make_outcome(made, -1, 9, 1);
    return made;
}

struct make_journal *make_calm(void)
{
    struct make_journal *made = make_journal_new();
    uint64_t loop = make_python(made, "<module>", "/srv/job/transform.py", 3);

    make_level(made, LW_LEVEL_CGROUP_V2, "/batch/etl", 4096 * MAKE_MIB, 120 * MAKE_MIB, 0);
    memory_of(made, 110 * MAKE_MIB, 100 * MAKE_MIB, 99 * MAKE_MIB);
    make_site(made, make_stack(made, &loop, 1), 70 * MAKE_MIB, 70 * MAKE_MIB, 0);
    for (uint64_t i = 0; i <= 24; i++)
        make_tick(made, 200 + 200 * i, 120 * MAKE_MIB, 110 * MAKE_MIB);
    make_outcome(made, -1, 9, 2);
    return made;
}

struct make_journal *make_sibling(void)
{
    struct make_journal *made = make_journal_new();
    uint64_t loop = make_python(made, "<module>", "/srv/job/transform.py", 3);
    struct lw_level *level =
        make_level(made, LW_LEVEL_CGROUP_V2, "/batch/etl", 1024 * MAKE_MIB, 1020 * MAKE_MIB, 2 * MAKE_MIB);

    level->anon_bytes = 1000 * MAKE_MIB;
    level->file_bytes = 4 * MAKE_MIB;
    level->shmem_bytes = 0;
    level->kernel_bytes = 10 * MAKE_MIB;
    memory_of(made, 110 * MAKE_MIB, 100 * MAKE_MIB, 99 * MAKE_MIB);
    make_site(made, make_stack(made, &loop, 1), 70 * MAKE_MIB, 70 * MAKE_MIB, 0);
    for (uint64_t i = 0; i <= 24; i++)
        make_tick(made, 200 + 200 * i, (120 + 900 * i / 24) * MAKE_MIB, 110 * MAKE_MIB);
    make_state(made)->stage = make_state(made)->worst_stage = LW_STAGE_MARGIN;
    make_outcome(made, -1, 9, 1);
    return made;
}
