/* SPDX-License-Identifier: MIT */
#include "store/file_areas.h"

bool file_areas_open(struct file_areas *areas, struct arena *arena, uint32_t capacity)
{
    *areas = (struct file_areas){.capacity = capacity};
    areas->before = arena_take(arena, capacity * sizeof *areas->before);
    areas->now = arena_take(arena, capacity * sizeof *areas->now);
    return areas->before && areas->now;
}

void file_areas_begin(struct file_areas *areas)
{
    struct file_area *read = areas->before;
    areas->before = areas->now;
    areas->before_count = areas->now_count;
    areas->now = read;
    areas->now_count = areas->next = 0;
}

bool file_areas_know(struct file_areas *areas, struct file_area *area)
{
    while (areas->next < areas->before_count && areas->before[areas->next].start < area->start)
        areas->next++;
    if (areas->next == areas->before_count)
        return false;
    const struct file_area *known = &areas->before[areas->next];
    if (known->start != area->start || known->end != area->end || known->inode != area->inode || !known->passes)
        return false;
    area->resident_bytes = known->resident_bytes;
    area->passes = known->passes == UINT32_MAX ? UINT32_MAX : known->passes - 1;
    return true;
}

void file_areas_note(struct file_areas *areas, const struct file_area *area)
{
    if (areas->now_count < areas->capacity)
        areas->now[areas->now_count++] = *area;
}
