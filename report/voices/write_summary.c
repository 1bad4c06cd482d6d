/* SPDX-License-Identifier: MIT */
#include "voices/write_summary.h"

#include <stdlib.h>
#include <string.h>

/* The longest part of the text, at most `most` bytes, that consists of whole lines. */
static size_t whole_lines(const char *text, size_t size, size_t most)
{
    size_t length = size < most ? size : most;

    while (length > 0 && text[length - 1] != '\n')
        length--;
    return length;
}

size_t write_summary(const struct story *story, char out[SUMMARY_BYTES + 1])
{
    struct text_options options = {.lines = TEXT_DEFAULT_LINES};
    struct problem ignored;
    struct sink sink;
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    out[0] = '\0';
    if (!stream)
        return 0;
    sink_over(&sink, stream, "memory");
    write_text(&sink, story, &options);
    sink_close(&sink, &ignored);
    fclose(stream);
    size_t length = whole_lines(text, size, SUMMARY_BYTES);
    memcpy(out, text, length);
    out[length] = '\0';
    free(text);
    return length;
}
