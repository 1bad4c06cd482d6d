/* SPDX-License-Identifier: MIT */
#include "load_profile.h"

#include <assert.h>

struct profile *load_made(struct make_journal *made, const char *name)
{
    struct problem problem;
    size_t size;
    const unsigned char *bytes = make_finish(made, &size);
    struct journal *journal = journal_from_bytes(bytes, size, name, &problem);

    assert(journal);
    make_journal_free(made);
    return profile_new(journal, JOURNAL_PROCESS_GONE, false);
}
