/* SPDX-License-Identifier: MIT */
/* order: sorts 64-bit numbers where they are: no second array, some 3 KiB of stack for each eight bits that differ. */
#ifndef LW_STORE_ORDER_H
#define LW_STORE_ORDER_H

#include <stdint.h>

void order_sort(uint64_t *numbers, uint32_t count);

#endif
