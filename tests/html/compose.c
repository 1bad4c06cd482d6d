/* SPDX-License-Identifier: MIT */
/* compose: writes one of the synthetic journals of tests/support. usage: compose CASE FILE */
#include "make_journal.h"

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        struct make_journal *(*make)(void);
    } cases[] = {{"etl", make_etl},         {"leak", make_leak},       {"calm", make_calm},
                 {"sibling", make_sibling}, {"hostile", make_hostile}, {"large", make_large}};

    for (size_t i = 0; argc == 3 && i < sizeof(cases) / sizeof(cases[0]); i++)
        if (strcmp(argv[1], cases[i].name) == 0)
            return make_write(cases[i].make(), argv[2]) ? 0 : 1;
    fprintf(stderr, "usage: compose etl|leak|calm|sibling|hostile|large FILE\n");
    return 2;
}
