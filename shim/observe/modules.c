/* SPDX-License-Identifier: MIT */
#include "observe/modules.h"
#include "ground/fence.h"
#include "ground/guard.h"
#include "ground/lock.h"
#include "ground/sys.h"

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
static uint32_t closing, readers; /* threads in a dlclose, threads that read the current copy */
static uint32_t wanted, had;      /* the unloadings that were, and that the current copy knows of */
static unsigned long long adds;   /* loadings that the current copy knows of */
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

void modules_follow(void)
{
    if (counts_now().adds != __atomic_load_n(&adds, __ATOMIC_ACQUIRE))
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

static bool is_sound(void)
{
    return !__atomic_load_n(&closing, __ATOMIC_SEQ_CST) &&
           __atomic_load_n(&had, __ATOMIC_SEQ_CST) == __atomic_load_n(&wanted, __ATOMIC_SEQ_CST);
}

bool modules_hold(void)
{
    __atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
    if (is_sound()) {
        thread_state.flags |= THREAD_HOLDS;
        return true;
    }
    __atomic_fetch_sub(&readers, 1, __ATOMIC_SEQ_CST);
    return false;
}

void modules_let_go(void)
{
    thread_state.flags &= ~THREAD_HOLDS;
    __atomic_fetch_sub(&readers, 1, __ATOMIC_SEQ_CST);
}

int modules_iterate(modules_visit *visit, void *context)
{
    int result = 0;
    if (thread_state.flags & THREAD_HOLDS)
        return iterate(visit, context);
    __atomic_fetch_add(&readers, 1, __ATOMIC_SEQ_CST);
    if (is_sound())
        result = iterate(visit, context);
    __atomic_fetch_sub(&readers, 1, __ATOMIC_SEQ_CST);
    return result;
}

void modules_closing(void)
{
    __atomic_fetch_add(&closing, 1, __ATOMIC_SEQ_CST);
    for (uint64_t until = sys_now_ns() + READERS_PATIENCE; __atomic_load_n(&readers, __ATOMIC_SEQ_CST); sys_yield())
        if (sys_now_ns() > until)
            break;
}

void modules_closed(bool unloaded)
{
    if (unloaded) {
        __atomic_fetch_add(&wanted, 1, __ATOMIC_SEQ_CST);
        modules_refresh();
    }
    __atomic_fetch_sub(&closing, 1, __ATOMIC_SEQ_CST);
}

void modules_forked(void)
{
    closing = readers = 0;
    filling.word = 0;
}
