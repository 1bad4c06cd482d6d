/* SPDX-License-Identifier: MIT */
/*
 * gate: what a touching thread does near the end. The watcher arms it; from then on every event of the
 * fault counter and every large request looks at the binding level's usage itself (0.4 us). Whoever finds the
 * margin closes the gate and stops the others (muster); each thread takes its own stack and waits. The watcher becomes
 * the conductor. Nobody who waits holds a lock of ours; of the program's locks they may hold any.
 *
 * gate_look and gate_event are called by the program's threads; the rest by the watcher.
 */
#ifndef LW_CONDUCT_GATE_H
#define LW_CONDUCT_GATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * From now on whoever finds no more headroom than the margin closes the gate. automatic: the margin grows with the
 * number of touching threads. Arming also calls the roll now and then, so that the thread that finds it need not.
 */
void gate_arm(uint64_t margin_bytes, bool automatic);
/* While armed, whoever grows rings for the watcher, once, when less headroom is left than that; 0: nobody does. */
void gate_ring_below(uint64_t headroom_bytes);
bool gate_has_rung(void);
void gate_disarm(void);
void gate_look(void); /* in our code, guard held: should the margin be reached, the caller waits on its way out */
void gate_event(uint64_t address, uint64_t pages, void *ucontext); /* from the fault counter's handler */
bool gate_is_armed(void);
bool gate_reached(void); /* a thread has found the margin since the last gate_open, or the gate stands closed */

/*
 * The watcher is about to take locks of the program (malloc_trim, the loader): whoever waits for it meanwhile might
 * hold just those. So until it is done everybody goes on whenever it sleeps (seen within a millisecond), but not while
 * it works, or would work if it had a processor.
 */
void gate_yield(bool yielding);
/* From now on everybody who comes by waits, and those who grow are stopped. By whoever finds the margin first. */
void gate_close(void);
/* Stops all threads that are to be stopped, and waits for their stacks, at most so long. */
void gate_gather(uint64_t patience_ns);
/*
 * action=park and action=signal: nobody is stopped; a thread that grows at this margin waits alone, until there is
 * more headroom than that or the hold ends. To be called before gate_open, which then leaves the gate armed.
 */
void gate_hold(bool holding, uint64_t margin_bytes);
uint32_t gate_held(void);   /* threads that wait so now */
void gate_open(void);       /* lets everybody go on, disarmed */
void gate_resume(void);     /* the same, and stays armed: what was found at the margin has passed */
uint64_t gate_margin(void); /* in force: it grows with the number of touching threads */
void gate_reset(void);

#endif
