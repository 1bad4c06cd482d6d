/* SPDX-License-Identifier: MIT */
/* load_profile: a synthetic journal as a profile, without the file system. */
#ifndef LASTWORDS_TESTS_LOAD_PROFILE_H
#define LASTWORDS_TESTS_LOAD_PROFILE_H

#include "make_journal.h"
#include "profile/profile.h"

/* Takes `made` over. Its process is gone. */
struct profile *load_made(struct make_journal *made, const char *name);

#endif
