/* SPDX-License-Identifier: MIT */
/* kernel_witness: what the kernel log of this machine says of a process with a journal. */
#ifndef LASTWORDS_REPORT_KERNEL_WITNESS_H
#define LASTWORDS_REPORT_KERNEL_WITNESS_H

#include "judgement/oom_join.h"
#include "profile/profile.h"

/*
 * The life of a process for oom_match_*. boot_id: of this machine, where the log is of this boot; NULL: of a file.
 * lived_ns up to the last sign of life.
 */
struct oom_life kernel_life(const struct lw_identity *identity, uint64_t lived_ns, uint64_t rss_bytes,
                            const char *boot_id);

/* How long it lived, as far as the journal knows. */
uint64_t kernel_lived_ns(const struct profile *profile);

/*
 * Sets profile->kernel_says when the log can be read and says that this very process (same boot, process id and time)
 * was OOM-killed. The log is read once, at the first call. Silent otherwise.
 */
void kernel_witness(struct profile *profile);

#endif
