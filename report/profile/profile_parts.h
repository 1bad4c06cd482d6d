/* SPDX-License-Identifier: MIT */
/*
 * profile_parts: how a profile is read, part by part. For profile_new alone, which calls them in the order in which
 * they need each other.
 */
#ifndef LASTWORDS_REPORT_PROFILE_PARTS_H
#define LASTWORDS_REPORT_PROFILE_PARTS_H

#include "profile/frames.h"
#include "profile/profile.h"

#define PROFILE_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Levels, others and what is told of the moment. After the end is known. */
void profile_read_state(struct profile *profile);

/* Call sites with their stacks, largest first. After state and events. */
void profile_read_sites(struct profile *profile, struct frames *frames);

/* Who touched what the sites had reserved. After the sites. */
void profile_read_touches(struct profile *profile, struct frames *frames);

/* Printable copies: of a text of a fixed size, which need not be terminated, and of one among the journal's strings. */
const char *profile_fixed_text(struct profile *profile, const char *text, size_t size);
const char *profile_string_text(struct profile *profile, uint32_t offset);

/* Records of a section, `most` at most. */
uint64_t profile_count_of(const struct profile *profile, enum lw_section_kind kind, uint64_t most);

#endif
