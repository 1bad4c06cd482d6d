/* SPDX-License-Identifier: MIT */
/*
 * file_areas: what was resident, and no page cache, of mappings of files when they were looked at last, and for how
 * many passes through the process that holds. A pass begins, and then comes by address: what the pass before noted is
 * read in the same order, so neither search nor collision.
 * One thread at a time (the watcher). An area too many is not noted: it is looked at each time.
 */
#ifndef LW_STORE_FILE_AREAS_H
#define LW_STORE_FILE_AREAS_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/arena.h"

struct file_area {
    uint64_t start, end, inode;
    uint64_t resident_bytes;
    uint32_t passes; /* that it holds for after this one; UINT32_MAX: as long as the mapping stays */
};

struct file_areas {
    struct file_area *before, *now; /* of the last pass, of this one */
    uint32_t before_count, now_count, next, capacity;
};

bool file_areas_open(struct file_areas *areas, struct arena *arena, uint32_t capacity);
void file_areas_begin(struct file_areas *areas);
/* Whether what the last pass knew of this mapping still holds: resident_bytes and passes are set then. */
bool file_areas_know(struct file_areas *areas, struct file_area *area);
void file_areas_note(struct file_areas *areas, const struct file_area *area);

#endif
