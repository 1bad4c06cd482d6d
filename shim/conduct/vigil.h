/* SPDX-License-Identifier: MIT */
/*
 * vigil: how near the end is, and what keeps watch accordingly: the fault counters, the gate, the brake, refusals. By
 * the levels just read; its findings are headroom, margin, warn, growth and time to the limit in flight.state.
 * Watcher only.
 */
#ifndef LW_CONDUCT_VIGIL_H
#define LW_CONDUCT_VIGIL_H

#include <stdbool.h>
#include <stdint.h>

/* A look begins so much later than was planned: where nothing stops the toucher the margin follows it. */
void vigil_note_lateness(uint64_t now_ns, uint64_t late_ns);
/* reported: this incident's report is complete, nothing needs to be stopped any more. */
void vigil_keep(uint64_t now_ns, bool reported);
bool vigil_is_watchful(void); /* the end is within reach; any thread */
bool vigil_is_hurried(void);  /* and may come within a tenth of a second */
void vigil_reset(void);

#endif
