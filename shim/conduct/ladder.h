/* SPDX-License-Identifier: MIT */
/*
 * ladder: the rungs of an incident (see policy.h), climbed by the watcher: warn, relief, the report, the action, and
 * back to calm. Watcher only.
 */
#ifndef LW_CONDUCT_LADDER_H
#define LW_CONDUCT_LADDER_H

#include <stdbool.h>
#include <stdint.h>

void ladder_climb(uint64_t now_ns); /* as far as the state of things demands; an abort does not return */
bool ladder_is_warned(void);        /* headroom fell below warn, and the incident is not over */
bool ladder_is_reported(void);      /* its report is complete */
void ladder_reset(void);

#endif
