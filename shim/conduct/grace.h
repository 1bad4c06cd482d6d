/* SPDX-License-Identifier: MIT */
/*
 * grace: the time between the margin and the end, with action=signal and action=park. Watcher thread only.
 *
 * signal: the process was sent its signal and may clean up. Everybody runs; who grows waits once a quarter of the
 * margin is left, because beyond it nobody would clean up anything. After `grace` the abort. park: who grows waits at
 * the margin until siblings or reclaim have freed memory. Everybody else runs. When somebody has waited for `grace`
 * without a break: the abort. Without the fault counter a single thread cannot be held at its page fault: with park all
 * wait; with signal the margin is twice as wide (policy_margin_early), and at half of it comes the abort. Either ends
 * when headroom is back above warn (final_recovered).
 */
#ifndef LW_CONDUCT_GRACE_H
#define LW_CONDUCT_GRACE_H

#include <stdbool.h>
#include <stdint.h>

void grace_begin(uint64_t margin_bytes); /* the report is complete, everybody is stopped; lets them go on */
bool grace_is_on(void);
uint64_t grace_margin(uint64_t margin_bytes);                       /* where growth is held now */
bool grace_is_over(uint64_t headroom_bytes, uint64_t margin_bytes); /* at every look */
void grace_end(void);
void grace_reset(void); /* a new flight begins: in a forked child the parent's grace is not ours */

#endif
