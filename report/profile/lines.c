/* SPDX-License-Identifier: MIT */
#include "profile/lines.h"

#include <stdlib.h>
#include <string.h>

#include "sources/sizes.h"

int lines_compare(const struct frame *a, const struct frame *b)
{
    if (a == b || !a || !b)
        return (b == NULL) - (a == NULL);
    int order = (int)a->kind - (int)b->kind;
    if (order == 0)
        order = strcmp(a->file, b->file);
    if (order == 0)
        order = a->line < b->line ? -1 : a->line > b->line;
    if (order == 0)
        order = strcmp(a->short_function, b->short_function);
    if (order == 0 && !a->file[0])
        order = strcmp(a->module, b->module);
    if (order == 0 && !a->function[0])
        order = a->address < b->address ? -1 : a->address > b->address;
    return order;
}

bool lines_same(const struct frame *a, const struct frame *b)
{
    return lines_compare(a, b) == 0;
}

static int size_order(uint64_t resident_a, uint64_t resident_b, uint64_t committed_a, uint64_t committed_b)
{
    if (resident_a != resident_b)
        return resident_a > resident_b ? -1 : 1;
    return committed_a > committed_b ? -1 : committed_a < committed_b;
}

/* By line, within a line the largest first. */
static int site_compare(const void *a, const void *b)
{
    const struct site *left = *(const struct site *const *)a, *right = *(const struct site *const *)b;
    int order = lines_compare(left->stack.user, right->stack.user);

    if (order == 0)
        order = size_order(left->record.resident_bytes, right->record.resident_bytes, left->record.committed_bytes,
                           right->record.committed_bytes);
    return order ? order : left->id < right->id ? -1 : left->id > right->id;
}

static int line_compare(const void *a, const void *b)
{
    const struct line *left = a, *right = b;
    int order = size_order(left->resident_bytes, right->resident_bytes, left->committed_bytes, right->committed_bytes);

    return order ? order : lines_compare(left->frame, right->frame);
}

static int64_t add_rates(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? a : sum;
}

static void line_sum(struct line *line, const struct site **sites, size_t count)
{
    uint64_t shared_bytes = 0;

    *line = (struct line){.frame = sites[0]->stack.user, .sites = sites, .site_count = count};
    for (size_t i = 0; i < count; i++) {
        const struct lw_site *record = &sites[i]->record;
        line->resident_bytes = saturating_sum(line->resident_bytes, record->resident_bytes);
        line->committed_bytes = saturating_sum(line->committed_bytes, record->committed_bytes);
        line->peak_resident_bytes = saturating_sum(line->peak_resident_bytes, record->peak_resident_bytes);
        line->touched_bytes = saturating_sum(line->touched_bytes, record->touched_bytes);
        line->live_count = saturating_sum(line->live_count, record->live_count);
        line->growth_bytes_per_s = add_rates(line->growth_bytes_per_s, record->growth_bytes_per_s);
        line->growth_run_bytes_per_s = add_rates(line->growth_run_bytes_per_s, record->growth_run_bytes_per_s);
        if (record->kind == LW_SITE_SHARED)
            shared_bytes = saturating_sum(shared_bytes, record->resident_bytes);
    }
    line->shared = shared_bytes > line->resident_bytes / 2;
}

void lines_roll_up(struct profile *profile)
{
    const struct site **sorted = arena_new(&profile->arena, profile->site_count, sizeof(const struct site *));
    struct line *lines = arena_new(&profile->arena, profile->site_count, sizeof(*lines));
    size_t count = 0;

    for (size_t i = 0; i < profile->site_count; i++)
        sorted[i] = &profile->sites[i];
    qsort(sorted, profile->site_count, sizeof(const struct site *), site_compare);
    for (size_t i = 0, next; i < profile->site_count; i = next) {
        for (next = i + 1; next < profile->site_count; next++)
            if (!lines_same(sorted[i]->stack.user, sorted[next]->stack.user))
                break;
        line_sum(&lines[count++], sorted + i, next - i);
    }
    qsort(lines, count, sizeof(*lines), line_compare);
    profile->lines = lines;
    profile->line_count = count;
}
