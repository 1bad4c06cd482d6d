/* SPDX-License-Identifier: MIT */
#include "observe/python_layouts.h"

/* clang-format off */
const struct python_layout python_layouts[] = {
    /* version  frame tid  cframe code back pos entry shim scale how            file name lines first start ascii other */
    {0x0308, 24, 176, -1, 32, 24, 104, -1, 0, 1, PYTHON_ENTRY_EVERY, 104, 112, 120, 40,  -1, 48, 72, PYTHON_LNOTAB, "co_name"},
    {0x0309, 24, 176, -1, 32, 24, 104, -1, 0, 1, PYTHON_ENTRY_EVERY, 104, 112, 120, 40,  -1, 48, 72, PYTHON_LNOTAB, "co_name"},
    {0x030a, 24, 176, -1, 32, 24,  96, -1, 0, 2, PYTHON_ENTRY_EVERY, 104, 112, 120, 40,  -1, 48, 72, PYTHON_LINETABLE_310, "co_name"},
    {0x030b, 56, 152,  8, 32, 48,  56, 68, 0, 0, PYTHON_ENTRY_FLAG,  112, 128, 136, 72, 184, 48, 72, PYTHON_LOCATIONS_311, "co_qualname"},
    {0x030c, 56, 136,  0,  0,  8,  56, 70, 3, 0, PYTHON_ENTRY_SHIM,  112, 128, 136, 68, 192, 40, 56, PYTHON_LOCATIONS_311, "co_qualname"},
    {0x030d, 72, 152, -1,  0,  8,  56, 70, 3, 0, PYTHON_ENTRY_SHIM,  112, 128, 136, 68, 200, 40, 56, PYTHON_LOCATIONS_311, "co_qualname"},
    {0x030e, 72, 152, -1,  0,  8,  56, 74, 3, 0, PYTHON_ENTRY_SHIM,  112, 128, 136, 68, 208, 40, 56, PYTHON_LOCATIONS_311, "co_qualname"},
};
/* clang-format on */
const unsigned python_layout_count = sizeof python_layouts / sizeof python_layouts[0];
