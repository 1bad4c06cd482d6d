/* SPDX-License-Identifier: MIT */
/* Writes one of the made journals to a file: compose CASE FILE. For tests of commands that need exact numbers. */
#include <stdio.h>
#include <string.h>

#include "make_journal.h"

static const struct {
    const char *name;
    struct make_journal *(*make)(void);
} cases[] = {
    {"etl", make_etl},
    {"leak", make_leak},
    {"calm", make_calm},
    {"sibling", make_sibling},
};

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 3 && i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (strcmp(argv[1], cases[i].name) != 0)
            continue;
        struct make_journal *made = cases[i].make();
        bool written = make_write(made, argv[2]);
        make_journal_free(made);
        return written ? 0 : 1;
    }
    fprintf(stderr, "usage: compose etl|leak|calm|sibling FILE\n");
    return 2;
}
