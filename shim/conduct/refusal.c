/* SPDX-License-Identifier: MIT */
#include "conduct/refusal.h"
#include "conduct/binding.h"
#include "conduct/flight.h"
#include "ground/text.h"

/* Smaller requests are granted as long as the margin is not reached: they are touched soon, and looked at then. */
#define FROM_BYTES   (64u << 10)
#define SAY_PAUSE_NS UINT64_C(10000000000)

struct moment {
    uint64_t exact_bytes, faults;
};

static struct {
    uint32_t armed;
    uint64_t margin_bytes;
    uint64_t granted_bytes;                           /* on their way into the stores */
    uint64_t untouched_bytes, exact_bytes, rss_bytes; /* at the last scan */
    uint64_t said_ns;
    struct moment before; /* the scan */
} refusal;

static uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

void refusal_arm(uint64_t margin_bytes)
{
    __atomic_store_n(&refusal.margin_bytes, margin_bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&refusal.armed, 1, __ATOMIC_RELEASE);
}

void refusal_disarm(void)
{
    __atomic_store_n(&refusal.armed, 0, __ATOMIC_RELEASE);
}

/* Recorded exactly and meant to be used. */
static uint64_t exact_bytes(void)
{
    uint32_t count = journal_used(journal_section(&flight.journal, LW_SECTION_SITES));
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct lw_site *site = &flight.journal.sites[i];
        if (site->kind != LW_SITE_RESERVED && site->kind != LW_SITE_FILE)
            sum += load(&site->exact_bytes);
    }
    return sum;
}

static uint64_t rss_now(void)
{
    uint64_t rss = 0, data;
    return process_statm(&rss, &data) ? rss : load(&refusal.rss_bytes);
}

static struct moment moment_now(void)
{
    struct process_numbers numbers = {0};
    process_read(&numbers);
    return (struct moment){.exact_bytes = exact_bytes(), .faults = numbers.minor_faults};
}

void refusal_begin_scan(void)
{
    if (__atomic_load_n(&refusal.armed, __ATOMIC_ACQUIRE))
        refusal.before = moment_now();
}

/* What was freed or touched since the scan began, at least. */
static uint64_t moved(void)
{
    struct moment now = moment_now(), *before = &refusal.before;
    uint64_t freed = before->exact_bytes > now.exact_bytes ? before->exact_bytes - now.exact_bytes : 0;
    return freed + (now.faults - before->faults) * flight.residency.page_bytes;
}

void refusal_settle(uint64_t untouched_bytes)
{
    if (__atomic_load_n(&refusal.armed, __ATOMIC_ACQUIRE) && refusal.before.faults) {
        uint64_t unsure = moved();
        untouched_bytes = untouched_bytes > unsure ? untouched_bytes - unsure : 0;
    }
    __atomic_store_n(&refusal.untouched_bytes, untouched_bytes, __ATOMIC_RELAXED);
    __atomic_store_n(&refusal.exact_bytes, exact_bytes(), __ATOMIC_RELAXED);
    __atomic_store_n(&refusal.rss_bytes, rss_now(), __ATOMIC_RELAXED);
}

static uint64_t outstanding(void)
{
    int64_t granted = (int64_t)(exact_bytes() - load(&refusal.exact_bytes));
    int64_t touched = (int64_t)(rss_now() - load(&refusal.rss_bytes));
    int64_t left = (int64_t)load(&refusal.untouched_bytes) + granted - touched;
    return left > 0 ? (uint64_t)left : 0;
}

static void say(uint64_t bytes, uint64_t headroom, uint64_t promised)
{
    char buffer[320];
    struct text text = TEXT_ON(buffer);
    uint64_t now = flight_now_ns(), before = load(&refusal.said_ns);
    if (flight.options.verbose < 1 || (before && now - before < SAY_PAUSE_NS))
        return;
    __atomic_store_n(&refusal.said_ns, now | 1, __ATOMIC_RELAXED);
    text_add(&text, "lastwords: ");
    text_add(&text, flight.journal.identity->program);
    text_add(&text, " (pid ");
    text_u64(&text, flight.journal.identity->pid);
    text_add(&text, ") asked for ");
    text_size(&text, bytes);
    text_add(&text, " with ");
    text_size(&text, headroom);
    text_add(&text, " of headroom left");
    if (promised >= FROM_BYTES) {
        text_add(&text, ", ");
        text_size(&text, promised);
        text_add(&text, " of it promised to earlier requests");
    }
    text_add(&text, ": refused (ENOMEM)\n");
    sys_write_all(2, text.buffer, text.length);
}

bool refusal_of(uint64_t bytes)
{
    if (!bytes || !__atomic_load_n(&refusal.armed, __ATOMIC_ACQUIRE))
        return false;
    bool small = bytes < FROM_BYTES; /* statistics are not read for each of these */
    uint64_t margin = load(&refusal.margin_bytes), headroom = binding_headroom(small ? 0 : margin + bytes);
    if (small && headroom > margin)
        return false;
    uint64_t before = __atomic_fetch_add(&refusal.granted_bytes, bytes, __ATOMIC_ACQ_REL);
    uint64_t promised = outstanding() + before;
    if (headroom > margin && promised < headroom - margin && bytes <= headroom - margin - promised)
        return false;
    refusal_recorded(bytes);
    say(bytes, headroom, promised);
    return true;
}

void refusal_recorded(uint64_t bytes)
{
    uint64_t now = load(&refusal.granted_bytes);
    while (now && !__atomic_compare_exchange_n(&refusal.granted_bytes, &now, now > bytes ? now - bytes : 0, true,
                                               __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        continue;
}
