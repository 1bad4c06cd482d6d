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

/* One of these each time, in turn: they read the same stacks. */
static void (*const voices[])(struct sink *sink, const struct story *story, const struct view *view) = {
    write_folded, write_pprof, write_prometheus, write_speedscope};

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
