/* SPDX-License-Identifier: MIT */
/*
 * words: the emergency text, composed from the journal's own memory without libc: what a person needs when only
 * stderr is left. The command's report says the same at more length. Watcher thread only.
 */
#ifndef LW_CONDUCT_WORDS_H
#define LW_CONDUCT_WORDS_H

#include "ground/text.h"

/* Most important first; at most 4,096 bytes are kept by the callers. last: the process ends now. */
void words_first_screen(struct text *text, bool last);
void words_warning(struct text *text); /* the one line of the early snapshot */
void words_recovered(struct text *text);

#endif
