/* SPDX-License-Identifier: MIT */
#include "ground/pinned.h"
#include "ground/fence.h"
#include "ground/segment.h"
#include "ground/sys.h"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static uint64_t locked_bytes;

static bool is_privileged(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return sys_call(SYS_capget, (long)&header, (long)data, 0, 0, 0, 0) == 0 &&
           data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK);
}

static uint64_t share_bytes(void)
{
    struct rlimit limit;
    if (is_privileged())
        return UINT64_MAX;
    if (sys_call(SYS_prlimit64, 0, RLIMIT_MEMLOCK, 0, (long)&limit, 0, 0) < 0)
        return 0;
    return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur / 2;
}

void pinned_reset(void)
{
    locked_bytes = 0;
}

bool pinned_range(const void *start, uint64_t bytes)
{
    uint64_t share = share_bytes();
    if (locked_bytes > share || bytes > share - locked_bytes ||
        sys_call(SYS_mlock2, (long)start, (long)bytes, MLOCK_ONFAULT, 0, 0, 0) < 0)
        return false;
    locked_bytes += bytes;
    return true;
}

struct search {
    uintptr_t address, start, end;
};

static int find_extent(struct dl_phdr_info *info, size_t size, void *context)
{
    struct search *search = context;
    uintptr_t file_end;
    struct segment extent = segment_extent(info, &file_end);
    if (search->address < extent.start || search->address >= extent.end)
        return 0;
    search->start = extent.start;
    search->end = file_end;
    return 1;
}

bool pinned_module(const void *address)
{
    struct search search = {.address = (uintptr_t)address};
    return fence_each_module(find_extent, &search) &&
           pinned_range((const void *)search.start, search.end - search.start);
}
