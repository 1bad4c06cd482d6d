/* SPDX-License-Identifier: MIT */
#include "conduct/touch.h"
#include "conduct/flight.h"
#include "conduct/stack.h"
#include "ground/guard.h"
#include "store/touches.h"

#include <string.h>

#define RING 4096u

static struct {
    uint64_t written; /* ever */
    uint64_t settled;
    struct lock turn;
    struct {
        uint64_t address;
        uint32_t node; /* 0: not complete yet */
        uint32_t pages;
    } ring[RING];
} touch;

/* One writer at a time. */
static void append(uint64_t address, uint64_t pages, const uint64_t *frames, uint32_t count)
{
    uint32_t node = count ? sites_node(&flight.sites, frames, count) : 0;
    if (!node || touch.written - __atomic_load_n(&touch.settled, __ATOMIC_ACQUIRE) >= RING)
        return;
    uint64_t at = touch.written % RING;
    touch.ring[at].address = address;
    touch.ring[at].node = node;
    touch.ring[at].pages = pages > UINT32_MAX ? UINT32_MAX : (uint32_t)pages;
    __atomic_store_n(&touch.written, touch.written + 1, __ATOMIC_RELEASE);
}

void touch_note(uint64_t address, uint64_t pages, void *ucontext)
{
    static uint64_t frames[LW_THREAD_FRAMES]; /* under the turn */
    if (!lock_try(&touch.turn))
        return; /* another thread is at it: its sample stands for ours */
    thread_state.depth++;
    uint32_t count = stack_in_handler(frames, LW_THREAD_FRAMES, ucontext, false, false);
    append(address, pages, frames, count);
    thread_state.depth--;
    lock_drop(&touch.turn);
}

void touch_note_here(uint64_t address, uint64_t pages)
{
    struct stack_scratch scratch;
    uint64_t frames[LW_THREAD_FRAMES];
    uint32_t count = stack_capture(&scratch, frames, LW_THREAD_FRAMES, NULL, false);
    if (!lock_try(&touch.turn))
        return;
    append(address, pages, frames, count);
    lock_drop(&touch.turn);
}

void touch_settle(uint32_t (*owner)(uint64_t address))
{
    uint64_t until = __atomic_load_n(&touch.written, __ATOMIC_ACQUIRE);
    for (uint64_t i = touch.settled; i < until; i++) {
        uint32_t site = owner(touch.ring[i % RING].address);
        uint64_t bytes = (uint64_t)touch.ring[i % RING].pages * flight.residency.page_bytes;
        touches_add(&flight.journal, site, touch.ring[i % RING].node, bytes);
        __atomic_fetch_add(&flight.journal.sites[site].touched_bytes, bytes, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&touch.settled, until, __ATOMIC_RELEASE);
}

void touch_reset(void)
{
    memset(&touch, 0, sizeof touch);
}
