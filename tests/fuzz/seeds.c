/* SPDX-License-Identifier: MIT */
/* usage: seeds DIRECTORY: writes synthetic journals there, for a fuzzer to begin with. */
#include <stdio.h>

#include "make_journal.h"

int main(int argc, char **argv)
{
    static struct make_journal *(*const makes[])(void) = {make_etl, make_leak, make_calm, make_sibling, make_hostile};
    for (size_t i = 0; argc == 2 && i < sizeof(makes) / sizeof(makes[0]); i++) {
        char path[4096];
        struct make_journal *made = makes[i]();
        snprintf(path, sizeof(path), "%s/seed-%zu.lw", argv[1], i);
        if (!make_write(made, path)) {
            perror(path);
            return 1;
        }
        make_journal_free(made);
    }
    return argc != 2;
}
