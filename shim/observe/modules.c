/* SPDX-License-Identifier: MIT */
#include "observe/modules.h"
#include "ground/fence.h"

#include <stdint.h>
#include <string.h>

#define MAX_MODULES 1024u

/* Two copies: readers use the current one while the other is being filled. */
static struct {
    struct dl_phdr_info modules[MAX_MODULES];
    uint32_t count;
} copies[2];
static uint32_t current;

struct filling {
    uint32_t copy;
};

static int keep(struct dl_phdr_info *info, size_t size, void *context)
{
    uint32_t copy = ((struct filling *)context)->copy, at = copies[copy].count;
    if (at == MAX_MODULES)
        return 1;
    memcpy(&copies[copy].modules[at], info, size < sizeof *info ? size : sizeof *info);
    copies[copy].modules[at].dlpi_name = ""; /* the loader may free the name */
    copies[copy].count = at + 1;
    return 0;
}

void modules_refresh(void)
{
    struct filling filling = {.copy = 1 - __atomic_load_n(&current, __ATOMIC_ACQUIRE)};
    copies[filling.copy].count = 0;
    fence_each_module(keep, &filling);
    __atomic_store_n(&current, filling.copy, __ATOMIC_RELEASE);
}

int modules_iterate(modules_visit *visit, void *context)
{
    uint32_t copy = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
    int result = 0;
    for (uint32_t i = 0; i < copies[copy].count && !result; i++) {
        struct dl_phdr_info info = copies[copy].modules[i];
        result = visit(&info, sizeof info, context);
    }
    return result;
}
