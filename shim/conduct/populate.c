/* SPDX-License-Identifier: MIT */
#include "conduct/populate.h"
#include "conduct/transfer.h"

bool populate_exceeds(size_t size)
{
    return transfer_stride(-1, size, TRANSFER_PAGES) < size;
}

int populate_strides(void *address, size_t size, int (*step)(void *address, size_t size, int how), int how)
{
    for (size_t done = 0; done < size; done += TRANSFER_STRIDE) {
        char *at = (char *)address + done;
        size_t part = size - done < TRANSFER_STRIDE ? size - done : TRANSFER_STRIDE;
        if (step(at, part, how) != 0)
            return -1;
        transfer_filled(at, part);
    }
    return 0;
}
