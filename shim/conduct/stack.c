/* SPDX-License-Identifier: MIT */
#include "conduct/stack.h"
#include "conduct/flight.h"
#include "ground/guard.h"
#include "observe/elf_symbols.h"
#include "observe/python.h"
#include "observe/unwind.h"

struct merge {
    uint64_t *frames;
    uint32_t count;
    uint32_t capacity;
};

static void push(struct merge *merge, uint64_t frame)
{
    if (merge->count < merge->capacity)
        merge->frames[merge->count++] = frame;
}

static uint32_t entries(const struct python_stack *python)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < python->count; i++)
        n += python->entry[i];
    return n;
}

/* Each evaluation loop runs the Python frames up to and including the next one that was called from C. */
static void interleave(struct merge *merge, const uint64_t *native, uint32_t count, const struct python_stack *python)
{
    uint32_t next = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!python_is_evaluation(native[i])) {
            push(merge, native[i]);
            continue;
        }
        while (next < python->count) {
            push(merge, python->frames[next]);
            if (python->entry[next++])
                break;
        }
    }
    while (next < python->count)
        push(merge, python->frames[next++]);
}

/*
 * How many of the native frames run the Python frames: all of them when there is one evaluation loop for each entry. A
 * greenlet's Python frames end where it begins, while the native ones seem to go on into whatever stands on the stack
 * that it was started on: then those up to greenlet's own. 0: their order cannot be established.
 */
static uint32_t in_order(const uint64_t *native, uint32_t count, const struct python_stack *python)
{
    uint32_t wanted = entries(python), seen = 0, i;
    for (i = 0; i < count && seen <= wanted; i++) {
        seen += python_is_evaluation(native[i]);
        if (seen && seen == wanted && elf_is_switcher(native[i]))
            break;
    }
    while (i < count && elf_is_switcher(native[i]))
        i++;
    return seen == wanted ? i : 0;
}

static void stack_up(struct merge *merge, const uint64_t *native, uint32_t count, const struct python_stack *python)
{
    for (uint32_t i = 0; i < python->count; i++)
        push(merge, python->frames[i]);
    push(merge, LW_FRAME_MARKER | (count ? LW_MARKER_UNMERGED : LW_MARKER_NO_NATIVE));
    for (uint32_t i = 0; i < count; i++)
        push(merge, native[i]);
}

static uint32_t interrupted(void *ucontext, uint64_t *native)
{
    uint32_t before = thread_state.flags;
    thread_state.flags |= THREAD_HANDLER;
    uint32_t count = unwind_interrupted(ucontext, native, UNWIND_MAX);
    thread_state.flags = before;
    return count;
}

uint32_t stack_capture(struct stack_scratch *scratch, uint64_t *frames, uint32_t capacity, void *ucontext, bool async)
{
    struct python_stack *python = &scratch->python;
    uint64_t *native = scratch->native;
    struct merge merge = {.frames = frames, .capacity = capacity ? capacity - 1 : 0};
    uint32_t count = ucontext ? interrupted(ucontext, native) : unwind_native(native, UNWIND_MAX);
    enum python_result result = python_walk(python, async ? PYTHON_ASYNC : PYTHON_OWN);
    bool cut = count == UNWIND_MAX || (result == PYTHON_FOUND && python->truncated);
    uint32_t own = cut || result != PYTHON_FOUND ? count : in_order(native, count, python);
    if (result == PYTHON_MISSED) {
        __atomic_fetch_add(&flight.stacks_missed, 1, __ATOMIC_RELAXED);
        push(&merge, LW_FRAME_MARKER | LW_MARKER_NO_PYTHON);
    }
    if (result != PYTHON_FOUND) {
        if (!count)
            push(&merge, LW_FRAME_MARKER | LW_MARKER_NO_NATIVE);
        for (uint32_t i = 0; i < count; i++)
            push(&merge, native[i]);
    } else if (own) {
        interleave(&merge, native, own, python);
    } else {
        stack_up(&merge, native, count, python);
    }
    if (cut || merge.count == merge.capacity) {
        merge.capacity = capacity;
        push(&merge, LW_FRAME_MARKER | LW_MARKER_TRUNCATED);
    }
    return merge.count;
}

static struct lock turn; /* of the handlers */

void stack_reset(void)
{
    turn.word = 0; /* a fork may have left it taken by a thread that is not here */
}

uint32_t stack_in_handler(uint64_t *frames, uint32_t capacity, void *ucontext, bool async, bool patient)
{
    static struct stack_scratch scratch;
    if (!lock_try(&turn)) {
        if (!patient)
            return 0;
        while (!lock_take(&turn))
            continue; /* each holder needs some 50 us */
    }
    uint32_t count = stack_capture(&scratch, frames, capacity, ucontext, async);
    lock_drop(&turn);
    return count;
}
