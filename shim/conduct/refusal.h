/* SPDX-License-Identifier: MIT */
/*
 * refusal: action=refuse. A request that does not fit fails with ENOMEM at the call, so that Python raises MemoryError
 * and C++ bad_alloc, instead of a kill when its pages are touched.
 *
 * It fits when size + what was granted and not touched yet <= headroom - margin. Granted and untouched is measured by
 * each residency scan and carried on from there: plus what was obtained exactly since (large blocks and mappings),
 * minus what the process's resident memory has grown by. Address space that is sparse by declaration (PROT_NONE,
 * MAP_NORESERVE) is neither refused nor counted; the thread stacks that glibc maps are not seen here.
 */
#ifndef LW_CONDUCT_REFUSAL_H
#define LW_CONDUCT_REFUSAL_H

#include <stdbool.h>
#include <stdint.h>

/* Watcher: at every look, after binding_set; disarmed nothing is refused. */
void refusal_arm(uint64_t margin_bytes);
void refusal_disarm(void);
/*
 * Watcher, around a scan: bytes granted exactly and not resident. The program goes on meanwhile: a block that was freed
 * and whose place was given out again, half touched, looks untouched to a scan that stood still in between. What was
 * touched or freed during the scan is therefore not held against anybody until the next one.
 */
void refusal_begin_scan(void);
void refusal_settle(uint64_t untouched_bytes);

/*
 * The program's threads, guard held. true: this request must fail. false: it is granted, and counts as granted at once,
 * until refusal_recorded says that it stands in the stores (or was refused by the system).
 */
bool refusal_of(uint64_t bytes);
void refusal_recorded(uint64_t bytes);

#endif
