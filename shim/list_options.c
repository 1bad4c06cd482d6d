/* SPDX-License-Identifier: MIT */
/*
 * Prints the table of options for the manual, one key a line: name, values, default, meaning, separated by tabs. Runs
 * when the manual is built; no part of the library.
 */
#include <inttypes.h>
#include <stdio.h>

#include "ground/options.h"

static void print_words(const char *words)
{
    for (; *words; words++)
        printf(*words == ',' ? ", " : "%c", *words);
}

static void print_values(const struct option *option)
{
    switch (option->type) {
    case OPTION_WORD:
        print_words(option->words);
        break;
    case OPTION_SIZE:
        printf("bytes, such as 512M");
        break;
    case OPTION_AMOUNT:
        printf("bytes, such as 16M; a share, such as 2%%; or auto");
        break;
    case OPTION_TEXT:
        printf("text of at most %d bytes", OPTIONS_TEXT_BYTES - 1);
        break;
    case OPTION_SIGNAL:
        printf("name or number of a signal");
        break;
    case OPTION_EXIT:
        printf("%" PRId64 "..%" PRId64 ", or abrt", option->low, option->high);
        break;
    default:
        printf("%" PRId64 "..%" PRId64, option->low, option->high);
    }
}

int main(void)
{
    for (size_t i = 0; i < options_count; i++) {
        printf("%s\t", options_table[i].name);
        print_values(&options_table[i]);
        printf("\t%s\t%s\n", options_table[i].preset ? options_table[i].preset : "", options_table[i].meaning);
    }
    return 0;
}
