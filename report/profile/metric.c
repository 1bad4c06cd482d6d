/* SPDX-License-Identifier: MIT */
#include "profile/metric.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[METRIC_COUNT] = {
    [METRIC_RESIDENT] = "resident", [METRIC_COMMITTED] = "committed", [METRIC_GROWTH] = "growth",
    [METRIC_PEAK] = "peak",         [METRIC_TOUCHED] = "touched",
};

const char *metric_name(enum metric metric)
{
    return names[metric];
}

const char *metric_names(void)
{
    return "resident, committed, growth, peak, touched";
}

bool metric_parse(const char *name, enum metric *metric)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        *metric = (enum metric)i;
        return true;
    }
    return false;
}

static uint64_t rising(int64_t rate)
{
    return rate > 0 ? (uint64_t)rate : 0;
}

uint64_t metric_of_site(const struct site *site, enum metric metric)
{
    const struct lw_site *record = &site->record;

    switch (metric) {
    case METRIC_COMMITTED:
        return record->committed_bytes;
    case METRIC_GROWTH:
        return rising(record->growth_bytes_per_s);
    case METRIC_PEAK:
        return record->peak_resident_bytes;
    case METRIC_TOUCHED:
        return record->touched_bytes;
    default:
        return record->resident_bytes;
    }
}

uint64_t metric_of_line(const struct line *line, enum metric metric)
{
    switch (metric) {
    case METRIC_COMMITTED:
        return line->committed_bytes;
    case METRIC_GROWTH:
        return rising(line->growth_bytes_per_s);
    case METRIC_PEAK:
        return line->peak_resident_bytes;
    case METRIC_TOUCHED:
        return line->touched_bytes;
    default:
        return line->resident_bytes;
    }
}

/* One thing to sort: its weight, and its place in the profile for ties. */
struct weighed {
    uint64_t weight;
    size_t place;
};

static int compare(const void *a, const void *b)
{
    const struct weighed *left = a, *right = b;

    if (left->weight != right->weight)
        return left->weight > right->weight ? -1 : 1;
    return left->place < right->place ? -1 : left->place > right->place;
}

const struct site **metric_sites(const struct profile *profile, enum metric metric)
{
    struct weighed *weighed = array_resize(NULL, profile->site_count, sizeof(*weighed));
    const struct site **sorted = array_resize(NULL, profile->site_count, sizeof(*sorted));

    for (size_t i = 0; i < profile->site_count; i++)
        weighed[i] = (struct weighed){metric_of_site(&profile->sites[i], metric), i};
    qsort(weighed, profile->site_count, sizeof(*weighed), compare);
    for (size_t i = 0; i < profile->site_count; i++)
        sorted[i] = &profile->sites[weighed[i].place];
    free(weighed);
    return sorted;
}

const struct line **metric_lines(const struct profile *profile, enum metric metric)
{
    struct weighed *weighed = array_resize(NULL, profile->line_count, sizeof(*weighed));
    const struct line **sorted = array_resize(NULL, profile->line_count, sizeof(*sorted));

    for (size_t i = 0; i < profile->line_count; i++)
        weighed[i] = (struct weighed){metric_of_line(&profile->lines[i], metric), i};
    qsort(weighed, profile->line_count, sizeof(*weighed), compare);
    for (size_t i = 0; i < profile->line_count; i++)
        sorted[i] = &profile->lines[weighed[i].place];
    free(weighed);
    return sorted;
}
