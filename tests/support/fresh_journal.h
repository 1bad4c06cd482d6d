/* SPDX-License-Identifier: MIT */
/* fresh_journal: an empty journal in memory, for the unit tests of the stores that write into it. Behind <cmocka.h>. */
#ifndef LASTWORDS_TESTS_FRESH_JOURNAL_H
#define LASTWORDS_TESTS_FRESH_JOURNAL_H

#include <stdlib.h>
#include <string.h>

#include "store/journal.h"

static struct journal journal;
static void *file, *journal_memory;

/* Before each test, and after it. */
static inline int fresh(void **unused)
{
    file = aligned_alloc(4096, journal_file_bytes());
    journal_memory = calloc(1, journal_private_bytes());
    assert_true(file && journal_memory);
    memset(file, 0, journal_file_bytes());
    journal_format(&journal, file, journal_memory, 4096);
    return 0;
}

static inline int done(void **unused)
{
    free(file);
    free(journal_memory);
    return 0;
}

#endif
