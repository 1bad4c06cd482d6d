/* SPDX-License-Identifier: MIT */
#include "voices/write_oom.h"

#include <jansson.h>
#include <string.h>

#include "voices/json_parts.h"

static json_t *pages(const struct oom_record *record, uint64_t count)
{
    return count == LW_UNKNOWN ? json_null() : json_number(count * record->page_bytes);
}

static json_t *amount_json(const struct oom_amount *amount)
{
    if (amount->usage_bytes == LW_UNKNOWN)
        return json_null();
    return json_pack("{s:o, s:o, s:o}", "usage_bytes", json_number(amount->usage_bytes), "limit_bytes",
                     json_number(amount->limit_bytes), "failcnt", json_number(amount->failures));
}

static json_t *stats_json(const struct oom_record *record)
{
    static const char *const names[OOM_STATS] = {
        [OOM_STAT_ANON] = "anon_bytes",
        [OOM_STAT_FILE] = "file_bytes",
        [OOM_STAT_SHMEM] = "shmem_bytes",
        [OOM_STAT_KERNEL] = "kernel_bytes",
        [OOM_STAT_KERNEL_STACK] = "kernel_stack_bytes",
        [OOM_STAT_PAGE_TABLES] = "page_tables_bytes",
        [OOM_STAT_PERCPU] = "percpu_bytes",
        [OOM_STAT_SOCK] = "sock_bytes",
        [OOM_STAT_VMALLOC] = "vmalloc_bytes",
        [OOM_STAT_SLAB] = "slab_bytes",
        [OOM_STAT_DIRTY] = "dirty_bytes",
        [OOM_STAT_WRITEBACK] = "writeback_bytes",
        [OOM_STAT_HUGE] = "huge_bytes",
        [OOM_STAT_MAPPED] = "mapped_bytes",
        [OOM_STAT_SWAP] = "swap_bytes",
        [OOM_STAT_INACTIVE_FILE] = "inactive_file_bytes",
        [OOM_STAT_ACTIVE_FILE] = "active_file_bytes",
        [OOM_STAT_UNEVICTABLE] = "unevictable_bytes",
    };
    json_t *object = json_object();

    for (size_t i = 0; i < OOM_STATS; i++)
        if (record->stats[i] != LW_UNKNOWN)
            json_object_set_new(object, names[i], json_number(record->stats[i]));
    return object;
}

static json_t *victims_json(const struct oom_record *record)
{
    json_t *array = json_array();

    for (size_t i = 0; i < record->victim_count; i++) {
        const struct oom_victim *victim = &record->victims[i];
        json_array_append_new(
            array,
            json_pack("{s:I, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "pid", (json_int_t)victim->pid, "name",
                      json_text_or_null(victim->name), "uid", victim->has_uid ? json_number(victim->uid) : json_null(),
                      "killed", victim->killed, "total_vm_bytes", json_number(victim->total_vm_bytes), "anon_bytes",
                      json_number(victim->anon_bytes), "file_bytes", json_number(victim->file_bytes), "shmem_bytes",
                      json_number(victim->shmem_bytes), "page_tables_bytes", json_number(victim->page_table_bytes),
                      "oom_score_adj", victim->has_adj ? json_integer(victim->adj) : json_null(), "reaped",
                      victim->reaped));
    }
    return array;
}

static json_t *tasks_json(const struct oom_record *record)
{
    json_t *array = json_array();

    for (size_t i = 0; i < record->task_count; i++) {
        const struct oom_task *task = &record->tasks[i];
        struct oom_score score;
        oom_score_task(record, task, &score);
        json_array_append_new(
            array,
            json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o}", "pid", (json_int_t)task->pid,
                      "tgid", (json_int_t)task->tgid, "uid", (json_int_t)task->uid, "name",
                      json_text_or_null(task->name), "total_vm_bytes", pages(record, task->total_vm_pages), "rss_bytes",
                      pages(record, task->rss_pages), "anon_bytes", pages(record, task->anon_pages), "file_bytes",
                      pages(record, task->file_pages), "shmem_bytes", pages(record, task->shmem_pages),
                      "page_tables_bytes", pages(record, score.table_pages), "swap_bytes",
                      pages(record, task->swap_pages), "oom_score_adj", task->adj, "score_pages",
                      score.never ? json_null() : json_integer((json_int_t)score.points)));
    }
    return array;
}

static json_t *machine_json(const struct oom_record *record)
{
    if (!(record->parts & OOM_PART_MACHINE))
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "ram_bytes", pages(record, record->pages[OOM_PAGES_RAM]),
                     "free_bytes", pages(record, record->pages[OOM_PAGES_FREE]), "shmem_bytes",
                     pages(record, record->pages[OOM_PAGES_SHMEM]), "swap_total_bytes",
                     json_number(record->swap_total_bytes), "swap_free_bytes", json_number(record->swap_free_bytes));
}

static json_t *joins_json(const struct oom_story *story)
{
    json_t *array = json_array();

    for (size_t i = 0; i < story->join_count; i++) {
        const struct oom_joined *join = &story->joins[i];
        const struct verdict *verdict = &join->story->verdict;
        const struct line *line = verdict->line;
        json_t *object = json_pack(
            "{s:I, s:b, s:s, s:o, s:o, s:s, s:o}", "pid", (json_int_t)join->pid, "victim", join->victim, "match",
            join->match == OOM_MATCH_SURE ? "sure" : "probable", "journal",
            json_text_or_null(join->story->profile->name), "program", json_text_or_null(join->story->profile->program),
            "cause", verdict_cause_name(verdict->cause), "sentence", json_text_or_null(verdict->sentence));
        json_add_place(object, line ? line->frame : NULL);
        json_object_set_new(object, "resident_bytes", line ? json_number(line->resident_bytes) : json_null());
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *culprit_json(const struct oom_words *words)
{
    return json_pack("{s:s, s:o, s:o}", "kind", oom_culprit_name(words->culprit), "pid",
                     words->culprit_pid ? json_number(words->culprit_pid) : json_null(), "sentence",
                     json_text_or_null(words->culprit_text));
}

static json_t *fields_json(const struct oom_words *words)
{
    json_t *array = json_array();

    for (size_t i = 0; i < words->row_count; i++)
        json_array_append_new(
            array, json_pack("{s:s, s:o}", "key", words->rows[i].key, "text", json_text_or_null(words->rows[i].text)));
    return array;
}

static json_t *trigger_json(const struct oom_record *record)
{
    if (!(record->parts & OOM_PART_TRIGGER))
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:i, s:o}", "name", json_text_or_null(record->trigger), "pid",
                     record->trigger_pid ? json_number(record->trigger_pid) : json_null(), "gfp_mask",
                     json_text_or_null(record->gfp_mask), "order", record->order, "oom_score_adj",
                     record->has_trigger_adj ? json_integer(record->trigger_adj) : json_null());
}

void write_oom_json(struct sink *sink, const struct oom_story *story)
{
    const struct oom_record *record = story->record;
    const struct kernel_stamp *stamp = &record->stamp;
    uint64_t total = oom_total_pages(record);
    json_t *object = json_object();
    const struct {
        const char *key;
        json_t *value;
    } members[] = {
        {"title", json_text_or_null(story->words->title)},
        {"monotonic_us", json_number(stamp->monotonic_us)},
        {"realtime_s", stamp->has_year ? json_number(stamp->realtime_s) : json_null()},
        {"stamp", json_text_or_null(stamp->text)},
        {"scope", json_string(record->parts & OOM_PART_MEMCG || record->oom_memcg[0] ? "cgroup" : "machine")},
        {"constraint", json_text_or_null(record->constraint)},
        {"limit_cgroup", json_text_or_null(record->oom_memcg)},
        {"victim_cgroup", json_text_or_null(record->task_memcg)},
        {"group_kill", json_text_or_null(record->group)},
        {"trigger", trigger_json(record)},
        {"memory", amount_json(&record->amounts[OOM_MEMORY])},
        {"swap", amount_json(&record->amounts[OOM_SWAP])},
        {"memory_and_swap", amount_json(&record->amounts[OOM_MEMSW])},
        {"kernel_memory", amount_json(&record->amounts[OOM_KMEM])},
        {"stats", stats_json(record)},
        {"machine", machine_json(record)},
        {"victims", victims_json(record)},
        {"tasks", tasks_json(record)},
        {"page_bytes", json_number(record->page_bytes)},
        {"score_total_bytes", total ? pages(record, total) : json_null()},
        {"culprit", culprit_json(story->words)},
        {"journals", joins_json(story)},
        {"fields", fields_json(story->words)},
        {"missing", json_text_or_null(story->words->missing)},
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        json_object_set_new(object, members[i].key, members[i].value);
    char *dumped = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
    sink_printf(sink, "%s", dumped ? dumped : "null");
    free(dumped);
    json_decref(object);
}
