/* SPDX-License-Identifier: MIT */
/* intern: numbers texts in the order in which they are first seen: string tables of the formats that have one. */
#ifndef LASTWORDS_REPORT_INTERN_H
#define LASTWORDS_REPORT_INTERN_H

#include <stddef.h>

#include "sources/arena.h"

struct intern {
    struct arena arena;
    char **texts; /* by number */
    size_t count;
    size_t *slots; /* open addressing: number + 1, 0 is free */
    size_t slot_count;
};

/* A zeroed struct is an empty one. Returns the number of the text, which is copied when it is new. */
size_t intern_text(struct intern *intern, const char *text);

/* The same for a composed key. */
__attribute__((format(printf, 2, 3))) size_t intern_format(struct intern *intern, const char *format, ...);

void intern_free(struct intern *intern);

#endif
