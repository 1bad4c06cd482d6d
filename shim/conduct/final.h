/* SPDX-License-Identifier: MIT */
/*
 * final: the last act, and the early snapshot before it. Watcher thread only.
 *
 * What it may not do, because stopped threads may hold any lock of the program (malloc's, the loader's, the GIL):
 * allocate, call into the loader (dl_iterate_phdr, dladdr), use stdio, wait for anybody without a limit. Everything
 * it writes goes into memory that exists already, then by write(2).
 */
#ifndef LW_CONDUCT_FINAL_H
#define LW_CONDUCT_FINAL_H

#include <stdbool.h>

#include "journal_format.h"

void final_warn(bool leisure); /* one line, and a snapshot where there is time for it */
void final_act(void);          /* the margin is reached: complete report, then the action; abort does not return */
bool final_is_due(void);       /* an action that was not taken, because another process came first, is due after all */
void final_end(const char *why); /* the rung above signal and park: another look, then the abort */
void final_recovered(void);      /* the incident is over */
void final_mark(enum lw_mark_kind kind);

#endif
