/* SPDX-License-Identifier: MIT */
#include "voices/write_oom.h"

#include "profile/labels.h"
#include "sources/sizes.h"
#include "voices/write_row.h"

static bool is_victim(const struct oom_record *record, uint32_t pid)
{
    for (size_t i = 0; i < record->victim_count; i++)
        if (record->victims[i].pid == pid)
            return true;
    return false;
}

static void write_tasks(struct sink *sink, const struct oom_record *record)
{
    const struct oom_task *ranked[OOM_SHOWN_TASKS];
    size_t count = oom_ranked_tasks(record, ranked, OOM_SHOWN_TASKS);

    if (count == 0)
        return;
    sink_style(sink, SINK_DIM);
    sink_printf(sink, "\n  %14s %13s %13s %7s %9s   %s\n", "resident", "swapped", "page tables", "adj", "score",
                "process, highest score first");
    sink_style(sink, SINK_PLAIN);
    for (size_t i = 0; i < count; i++) {
        const struct oom_task *task = ranked[i];
        struct oom_score score;
        char points[32] = "never";
        oom_score_task(record, task, &score);
        if (!score.never)
            snprintf(points, sizeof(points), "%lld", (long long)score.points);
        sink_printf(sink, "  %14s %13s %13s %7d %9s   %s (pid %u)%s\n",
                    size_table(task->rss_pages * record->page_bytes).text,
                    size_table(task->swap_pages * record->page_bytes).text,
                    size_table(score.table_pages * record->page_bytes).text, task->adj, points, task->name, task->pid,
                    is_victim(record, task->pid) ? "  killed" : "");
    }
    size_t more = record->task_count - count + record->task_dropped;
    if (more > 0)
        sink_printf(sink, "  %14s %13s %13s %7s %9s   %zu more, all together %s\n", "", "", "", "", "", more,
                    size_prose(oom_tasks_bytes(record)).text);
    sink_printf(sink, "\n");
}

static void write_joins(struct sink *sink, const struct oom_story *story)
{
    for (size_t i = 0; i < story->join_count; i++) {
        const struct oom_joined *join = &story->joins[i];
        const struct profile *profile = join->story->profile;
        const struct verdict *verdict = &join->story->verdict;
        const struct line *line = verdict->line;
        char cause[700] = "";
        if (line)
            snprintf(cause, sizeof(cause), "; its largest line: %s held %s of %s resident",
                     label_place(line->frame).text, size_prose(line->resident_bytes).text,
                     size_prose(profile_resident_bytes(profile)).text);
        write_row(sink, "journal", "%spid %u%s is %s (pid %u): %s%s",
                  join->match == OOM_MATCH_SURE ? "" : "probably: ", join->pid, join->victim ? ", the victim," : "",
                  profile->program, profile->identity->pid, verdict->sentence, cause);
        write_row(sink, "full story", "lastwords report %s", profile->name);
    }
    if (story->searched && story->join_count == 0)
        write_row(sink, "journal",
                  "none fits this pid and time: preload liblastwords.so (lastwords run), and next time the "
                  "line of code is named here");
}

void write_oom_text(struct sink *sink, const struct oom_story *story)
{
    const struct oom_words *words = story->words;

    sink_style(sink, SINK_BOLD);
    sink_printf(sink, "lastwords: %s\n", words->title);
    sink_style(sink, SINK_PLAIN);
    for (size_t i = 0; i < words->row_count; i++)
        write_row(sink, words->rows[i].key, "%s", words->rows[i].text);
    write_tasks(sink, story->record);
    write_row(sink, "who", "%s", words->culprit_text);
    write_joins(sink, story);
    if (words->missing[0])
        write_row(sink, "missing", "%s", words->missing);
}
