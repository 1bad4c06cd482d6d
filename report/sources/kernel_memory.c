/* SPDX-License-Identifier: MIT */
#include "sources/kernel_memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sources/kernel_scan.h"

#define MOST_BYTES (UINT64_C(1) << 56) /* of one statistic: sums must not overflow */

bool memory_amount(const char *line, enum oom_amount_kind *kind, struct oom_amount *amount)
{
    static const char *const heads[OOM_AMOUNTS] = {[OOM_MEMORY] = "memory: usage ",
                                                   [OOM_SWAP] = "swap: usage ",
                                                   [OOM_MEMSW] = "memory+swap: usage ",
                                                   [OOM_KMEM] = "kmem: usage "};

    for (size_t i = 0; i < OOM_AMOUNTS; i++)
        if (scan_after(line, heads[i])) {
            struct oom_amount read = {LW_UNKNOWN, LW_UNKNOWN, LW_UNKNOWN};
            scan_kilobytes(line, "usage ", &read.usage_bytes);
            scan_kilobytes(line, "limit ", &read.limit_bytes);
            scan_number(line, "failcnt ", &read.failures);
            *kind = (enum oom_amount_kind)i;
            *amount = read;
            return true;
        }
    return false;
}

/* memory_stats[] and memcg1_stats[] of mm/memcontrol*.c */
static const struct {
    const char *name;
    enum oom_stat stat;
} names[] = {
    {"anon", OOM_STAT_ANON},
    {"file", OOM_STAT_FILE},
    {"kernel", OOM_STAT_KERNEL},
    {"kernel_stack", OOM_STAT_KERNEL_STACK},
    {"pagetables", OOM_STAT_PAGE_TABLES},
    {"percpu", OOM_STAT_PERCPU},
    {"sock", OOM_STAT_SOCK},
    {"vmalloc", OOM_STAT_VMALLOC},
    {"shmem", OOM_STAT_SHMEM},
    {"file_mapped", OOM_STAT_MAPPED},
    {"file_dirty", OOM_STAT_DIRTY},
    {"file_writeback", OOM_STAT_WRITEBACK},
    {"anon_thp", OOM_STAT_HUGE},
    {"slab", OOM_STAT_SLAB},
    {"inactive_file", OOM_STAT_INACTIVE_FILE},
    {"active_file", OOM_STAT_ACTIVE_FILE},
    {"unevictable", OOM_STAT_UNEVICTABLE},
    {"cache", OOM_STAT_FILE},
    {"rss", OOM_STAT_ANON},
    {"rss_huge", OOM_STAT_HUGE},
    {"mapped_file", OOM_STAT_MAPPED},
    {"dirty", OOM_STAT_DIRTY},
    {"writeback", OOM_STAT_WRITEBACK},
    {"swap", OOM_STAT_SWAP},
};

static bool stat_of(const char *word, size_t length, enum oom_stat *stat)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == length && memcmp(names[i].name, word, length) == 0) {
            *stat = names[i].stat;
            return true;
        }
    return false;
}

void memory_inline_stats(const char *text, uint64_t stats[OOM_STATS])
{
    while (*(text += strspn(text, " "))) {
        size_t length = strcspn(text, ": ");
        enum oom_stat stat;
        uint64_t bytes;
        if (text[length] == ':' && stat_of(text, length, &stat) && scan_kilobytes(text + length, ":", &bytes) &&
            bytes < MOST_BYTES)
            stats[stat] = (stats[stat] < MOST_BYTES ? stats[stat] : 0) + bytes;
        text += strcspn(text, " ");
    }
}

bool memory_stat_row(const char *line, uint64_t stats[OOM_STATS], bool *total)
{
    size_t length = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
    enum oom_stat stat;
    uint64_t bytes;

    if (length == 0 || line[length] != ' ' || !isdigit((unsigned char)line[length + 1]) ||
        strspn(line + length + 1, "0123456789") != strlen(line + length + 1))
        return false;
    bool whole = length > 6 && memcmp(line, "total_", 6) == 0;
    *total = *total || whole;
    if (stat_of(whole ? line + 6 : line, whole ? length - 6 : length, &stat) && whole == *total &&
        scan_number(line + length, " ", &bytes) && bytes < MOST_BYTES)
        stats[stat] = bytes;
    return true;
}

static const struct {
    const char *key;
    enum oom_page_count count;
} counts[] = {
    {"active_anon:", OOM_PAGES_ACTIVE_ANON},
    {"inactive_anon:", OOM_PAGES_INACTIVE_ANON},
    {"active_file:", OOM_PAGES_ACTIVE_FILE},
    {"inactive_file:", OOM_PAGES_INACTIVE_FILE},
    {"unevictable:", OOM_PAGES_UNEVICTABLE},
    {"dirty:", OOM_PAGES_DIRTY},
    {"writeback:", OOM_PAGES_WRITEBACK},
    {"slab_reclaimable:", OOM_PAGES_SLAB_RECLAIMABLE},
    {"slab_unreclaimable:", OOM_PAGES_SLAB_UNRECLAIMABLE},
    {"shmem:", OOM_PAGES_SHMEM},
    {"pagetables:", OOM_PAGES_PAGE_TABLES},
    {"free:", OOM_PAGES_FREE},
};

/* active_anon:724 inactive_anon:108071 isolated_anon:0 … in pages */
static bool read_counts(const char *line, struct oom_record *record)
{
    bool any = false;

    for (const char *word = line; *(word += strspn(word, " ")); word += strcspn(word, " "))
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            uint64_t pages;
            if (scan_after(word, counts[i].key) && scan_number(word, ":", &pages) && pages < MOST_BYTES / 65536) {
                record->pages[counts[i].count] = pages;
                any = true;
            }
        }
    return any;
}

/* Node 0 DMA32 free:2556kB boost:0kB min:2608kB low:3260kB … managed:450788kB … */
static bool read_zone(const char *line, struct oom_record *record)
{
    const char *numbers = strstr(line, " free:");
    struct oom_zone zone = {.free_bytes = LW_UNKNOWN, .min_bytes = LW_UNKNOWN, .managed_bytes = LW_UNKNOWN};

    if (!scan_after(line, "Node "))
        return false;
    if (!numbers || record->zone_count == OOM_MAX_ZONES)
        return true;
    scan_copy(line, numbers, zone.name, sizeof(zone.name));
    scan_kilobytes(numbers, " free:", &zone.free_bytes);
    scan_kilobytes(numbers, " min:", &zone.min_bytes);
    scan_kilobytes(numbers, " managed:", &zone.managed_bytes);
    record->zones[record->zone_count++] = zone;
    return true;
}

bool memory_machine_row(const char *line, struct oom_record *record)
{
    static const struct {
        const char *end;
        enum oom_page_count count;
    } sums[] = {{" pages RAM", OOM_PAGES_RAM},
                {" pages reserved", OOM_PAGES_RESERVED},
                {" total pagecache pages", OOM_PAGES_CACHE}};
    size_t digits = strspn(line, "0123456789");

    if (scan_kilobytes(line, "Total swap = ", &record->swap_total_bytes) ||
        scan_kilobytes(line, "Free swap  = ", &record->swap_free_bytes) || read_zone(line, record))
        return true;
    for (size_t i = 0; digits > 0 && digits < 16 && i < sizeof(sums) / sizeof(sums[0]); i++)
        if (strcmp(line + digits, sums[i].end) == 0) {
            record->pages[sums[i].count] = strtoull(line, NULL, 10);
            return true;
        }
    return isalpha((unsigned char)line[0]) && strchr(line, ':') && read_counts(line, record);
}
