/* SPDX-License-Identifier: MIT */
/*
 * turns: many threads may be inside together; somebody else may not while they are, and they not while he is. Zeroed
 * memory is nobody's turn. Any thread; turns_try, turns_join and turns_leave in signal handlers as well. Nesting is
 * fine. errno is preserved. In a forked child whoever was inside is gone: to be zeroed there.
 */
#ifndef LW_GROUND_TURNS_H
#define LW_GROUND_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct turns {
    uint32_t inside;
    uint32_t held; /* how many hold them off; futex of those who wait */
};

bool turns_try(struct turns *turns);
/* Waits for so long; false: still held off, the caller is not inside. */
bool turns_enter(struct turns *turns, uint64_t patience_ns);
void turns_join(struct turns *turns); /* inside, held off or not */
void turns_leave(struct turns *turns);

void turns_hold(struct turns *turns);                              /* nobody enters from here on */
bool turns_are_over(const struct turns *turns);                    /* nobody is inside */
void turns_await(const struct turns *turns, uint64_t patience_ns); /* until they are over, or for so long */
void turns_release(struct turns *turns);

#endif
