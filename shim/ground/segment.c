/* SPDX-License-Identifier: MIT */
#include "ground/segment.h"
#include "ground/fence.h"

struct segment segment_extent(const struct dl_phdr_info *info, uintptr_t *file_end)
{
    struct segment extent = {.start = UINTPTR_MAX};
    uintptr_t file = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t at = info->dlpi_addr + part->p_vaddr;
        if (part->p_type != PT_LOAD)
            continue;
        extent.start = at < extent.start ? at : extent.start;
        extent.end = at + part->p_memsz > extent.end ? at + part->p_memsz : extent.end;
        file = at + part->p_filesz > file ? at + part->p_filesz : file;
    }
    if (file_end)
        *file_end = file;
    return extent;
}

struct search {
    uintptr_t address;
    struct segment found;
};

static int look_into(struct dl_phdr_info *info, size_t size, void *context)
{
    struct search *search = context;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t start = info->dlpi_addr + part->p_vaddr;
        if (part->p_type != PT_LOAD || search->address - start >= part->p_memsz)
            continue;
        search->found = (struct segment){start, start + part->p_memsz};
        return 1;
    }
    return 0;
}

struct segment segment_around(const void *address)
{
    struct search search = {.address = (uintptr_t)address};
    fence_each_module(look_into, &search);
    return search.found;
}
