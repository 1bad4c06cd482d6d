/* SPDX-License-Identifier: MIT */
/*
 * touches: first-touch samples, as pairs (site that reserved, stack that touched) with their bytes, in the journal.
 * Lock-free; may be called from the page-fault handler of any thread. Pairs that find no room are counted.
 */
#ifndef LW_STORE_TOUCHES_H
#define LW_STORE_TOUCHES_H

#include <stdbool.h>
#include <stdint.h>

#include "store/journal.h"

bool touches_add(struct journal *journal, uint32_t site, uint32_t node, uint64_t bytes);

#endif
