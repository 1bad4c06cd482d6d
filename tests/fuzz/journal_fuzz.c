/* SPDX-License-Identifier: MIT */
/*
 * Any bytes, through the whole way of a report: reader, profile, verdict, advice, text, JSON and page. Built with
 * -fsanitize=fuzzer (clang) this is a libFuzzer target; with driver.c and gcc a deterministic run.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "judgement/story.h"
#include "voices/write_html.h"
#include "voices/write_json.h"
#include "voices/write_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *nowhere(void)
{
    static FILE *stream;

    if (!stream)
        stream = fopen("/dev/null", "w");
    return stream ? stream : stdout;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text_options options = {.lines = 20, .full = true};
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
    sink_close(&sink, &problem);
    profile_free(profile);
    return 0;
}
