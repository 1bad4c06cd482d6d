/* SPDX-License-Identifier: MIT */
#include "voices/top_view.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/labels.h"
#include "sources/sizes.h"

#define SPARK_NS UINT64_C(60000000000) /* how far the sparkline looks back */

/* Characters of the bar and the sparkline, for terminals with and without UTF-8. */
static const char *const spark_steps[2][8] = {{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
                                              {"_", ".", "-", "=", "+", "*", "%", "#"}};
static const struct {
    const char *used, *reclaimable, *free;
} bars[2] = {{"█", "▒", "·"}, {"#", ":", "."}};

/* Multi-byte characters of labels that have a counterpart; others become '?'. */
static const struct {
    const char *from, *to;
} plain[] = {{"→", ">"}, {"…", "~"}};

static void to_ascii(char *text)
{
    char *out = text;

    while (*text) {
        size_t length = 1;
        char letter = *text;
        if ((unsigned char)letter >= 0x80) {
            while (((unsigned char)text[length] & 0xc0) == 0x80)
                length++;
            letter = '?';
            for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
                if (strncmp(text, plain[i].from, strlen(plain[i].from)) == 0)
                    letter = plain[i].to[0];
        }
        *out++ = letter;
        text += length;
    }
    *out = '\0';
}

/* One more line, cut to the width; nothing when the page is full. */
__attribute__((format(printf, 4, 5))) static void line(struct top_page *page, const struct top_view *view,
                                                       enum top_look look, const char *format, ...)
{
    struct top_line *added = &page->lines[page->count];
    va_list arguments;

    if (page->count >= view->rows || page->count == TOP_MAX_LINES)
        return;
    page->count++;
    added->look = look;
    va_start(arguments, format);
    vsnprintf(added->text, sizeof(added->text), format, arguments);
    va_end(arguments);
    if (view->ascii)
        to_ascii(added->text);
    size_t columns = 0, bytes = 0;
    while (added->text[bytes]) {
        size_t next = bytes + 1;
        while (((unsigned char)added->text[next] & 0xc0) == 0x80)
            next++;
        if (columns++ == view->columns)
            break;
        bytes = next;
    }
    added->text[bytes] = '\0';
}

static size_t append(char *out, size_t used, size_t size, const char *text)
{
    size_t length = strlen(text);

    if (used + length >= size)
        return used;
    memcpy(out + used, text, length + 1);
    return used + length;
}

/* [used reclaimable free] of the limit, in so many columns. */
static void bar(const struct lw_level *level, size_t columns, bool ascii, char *out, size_t size)
{
    uint64_t reclaimable = known_bytes(level->reclaimable_bytes), used = known_bytes(level->used_bytes);
    size_t all = size_scaled(columns, used, level->limit_bytes), bytes = 0;
    size_t soft = size_scaled(columns, reclaimable, level->limit_bytes);

    all = all < columns ? all : columns;
    soft = soft < all ? soft : all;
    out[0] = '\0';
    for (size_t i = 0; i < columns; i++)
        bytes = append(out, bytes, size,
                       i < all - soft ? bars[ascii].used
                       : i < all      ? bars[ascii].reclaimable
                                      : bars[ascii].free);
}

static void compose_limit(const struct profile *profile, const struct top_view *view, struct top_page *page)
{
    const struct lw_state *state = &profile->state;
    char text[400], soon[64] = "";

    if (!profile->binding) {
        line(page, view, TOP_PLAIN, "limit     %s", profile->has_state ? "none was found" : "not known yet");
        return;
    }
    const struct lw_level *level = &profile->binding->record;
    double percent = level->limit_bytes ? 100.0 * (double)level->headroom_bytes / (double)level->limit_bytes : 0;
    bar(level, view->columns - 12, view->ascii, text, sizeof(text));
    line(page, view, state->stage >= LW_STAGE_WARN ? TOP_ALARM : TOP_PLAIN, "memory    [%s]", text);
    if (state->time_to_limit_ms != LW_UNKNOWN && state->growth_bytes_per_s > 0)
        snprintf(soon, sizeof(soon), ", limit in %s", size_duration(state->time_to_limit_ms).text);
    line(page, view, state->stage >= LW_STAGE_WARN ? TOP_ALARM : TOP_PLAIN, "headroom  %s (%.*f %%) of %s, growth %s%s",
         size_prose(level->headroom_bytes).text, percent < 10, percent, size_prose(level->limit_bytes).text,
         size_rate(state->growth_bytes_per_s).text, soon);
    line(page, view, TOP_PLAIN, "limit     %s %s: used %s, reclaimable %s", profile->binding->kind,
         profile->binding->path, size_prose(known_bytes(level->used_bytes)).text,
         size_prose(known_bytes(level->reclaimable_bytes)).text);
}

static void compose_memory(const struct profile *profile, const struct top_view *view, struct top_page *page)
{
    const struct lw_state *state = &profile->state;

    if (!profile->has_state)
        return;
    if (state->some_total_us != LW_UNKNOWN)
        line(page, view, TOP_PLAIN, "pressure  some %.1f %%  full %.1f %% (10 s)", state->some_avg10_permyriad / 100.0,
             state->full_avg10_permyriad / 100.0);
    line(page, view, TOP_PLAIN, "resident  %s (peak %s), committed %s, swapped %s",
         size_prose(known_bytes(state->rss_bytes)).text, size_prose(known_bytes(state->peak_rss_bytes)).text,
         size_prose(known_bytes(state->committed_bytes)).text, size_prose(known_bytes(state->swap_bytes)).text);
}

/* The least headroom of each stretch of the last minute, against the most that is shown. */
static void compose_sparkline(const struct profile *profile, const struct top_view *view, struct top_page *page)
{
    uint64_t least[200], most = 1;
    size_t columns = view->columns - 24 < 200 ? view->columns - 24 : 200, bytes = 0;
    char text[sizeof(least) / sizeof(least[0]) * 4 + 1] = "";

    if (profile->tick_count < 2 || !profile->binding)
        return;
    uint64_t end = profile->ticks[profile->tick_count - 1].t_ns, begin = profile->ticks[0].t_ns;
    uint64_t from = end > SPARK_NS && end - SPARK_NS > begin ? end - SPARK_NS : begin;
    uint64_t step = (end - from) / columns + 1;
    memset(least, 0xff, sizeof(least));
    for (size_t i = 0; i < profile->tick_count; i++) {
        const struct lw_tick *tick = &profile->ticks[i];
        size_t at = tick->t_ns >= from ? (size_t)((tick->t_ns - from) / step) : columns;
        if (at < columns && tick->headroom_bytes < least[at])
            least[at] = tick->headroom_bytes;
    }
    for (size_t i = 0; i < columns; i++) {
        if (least[i] == UINT64_MAX && i > 0)
            least[i] = least[i - 1]; /* no tick in this stretch: nothing was new */
        most = least[i] != UINT64_MAX && least[i] > most ? least[i] : most;
    }
    for (size_t i = 0; i < columns; i++)
        bytes = append(text, bytes, sizeof(text),
                       least[i] == UINT64_MAX
                           ? " "
                           : spark_steps[view->ascii][size_scaled(7, least[i], most)]);
    line(page, view, TOP_PLAIN, "history   %s  last %s", text, size_duration((end - from) / 1000000).text);
}

static void compose_lines(const struct profile *profile, const struct top_view *view, struct top_page *page)
{
    static const struct {
        enum metric metric;
        const char *name;
    } columns[] = {{METRIC_RESIDENT, "RESIDENT"},
                   {METRIC_COMMITTED, "COMMITTED"},
                   {METRIC_GROWTH, "GROWTH"},
                   {METRIC_PEAK, "PEAK"}};
    char head[80] = "";
    size_t used = 0, last = view->rows - (view->keys ? 2 : 0);

    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        char name[16];
        snprintf(name, sizeof(name), "%s%s", columns[i].metric == view->by ? "*" : "", columns[i].name);
        used += (size_t)snprintf(head + used, sizeof(head) - used, "%*s", columns[i].metric == METRIC_GROWTH ? 13 : 11,
                                 name);
    }
    line(page, view, TOP_PLAIN, "%s", "");
    line(page, view, TOP_HEAD, "%s  WHERE", head);
    const struct line **lines = metric_lines(profile, view->by);
    for (size_t i = 0; i < profile->line_count && page->count < last; i++) {
        const struct line *shown = lines[i];
        bool growing = shown->growth_bytes_per_s > (1 << 20);
        line(page, view, growing ? TOP_PLAIN : TOP_DIM, "%11s%11s%13s%11s  %s", size_table(shown->resident_bytes).text,
             size_table(shown->committed_bytes).text, size_rate(shown->growth_bytes_per_s).text,
             size_table(shown->peak_resident_bytes).text,
             label_chain(&shown->sites[0]->stack, view->columns > 68 ? view->columns - 48 : 20).text);
    }
    if (profile->line_count == 0)
        line(page, view, TOP_DIM, "%11s  no allocation has been recorded yet", "");
    free(lines);
}

static void compose_keys(const struct top_view *view, struct top_page *page, const char *keys)
{
    if (!view->keys)
        return;
    if (page->count > view->rows - 1)
        page->count = view->rows - 1;
    while (page->count < view->rows - 1)
        line(page, view, TOP_PLAIN, "%s", "");
    line(page, view, TOP_DIM, "%s", keys);
}

void top_compose(const struct profile *profile, const struct top_view *view, struct top_page *page)
{
    struct verdict verdict;
    char title[200];

    page->count = 0;
    verdict_decide(profile, &profile, 1, &verdict);
    verdict_title(profile, &verdict, title, sizeof(title));
    line(page, view, TOP_TITLE, "%s (pid %u) %s, %s, %s", label_cut(profile->command, view->columns / 2).text,
         profile->identity->pid, title, size_duration(profile->last_ns / 1000000).text,
         profile_stage_name(profile->state.stage));
    compose_limit(profile, view, page);
    compose_sparkline(profile, view, page);
    compose_memory(profile, view, page);
    compose_lines(profile, view, page);
    compose_keys(view, page, "q quit   sort: r resident  c committed  g growth  p peak   l processes");
}

void top_compose_list(const struct top_candidate *candidates, size_t count, size_t chosen, const struct top_view *view,
                      struct top_page *page)
{
    size_t last = view->rows - (view->keys ? 2 : 0), first = 0;

    page->count = 0;
    line(page, view, TOP_TITLE, "%zu process%s with a journal", count, count == 1 ? "" : "es");
    line(page, view, TOP_PLAIN, "%s", "");
    line(page, view, TOP_HEAD, "%10s %12s %12s  COMMAND", "PID", "RESIDENT", "HEADROOM");
    if (last > page->count && chosen < count && chosen >= last - page->count)
        first = chosen - (last - page->count) + 1;
    for (size_t i = first; i < count && page->count < last; i++) {
        uint64_t headroom = candidates[i].headroom_bytes;
        line(page, view, i == chosen ? TOP_CHOSEN : TOP_PLAIN, "%10u %12s %12s  %s", candidates[i].pid,
             size_table(candidates[i].resident_bytes).text, headroom == LW_UNLIMITED ? "-" : size_table(headroom).text,
             candidates[i].command);
    }
    compose_keys(view, page, "q quit   up/down choose   Enter look into it");
}
