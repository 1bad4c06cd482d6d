/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a kernel log, through the whole way of explain: lines, records, words, text and JSON. With
 * -fsanitize=fuzzer (clang) a libFuzzer target; with kernel_log_driver.c and gcc a deterministic run.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "sources/kernel_log_read.h"
#include "voices/write_oom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tell(struct oom_record *record, void *context)
{
    static struct oom_words words;
    struct oom_story story = {.record = record, .words = &words, .searched = true};
    struct oom_life life = {
        .pid = 131, .program = "leak", .lived_ns = 1, .slack_ns = 15000000000, .rss_bytes = 1 << 20};

    oom_words_say(record, &words);
    for (size_t i = 0; i < record->victim_count; i++)
        oom_match_victim(record, &record->victims[i], &life);
    write_oom_text(context, &story);
    write_oom_json(context, &story);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    struct sink sink;

    if (size == 0)
        return 0;
    if (!nowhere)
        nowhere = fopen("/dev/null", "w");
    sink_over(&sink, nowhere ? nowhere : stdout, "nowhere");
    FILE *stream = fmemopen((void *)data, size, "r");
    struct kernel_log *log = kernel_log_new(tell, &sink);
    kernel_log_read_stream(stream, log);
    kernel_log_free(log);
    fclose(stream);
    return 0;
}
