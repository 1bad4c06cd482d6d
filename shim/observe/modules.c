/* SPDX-License-Identifier: MIT */
#include "observe/modules.h"
#include "ground/fence.h"
#include "ground/guard.h"
#include "ground/lock.h"
#include "ground/turns.h"

#include <stdint.h>
#include <string.h>

#define MAX_MODULES      1024u
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

static int iterate(modules_visit *visit, void *context)
{
    uint32_t copy = __atomic_load_n(&current, __ATOMIC_ACQUIRE);
    int result = 0;
    for (uint32_t i = 0; i < copies[copy].count && !result; i++) {
        struct dl_phdr_info info = copies[copy].modules[i];
        result = visit(&info, sizeof info, context);
    }
    return result;
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
