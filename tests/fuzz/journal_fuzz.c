/* SPDX-License-Identifier: MIT */
/*
 * Any bytes, through the whole way of a report: reader, profile, verdict, advice and every voice. Built with
 * -fsanitize=fuzzer (clang) this is a libFuzzer target; with driver.c and gcc a deterministic run.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "judgement/story.h"
#include "voices/top_view.h"
#include "voices/write_diff.h"
#include "voices/write_folded.h"
#include "voices/write_html.h"
#include "voices/write_json.h"
#include "voices/write_pprof.h"
#include "voices/write_prometheus.h"
#include "voices/write_speedscope.h"
#include "voices/write_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *nowhere(void)
{
    static FILE *stream;

    if (!stream)
        stream = fopen("/dev/null", "w");
    return stream ? stream : stdout;
}

static void show_top(struct sink *sink, const struct story *story, const struct view *view)
{
    static struct top_page page;
    struct top_view top = {.columns = 40 + story->profile->site_count % 90, .rows = 10, .by = view->by};

    top.ascii = top.keys = story->profile->tick_count % 2;
    top_compose(story->profile, &top, &page);
    sink_printf(sink, "%s", page.lines[page.count - 1].text);
}

static void compare_with_itself(struct sink *sink, const struct story *story, const struct view *view)
{
    struct diff_view diff = {.stories = {story, story}, .sites = view->by % 2};
    struct comparison comparison;

    compare_make(&comparison, story, story, METRIC_PEAK, diff.sites);
    write_diff_text(sink, &comparison, &diff);
    write_diff_json(sink, &comparison, &diff);
    compare_free(&comparison);
}

/* One of these each time, in turn: they read the same stacks. */
static void (*const voices[])(struct sink *sink, const struct story *story, const struct view *view) = {
    write_folded, write_pprof, write_prometheus, write_speedscope, show_top, compare_with_itself};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static unsigned turn;
    struct text_options options = {.lines = 20, .full = true};
    struct view view = {.by = (enum metric)(size % METRIC_COUNT)};
    struct problem problem;
    struct story story;
    struct sink sink;
    struct journal *journal = journal_from_bytes(data, size, "fuzz.lw", &problem);

    if (!journal)
        return 0;
    struct profile *profile = profile_new(journal, size % 2 ? JOURNAL_PROCESS_GONE : JOURNAL_PROCESS_UNKNOWN, false);
    merge_order(&profile, 1);
    story_tell(&profile, 1, &story);
    sink_over(&sink, nowhere(), "nowhere");
    write_text(&sink, &story, &options);
    write_json(&sink, &story);
    write_html(&sink, &story);
    voices[turn++ % (sizeof(voices) / sizeof(voices[0]))](&sink, &story, &view);
    sink_close(&sink, &problem);
    profile_free(profile);
    return 0;
}
