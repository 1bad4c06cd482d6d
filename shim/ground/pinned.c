/* SPDX-License-Identifier: MIT */
#include "ground/pinned.h"
#include "ground/fence.h"
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

struct extent {
    uintptr_t address, start, end;
};

/* The parts of a module lie one after the other; between them nothing is mapped but the module. */
static int find_extent(struct dl_phdr_info *info, size_t size, void *context)
{
    struct extent *extent = context;
    uintptr_t start = UINTPTR_MAX, end = 0, file_end = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + part->p_vaddr;
        if (part->p_type != PT_LOAD)
            continue;
        start = at < start ? at : start;
        end = at + part->p_memsz > end ? at + part->p_memsz : end;
        file_end = at + part->p_filesz > file_end ? at + part->p_filesz : file_end;
    }
    if (extent->address < start || extent->address >= end)
        return 0;
    extent->start = start;
    extent->end = file_end;
    return 1;
}

bool pinned_module(const void *address)
{
    struct extent extent = {.address = (uintptr_t)address};
    return fence_each_module(find_extent, &extent) &&
           pinned_range((const void *)extent.start, extent.end - extent.start);
}
