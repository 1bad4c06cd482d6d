/* SPDX-License-Identifier: MIT */
/*
 * company: who else lives under the limit that binds, noted in the journal while it is calm and ever oftener near the
 * end. Survivors so can name the process that was killed, and the innocent the one that grew.
 *
 * The watcher calls, or the conductor in its stead; no locks of the program are touched.
 */
#ifndef LW_CONDUCT_COMPANY_H
#define LW_CONDUCT_COMPANY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Looks when it is time: every second or five in calm times, 50 times a second at most near the end, and never for
 * more than a twentieth of the time. directory: of the cgroup that binds, "" the whole machine, NULL no limit binds.
 */
void company_look(const char *directory, uint64_t now_ns, bool near);
/* Now, whatever the time; with the directory of the last look. */
void company_look_now(uint64_t now_ns);

/*
 * At the margin: would the kernel kill another process first, or is one just leaving (for a second at most)? Then
 * ending this one would be a false abort: it may well live. limit_bytes: of the level that binds.
 */
bool company_comes_first(uint64_t limit_bytes);

/* Nobody else can fill the group whose limit binds: this process is the only one in it. */
bool company_is_none(void);

void company_reset(void);

#endif
