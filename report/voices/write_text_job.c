/* SPDX-License-Identifier: MIT */
/* The processes of one job in a table, for write_text. */
#include "voices/write_text.h"

#include <string.h>

#include "judgement/job.h"
#include "profile/labels.h"
#include "sources/sizes.h"
#include "voices/write_row.h"

#define MIB (UINT64_C(1) << 20)

/* The same line in several processes: what a pool of workers does together. */
static void write_job_lines(struct sink *sink, const struct job *job, const struct text_options *options)
{
    sink_printf(sink, "\n");
    sink_style(sink, SINK_DIM);
    sink_printf(sink, "  %12s %12s %12s   %s\n", "resident", "committed", "processes",
                "where, in all processes together");
    sink_style(sink, SINK_PLAIN);
    for (size_t i = 0; i < job->line_count && i < options->lines; i++)
        sink_printf(sink, "  %12s %12s %12zu   %s\n", size_table(job->lines[i].resident_bytes).text,
                    size_table(job->lines[i].committed_bytes).text, job->lines[i].processes,
                    label_frame(job->lines[i].frame).text);
}

static void write_process(struct sink *sink, const struct job_process *process, bool full)
{
    const struct profile *profile = process->profile;
    char grew[32] = "", pid[32], end[sizeof(process->end) + 64];

    if (process->grew_bytes >= MIB)
        snprintf(grew, sizeof(grew), "%.1f-%.1f s", (double)process->grew_from_ns / 1e9,
                 (double)process->grew_to_ns / 1e9);
    snprintf(pid, sizeof(pid), "(pid %u)", profile->identity->pid);
    snprintf(end, sizeof(end), "%s: %s", process->end, verdict_cause_name(process->verdict.cause));
    size_t room = SCREEN_WIDTH - TEXT_PLACE_COLUMN, taken = strlen(pid) + strlen(end) + 2;
    sink_printf(sink, "  %12s %12s %12s   %s %s %s\n", size_table(process->own_bytes).text,
                size_table(process->peak_bytes).text, grew,
                label_cut(profile->command, taken + 16 < room ? room - taken : 16).text, pid, end);
    if (full)
        sink_printf(sink, "  %12s %12s %12s   resident %s%s, %s\n", "", "", "",
                    size_prose(process->resident_bytes).text, process->present ? "" : ", gone before", profile->name);
}

void write_text_job(struct sink *sink, const struct story *story, const struct text_options *options)
{
    struct job job;

    if (story->other_count == 0)
        return;
    job_make(&job, story);
    sink_printf(sink, "\n");
    sink_style(sink, SINK_DIM);
    sink_printf(sink, "  %12s %12s %12s   %s\n", "own", "peak", "grew at", "process");
    sink_style(sink, SINK_PLAIN);
    size_t most = options->full ? job.count : TEXT_PROCESS_ROWS;
    for (size_t i = 0; i < job.count && i < most; i++)
        write_process(sink, &job.processes[i], options->full);
    if (job.count > most)
        sink_printf(sink, "  %12s %12s %12s   %zu more: --full\n", "", "", "", job.count - most);
    write_row(sink, "together",
              "%s in %zu process%s at the %s of the first: own %s, shared memory %s and files %s once%s%s%s",
              size_prose(job.resident_bytes).text, job.present, job.present == 1 ? "" : "es",
              story->profile->of_moment ? "report" : "end", size_prose(job.own_bytes).text,
              size_prose(job.shared_bytes).text, size_prose(job.file_bytes).text,
              job.inherited_bytes > 0 ? "; inherited by fork and not counted again " : "",
              job.inherited_bytes > 0 ? size_prose(job.inherited_bytes).text : "",
              job.swapped_bytes > 0 ? "; some of it is swapped besides" : "");
    if (options->full)
        write_job_lines(sink, &job, options);
    job_free(&job);
}
