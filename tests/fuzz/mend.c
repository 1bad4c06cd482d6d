/* SPDX-License-Identifier: MIT */
#include "mend.h"

#include <string.h>

#include "shim/journal_format.h"

void mend_state(uint8_t *bytes, size_t size)
{
    struct lw_header header;

    if (size < sizeof(header))
        return;
    memcpy(&header, bytes, sizeof(header));
    for (size_t i = 0; i < LW_MAX_SECTIONS; i++) {
        const struct lw_section *section = &header.sections[i];
        if (section->kind != LW_SECTION_STATE || section->offset % 8 || section->offset > size ||
            size - section->offset < 2 * sizeof(struct lw_state))
            continue;
        struct lw_state *slots = (struct lw_state *)(bytes + section->offset);
        for (int s = 0; s < 2; s++)
            slots[s].checksum = lw_checksum(&slots[s], offsetof(struct lw_state, checksum));
    }
}
