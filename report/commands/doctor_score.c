/* SPDX-License-Identifier: MIT */
/*
 * The kubelet's pkg/kubelet/qos/policy.go:
 *     node-critical pods and Guaranteed   -997 (-998 of older versions, and for a pod's pause process)
 *     BestEffort                          1000
 *     Burstable                           1000 - 1000 * request / capacity of the node, but 3 (2 before) at least and
 *                                         999 at most
 */
#include "commands/doctor_score.h"

#include <stdio.h>

#include "shim/journal_format.h"
#include "sources/sizes.h"
#include "sources/text.h"

#define BURSTABLE_LEAST 2
#define BURSTABLE_MOST  999

/* The request that gives this adjustment; it is rounded to a thousandth of the node. */
static void add_request(int adj, uint64_t node_bytes, char *out, size_t size)
{
    if (adj == BURSTABLE_MOST)
        text_append(out, size, ", this container requests less than 0.2 %% of the node's memory, or none");
    else if (adj <= BURSTABLE_LEAST + 1)
        text_append(out, size, ", this container requests nearly all of the node's memory");
    else
        text_append(out, size, ", this container requests some %.1f %% of the node's memory", (1000 - adj) / 10.0);
    if (node_bytes == 0 || node_bytes == LW_UNKNOWN || adj == BURSTABLE_MOST || adj <= BURSTABLE_LEAST + 1)
        return;
    uint64_t step = node_bytes / 1000;
    text_append(out, size, ", about %s of %s (give or take %s)", size_prose(step * (uint64_t)(1000 - adj)).text,
                size_prose(node_bytes).text, size_prose(step).text);
}

void doctor_score_text(int adj, uint64_t node_bytes, bool kubernetes, char *out, size_t size)
{
    const char *where = kubernetes ? "Kubernetes QoS class" : "in Kubernetes that would be the QoS class";

    snprintf(out, size, "oom_score_adj %d", adj);
    if (adj == -1000)
        text_append(out, size, ": never chosen, somebody else dies instead");
    else if (adj == -999)
        text_append(out, size, ": what the kubelet gives itself and kube-proxy; nearly never chosen");
    else if (adj == -997 || adj == -998)
        text_append(
            out, size,
            ": %s Guaranteed, or a node-critical pod%s: requests equal limits; on a full node it is chosen last, its "
            "own limit kills it all the same",
            where, adj == -998 ? " (-998: of older versions, or a pod's pause process)" : "");
    else if (adj == 1000)
        text_append(out, size, ": %s BestEffort: no request and no limit: on a full node it is chosen first", where);
    else if (adj >= BURSTABLE_LEAST && adj <= BURSTABLE_MOST) {
        text_append(out, size, ": %s Burstable", where);
        add_request(adj, node_bytes, out, size);
    } else if (adj != 0)
        text_append(out, size, adj < 0 ? ": chosen later than its size says" : ": chosen earlier than its size says");
    else if (kubernetes)
        text_append(out, size,
                    ": not set by the kubelet, which gives Guaranteed -997, Burstable 3 to 999, BestEffort 1000");
}
