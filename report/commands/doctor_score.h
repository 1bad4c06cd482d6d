/* SPDX-License-Identifier: MIT */
/* doctor_score: what an oom_score_adj means, and which Kubernetes class it stands for. Pure. */
#ifndef LASTWORDS_REPORT_DOCTOR_SCORE_H
#define LASTWORDS_REPORT_DOCTOR_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * "oom_score_adj 985: …" into `out` of `size` bytes. node_bytes: memory of the machine; 0 or LW_UNKNOWN: unknown.
 * kubernetes: this is a pod for sure; otherwise the class is said as a possibility, and not for 0.
 */
void doctor_score_text(int adj, uint64_t node_bytes, bool kubernetes, char *out, size_t size);

#endif
