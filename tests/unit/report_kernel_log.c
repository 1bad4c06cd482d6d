/* SPDX-License-Identifier: MIT */
/* OOM records out of kernel logs: the recorded ones in tests/data/kernel_log, and pieces that are cut or hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "judgement/oom_words.h"
#include "sources/kernel_log_read.h"

#define MIB         (UINT64_C(1) << 20)
#define KIB         UINT64_C(1024)
#define MAX_RECORDS 8

struct kept {
    struct oom_record records[MAX_RECORDS];
    size_t count;
};

static void keep(struct oom_record *record, void *context)
{
    struct kept *kept = context;

    assert_true(kept->count < MAX_RECORDS);
    oom_record_move(&kept->records[kept->count++], record);
}

static void clear(struct kept *kept)
{
    for (size_t i = 0; i < kept->count; i++)
        oom_record_clear(&kept->records[i]);
    kept->count = 0;
}

static void read_file(const char *name, struct kept *kept)
{
    char path[256];
    struct problem problem;
    struct kernel_log *log = kernel_log_new(keep, kept);

    snprintf(path, sizeof(path), "tests/data/kernel_log/%s", name);
    memset(kept, 0, sizeof(*kept));
    if (kernel_log_read_file(path, log, &problem) != 0)
        fail_msg("%s", problem.text);
    kernel_log_free(log);
}

static void read_text(const char *text, struct kept *kept)
{
    struct kernel_log *log = kernel_log_new(keep, kept);
    FILE *stream = fmemopen((void *)text, strlen(text), "r");

    memset(kept, 0, sizeof(*kept));
    assert_int_equal(kernel_log_read_stream(stream, log), 0);
    fclose(stream);
    kernel_log_free(log);
}

#define ALL (OOM_PART_TRIGGER | OOM_PART_TASKS | OOM_PART_CHOICE | OOM_PART_KILL)

static const struct {
    const char *file;
    bool global;
    uint32_t parts;
    uint32_t trigger_pid;
    const char *victim;
    uint32_t pid;
    int64_t uid; /* -1: not said */
    uint64_t anon_kib;
    uint64_t limit_kib; /* 0: no cgroup */
    uint64_t stat_anon_kib;
    size_t tasks;
    int64_t points; /* of the victim, as the kernel counts */
    const char *cgroup;
    enum oom_culprit culprit;
    uint32_t culprit_pid;
} rows[] = {
    {"3.10-v1-memcg.messages", false, ALL | OOM_PART_MEMCG | OOM_PART_STATS, 21946, "java", 21945, 1000, 3147344,
     4194304, 3149824, 2, 786932 + 1802, "/slurm/uid_1000/job_4711", OOM_CULPRIT_VICTIM, 21945},
    {"4.9-global.dmesg", true, ALL | OOM_PART_MACHINE, 812, "gen-report", 1202, -1, 2961192, 0, 0, 4,
     740310 + 90120 + 1718, "", OOM_CULPRIT_VICTIM, 1202},
    {"4.19-v1-kubernetes.console", false, ALL | OOM_PART_MEMCG | OOM_PART_STATS, 19388, "node", 19388, -1, 544020,
     614400, 604580, 3, 136005 + 8069120 / 4096 + 153 * 999, "/kubepods/burstable/pod1f3a", OOM_CULPRIT_VICTIM, 19388},
    {"5.15-v2-shmem.journalctl", false, ALL | OOM_PART_MEMCG | OOM_PART_STATS, 41212, "postgres", 41212, 999, 38412,
     1048576, 143360, 3, 180220 + 462 + 262 * 985, "/kubepods.slice/kubepods-burstable.slice/pod7.slice",
     OOM_CULPRIT_SHARED, 0},
    {"6.1-v2-memcg.dmesg", false, ALL | OOM_PART_MEMCG | OOM_PART_STATS, 131, "leak", 131, 0, 36512, 49152, 48904, 2,
     9379 + 30, "/batch/etl", OOM_CULPRIT_VICTIM, 131},
    {"6.1-global.dmesg", true, ALL | OOM_PART_MACHINE, 138, "leak", 138, 0, 431604, 0, 0, 2, 107902 + 223, "",
     OOM_CULPRIT_VICTIM, 138},
    {"6.18-v1-memcg.kmsg", false, ALL | OOM_PART_MEMCG | OOM_PART_STATS, 9780, "leak", 9780, 0, 44544, 65536, 65292, 2,
     11451 + 34, "/batch", OOM_CULPRIT_VICTIM, 9780},
    {"7.0-global.dmesg", true, ALL | OOM_PART_MACHINE, 5120, "chrome", 5200, 1000, 2360000, 0, 0, 4,
     590110 + 20100 + 1203 + 2249 * 500, "", OOM_CULPRIT_OTHER_TASK, 5001},
};

static void check_record(size_t i, const struct oom_record *record)
{
    const struct oom_victim *victim = oom_record_victim(record);
    const struct oom_task *task = oom_record_task(record, rows[i].pid);
    static struct oom_words words;
    struct oom_score score;

    assert_int_equal(record->global, rows[i].global);
    assert_int_equal(record->parts, rows[i].parts);
    assert_int_equal(record->trigger_pid, rows[i].trigger_pid);
    assert_non_null(victim);
    assert_string_equal(victim->name, rows[i].victim);
    assert_int_equal(victim->pid, rows[i].pid);
    assert_true(victim->killed);
    assert_int_equal(victim->has_uid ? (int64_t)victim->uid : -1, rows[i].uid);
    assert_int_equal(victim->anon_bytes, rows[i].anon_kib * KIB);
    assert_int_equal(record->amounts[OOM_MEMORY].limit_bytes, rows[i].limit_kib ? rows[i].limit_kib * KIB : LW_UNKNOWN);
    assert_int_equal(record->stats[OOM_STAT_ANON] / KIB, rows[i].limit_kib ? rows[i].stat_anon_kib : LW_UNKNOWN / KIB);
    assert_int_equal(record->task_count, rows[i].tasks);
    assert_string_equal(record->oom_memcg, rows[i].cgroup);
    assert_true(record->page_bytes_known);
    oom_score_task(record, task, &score);
    assert_int_equal(score.points, rows[i].points);
    oom_words_say(record, &words);
    assert_int_equal(words.culprit, rows[i].culprit);
    assert_int_equal(words.culprit_pid, rows[i].culprit_pid);
    assert_string_equal(words.missing, "");
}

static void reads_every_format(void **unused)
{
    static struct kept kept;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("# %s\n", rows[i].file);
        read_file(rows[i].file, &kept);
        assert_int_equal(kept.count, 1);
        check_record(i, &kept.records[0]);
        clear(&kept);
    }
}

static void agrees_with_the_score_that_the_kernel_printed(void **unused)
{
    static struct kept kept;
    struct oom_score score;

    read_file("3.10-v1-memcg.messages", &kept);
    oom_score_task(&kept.records[0], &kept.records[0].tasks[1], &score);
    assert_int_equal(kept.records[0].score, 752);
    assert_int_equal(score.per_mille, 752);
    clear(&kept);
}

static void reads_stamps(void **unused)
{
    static const struct {
        const char *line;
        uint64_t monotonic_us, realtime_s;
        bool year, zone;
        const char *text;
    } stamps[] = {
        {"4,376,12748402,-;x: y", 12748402, LW_UNKNOWN, false, false, "x: y"},
        {"4,376,12748402,-,caller=T1;x: y", 12748402, LW_UNKNOWN, false, false, "x: y"},
        {"[   12.748402] x", 12748402, LW_UNKNOWN, false, false, "x"},
        {"[   12.748402][  T131] x", 12748402, LW_UNKNOWN, false, false, "x"},
        {"kern  :warn  : [   12.748402] x", 12748402, LW_UNKNOWN, false, false, "x"},
        {"<4>[   12.748402] x", 12748402, LW_UNKNOWN, false, false, "x"},
        {"[Sat Nov 21 13:19:41 2026] x", LW_UNKNOWN, 1795267181, true, false, "x"},
        {"[Nov21 13:19] x", LW_UNKNOWN, LW_UNKNOWN, false, false, "x"},
        {"[  +0.000123] x", LW_UNKNOWN, LW_UNKNOWN, false, false, "x"},
        {"2026-11-21T13:19:41,748402+00:00 x", LW_UNKNOWN, 1795267181, true, true, "x"},
        {"2026-11-21T14:19:41+0100 host kernel: x", LW_UNKNOWN, 1795267181, true, true, "x"},
        {"Nov 21 13:19:41 host kernel: [   12.748402] x", 12748402, 324 * 86400 + 47981, false, false, "x"},
        {"1795267181.748402 host kernel: x", LW_UNKNOWN, 1795267181, true, true, "x"},
        {"[   12.748402] host kernel: x", 12748402, LW_UNKNOWN, false, false, "x"},
        {"kernel: x", LW_UNKNOWN, LW_UNKNOWN, false, false, "x"},
        {"[  123]     0   123", LW_UNKNOWN, LW_UNKNOWN, false, false, "[  123]     0   123"},
        {"[  123", LW_UNKNOWN, LW_UNKNOWN, false, false, "[  123"},
        {"4,376,1", LW_UNKNOWN, LW_UNKNOWN, false, false, "4,376,1"},
        {"", LW_UNKNOWN, LW_UNKNOWN, false, false, ""},
        {"6,1,2,-;a\\x0ab", 2, LW_UNKNOWN, false, false, "a\nb"},
    };

    for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
        char buffer[128];
        struct kernel_line line;
        snprintf(buffer, sizeof(buffer), "%s", stamps[i].line);
        kernel_line_split(buffer, strlen(buffer), &line);
        print_message("# %s\n", stamps[i].line);
        assert_int_equal(line.length, strlen(stamps[i].text));
        assert_memory_equal(line.text, stamps[i].text, line.length);
        assert_int_equal(line.stamp.monotonic_us, stamps[i].monotonic_us);
        assert_int_equal(line.stamp.realtime_s, stamps[i].realtime_s);
        assert_int_equal(line.stamp.has_year, stamps[i].year);
        assert_int_equal(line.stamp.has_zone, stamps[i].zone);
    }
}

static void keeps_records_apart(void **unused)
{
    static struct kept kept;

    read_file("6.1-all.kmsg", &kept);
    assert_int_equal(kept.count, 3);
    assert_int_equal(kept.records[0].victims[0].pid, 131);
    assert_int_equal(kept.records[1].victim_count, 2); /* the group; its first victim is named twice */
    assert_int_equal(kept.records[1].victims[1].pid, 133);
    assert_string_equal(kept.records[1].group, "/batch/pod");
    assert_true(kept.records[2].global);
    clear(&kept);
}

/* In /dev/kmsg the kernel marks what a program wrote. */
static void believes_the_kernel_only(void **unused)
{
    static struct kept kept;

    read_text(
        "12,1,5,-;Out of memory: Killed process 1 (init) total-vm:4kB, anon-rss:4kB, file-rss:0kB, shmem-rss:0kB\n",
        &kept);
    assert_int_equal(kept.count, 0);
}

static void takes_what_is_there(void **unused)
{
    static const struct {
        const char *text;
        size_t count;
        uint32_t pid; /* 0: no victim */
        const char *missing;
    } pieces[] = {
        {"Memory cgroup out of memory: Killed process 7 (a) b) total-vm:40kB, anon-rss:8kB, file-rss:0kB", 1, 7,
         "invoked oom-killer"},
        {"Killed process 7 (x)", 1, 7, "usage and limit"},
        {"oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a,task_memcg=/a/b,task=x,pid=9,uid=0", 1, 9,
         "Killed process"},
        {"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=", 1, 0, "Killed process"},
        {"x invoked oom-killer: gfp_mask=0x", 1, 0, "table of tasks"},
        {"x invoked oom-killer: gfp_mask=0x1, order=0\n[ pid ]   uid  tgid total_vm      rss nr_ptes swapents "
         "oom_score_adj name\n[    5]     0     5      100       50      1        0             0 a\n[    6]     0    ",
         1, 0, "Killed process"},
        {"Out of memory: Killed process 3 (a) total-vm:4kB\nOut of memory: Killed process 4 (b) total-vm:4kB", 2, 3,
         "kills came fast"},
        {"Out of memory and no killable processes...", 1, 0, "invoked"},
        {"x invoked oom-killer: order=0\nKernel panic - not syncing: System is deadlocked on memory", 1, 0, "usage"},
        {"Mem-Info:\nactive_anon:1 inactive_anon:2\n12 pages RAM", 0, 0, ""}, /* of an allocation failure */
        {"Killed process x (y)\noom_reaper: reaped process 12 (a)\nmemory: usage\nTask in", 0, 0, ""},
        {"", 0, 0, ""},
    };
    static struct kept kept;
    static struct oom_words words;

    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        print_message("# piece %zu\n", i);
        read_text(pieces[i].text, &kept);
        assert_int_equal(kept.count, pieces[i].count);
        if (kept.count > 0) {
            const struct oom_victim *victim = oom_record_victim(&kept.records[0]);
            assert_int_equal(victim ? victim->pid : 0, pieces[i].pid);
            oom_words_say(&kept.records[0], &words);
            assert_non_null(strstr(words.missing, pieces[i].missing));
            assert_true(words.title[0] && words.culprit_text[0]);
        }
        clear(&kept);
    }
}

static void makes_names_harmless(void **unused)
{
    static struct kept kept;

    read_text("3,1,2,-;Memory cgroup out of memory: Killed process 7 (a\\x1b[31m) total-vm:40kB, anon-rss:8kB\n",
              &kept);
    assert_string_equal(kept.records[0].victims[0].name, "a\\x1b[31m");
    clear(&kept);
    read_text("oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a,b,task_memcg=/a,b/c,task=x,pid=2,pid=9,uid=7", &kept);
    assert_string_equal(kept.records[0].oom_memcg, "/a,b");
    assert_string_equal(kept.records[0].task_memcg, "/a,b/c");
    assert_string_equal(kept.records[0].chosen, "x,pid=2");
    assert_int_equal(kept.records[0].chosen_pid, 9);
    assert_int_equal(kept.records[0].chosen_uid, 7);
    clear(&kept);
}

static void bounds_what_it_keeps(void **unused)
{
    enum { ROWS = 40000 };
    static struct kept kept;
    struct kernel_log *log = kernel_log_new(keep, &kept);
    char line[256];

    memset(&kept, 0, sizeof(kept));
    strcpy(line, "x invoked oom-killer: gfp_mask=0x1, order=0, oom_score_adj=0");
    kernel_log_feed(log, line, strlen(line));
    strcpy(line, "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name");
    kernel_log_feed(log, line, strlen(line));
    for (int i = 1; i <= ROWS; i++) {
        int length =
            snprintf(line, sizeof(line), "[%5d]     0 %5d      100       %d      1        0             0 a", i, i, i);
        kernel_log_feed(log, line, (size_t)length);
    }
    for (int i = 1; i <= 100; i++) {
        int length = snprintf(line, sizeof(line), "%s",
                              i == 2 ? "Tasks in /a are going to be killed due to memory.oom.group set" : "");
        if (i != 2)
            length =
                snprintf(line, sizeof(line), "Memory cgroup out of memory: Killed process %d (a) total-vm:400kB", i);
        kernel_log_feed(log, line, (size_t)length);
    }
    kernel_log_flush(log);
    assert_int_equal(kept.count, 1);
    assert_int_equal(kept.records[0].task_count, OOM_MAX_TASKS);
    assert_int_equal(kept.records[0].task_dropped, ROWS - OOM_MAX_TASKS);
    assert_int_equal(kept.records[0].victim_count, OOM_MAX_VICTIMS);
    assert_int_equal(kept.records[0].victim_dropped, 99 - OOM_MAX_VICTIMS);
    clear(&kept);
    kernel_log_free(log);
}

static void names_a_family(void **unused)
{
    static struct kept kept;
    static struct oom_words words;

    read_text("x invoked oom-killer: gfp_mask=0x1, order=0\nmemory: usage 4096kB, limit 4096kB, failcnt 1\n"
              "[ pid ]   uid  tgid total_vm      rss nr_ptes swapents oom_score_adj name\n"
              "[    1]     0     1      500      200      1        0             0 worker\n"
              "[    2]     0     2      500      210      1        0             0 worker\n"
              "[    3]     0     3      500      220      1        0             0 worker\n"
              "[    4]     0     4      500      221      1        0             0 big\n"
              "Memory cgroup out of memory: Killed process 4 (big) total-vm:2000kB, anon-rss:884kB\n",
              &kept);
    oom_words_say(&kept.records[0], &words);
    assert_int_equal(words.culprit, OOM_CULPRIT_FAMILY);
    assert_non_null(strstr(words.culprit_text, "3 processes named worker"));
    clear(&kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_format),
        cmocka_unit_test(agrees_with_the_score_that_the_kernel_printed),
        cmocka_unit_test(reads_stamps),
        cmocka_unit_test(keeps_records_apart),
        cmocka_unit_test(believes_the_kernel_only),
        cmocka_unit_test(takes_what_is_there),
        cmocka_unit_test(makes_names_harmless),
        cmocka_unit_test(bounds_what_it_keeps),
        cmocka_unit_test(names_a_family),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
