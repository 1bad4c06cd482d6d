/* SPDX-License-Identifier: MIT */
#include "observe/modules.h"
#include "ground/fence.h"
#include "ground/guard.h"
#include "ground/lock.h"
#include "ground/turns.h"

#include <stdint.h>
#include <string.h>

#define MAX_MODULES      1024u
#define RECENT           4u
#define READERS_PATIENCE UINT64_C(20000000) /* a walk takes 50 us, unless its thread loses the processor */

/* Two copies: readers use the current one while the other is being filled. */
static struct {
    struct dl_phdr_info modules[MAX_MODULES];
    uint32_t count;
} copies[2];
static uint32_t current;
static struct turns walks;      /* inside: threads that read the current copy; held by those in a dlclose */
static uint32_t wanted, had;    /* the unloadings that were, and that the current copy knows of */
static unsigned long long adds; /* loadings that the current copy knows of */
static struct lock filling;
static uint32_t recent[RECENT]; /* where searches ended, the last one first; as good as any other where it is wrong */

/* Of the loader: loadings and unloadings since the beginning. */
struct counts {
    unsigned long long adds, subs;
};

static int keep(struct dl_phdr_info *info, size_t size, void *context)
{
    uint32_t copy = *(const uint32_t *)context, at = copies[copy].count;
    if (at == MAX_MODULES)
        return 1;
    memcpy(&copies[copy].modules[at], info, size < sizeof *info ? size : sizeof *info);
    copies[copy].modules[at].dlpi_name = ""; /* the loader may free the name */
    copies[copy].count = at + 1;
    __atomic_store_n(&adds, info->dlpi_adds, __ATOMIC_RELEASE);
    return 0;
}

void modules_refresh(void)
{
    if (!lock_take(&filling))
        return;
    uint32_t knows = __atomic_load_n(&wanted, __ATOMIC_SEQ_CST), copy = 1 - current;
    copies[copy].count = 0;
    fence_each_module(keep, &copy);
    __atomic_store_n(&current, copy, __ATOMIC_RELEASE);
    __atomic_store_n(&had, knows, __ATOMIC_SEQ_CST);
    lock_drop(&filling);
}

static int read_counts(struct dl_phdr_info *info, size_t size, void *context)
{
    struct counts *counts = context;
    counts->adds = info->dlpi_adds;
    counts->subs = info->dlpi_subs;
    return 1;
}

static struct counts counts_now(void)
{
    struct counts counts = {0};
    fence_each_module(read_counts, &counts);
    return counts;
}

unsigned long long modules_loaded(void)
{
    return counts_now().adds;
}

void modules_follow(void)
{
    if (modules_loaded() != __atomic_load_n(&adds, __ATOMIC_ACQUIRE))
        modules_refresh();
}

bool modules_unloaded(void)
{
    static unsigned long long told;
    unsigned long long now = counts_now().subs;
    return now != __atomic_exchange_n(&told, now, __ATOMIC_ACQ_REL);
}

static bool is_among(const uint32_t *numbers, uint32_t count, uint32_t number)
{
    for (uint32_t i = 0; i < count; i++)
        if (numbers[i] == number)
            return true;
    return false;
}

/* Copies them, each once; returns how many there are. */
static uint32_t recent_among(uint32_t modules, uint32_t *numbers)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < RECENT; i++) {
        uint32_t number = __atomic_load_n(&recent[i], __ATOMIC_RELAXED);
        if (number < modules && !is_among(numbers, n, number))
            numbers[n++] = number;
    }
    return n;
}

static void ended_at(uint32_t number)
{
    uint32_t moving = number;
    for (uint32_t i = 0; i < RECENT; i++) {
        uint32_t had_here = __atomic_exchange_n(&recent[i], moving, __ATOMIC_RELAXED);
        if (had_here == number)
            break;
        moving = had_here;
    }
}

/* An unwinder looks for the one module of an address, and the next address lies in the same one or in the one before.
   Of a hundred others it would read each one's headers, which are in no cache. */
static int iterate(modules_visit *visit, void *context)
{
    uint32_t copy = __atomic_load_n(&current, __ATOMIC_ACQUIRE), count = copies[copy].count, first[RECENT];
    uint32_t ahead = recent_among(count, first);
    for (uint32_t i = 0; i < ahead + count; i++) {
        uint32_t number = i < ahead ? first[i] : i - ahead;
        if (i >= ahead && is_among(first, ahead, number))
            continue;
        struct dl_phdr_info info = copies[copy].modules[number];
        int result = visit(&info, sizeof info, context);
        if (result) {
            if (!ahead || number != first[0])
                ended_at(number);
            return result;
        }
    }
    return 0;
}

/* The current copy has nothing that is gone, and nothing goes until turns_leave. */
static bool begin_walk(void)
{
    if (!turns_try(&walks))
        return false;
    if (__atomic_load_n(&had, __ATOMIC_SEQ_CST) == __atomic_load_n(&wanted, __ATOMIC_SEQ_CST))
        return true;
    turns_leave(&walks);
    return false;
}

bool modules_hold(void)
{
    if (!begin_walk())
        return false;
    thread_state.flags |= THREAD_HOLDS;
    return true;
}

void modules_let_go(void)
{
    thread_state.flags &= ~THREAD_HOLDS;
    turns_leave(&walks);
}

int modules_iterate(modules_visit *visit, void *context)
{
    if (thread_state.flags & THREAD_HOLDS)
        return iterate(visit, context);
    if (!begin_walk())
        return 0;
    int result = iterate(visit, context);
    turns_leave(&walks);
    return result;
}

void modules_closing(void)
{
    turns_hold(&walks);
    turns_await(&walks, READERS_PATIENCE);
}

void modules_closed(bool unloaded)
{
    if (unloaded) {
        __atomic_fetch_add(&wanted, 1, __ATOMIC_SEQ_CST);
        modules_refresh();
    }
    turns_release(&walks);
}

void modules_forked(void)
{
    walks = (struct turns){0};
    filling.word = 0;
}
