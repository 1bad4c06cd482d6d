/* SPDX-License-Identifier: MIT */
/* oom_words: an OOM record field by field in plain words, and who holds the memory. Pure. */
#ifndef LASTWORDS_REPORT_OOM_WORDS_H
#define LASTWORDS_REPORT_OOM_WORDS_H

#include "judgement/oom_score.h"

#define OOM_MAX_ROWS 24u

struct oom_row {
    const char *key; /* a word for the first column; static */
    char text[1400];
};

enum oom_culprit {
    OOM_CULPRIT_VICTIM,
    OOM_CULPRIT_OTHER_TASK,
    OOM_CULPRIT_FAMILY,
    OOM_CULPRIT_SHARED,
    OOM_CULPRIT_KERNEL,
    OOM_CULPRIT_WRITEBACK,
    OOM_CULPRIT_UNKNOWN
};

struct oom_words {
    char title[500];
    struct oom_row rows[OOM_MAX_ROWS];
    size_t row_count;
    char culprit_text[1400]; /* who holds the memory */
    enum oom_culprit culprit;
    uint32_t culprit_pid; /* of a task; 0: none */
    char missing[600];    /* what the record lacks; "": it is whole */
};

void oom_words_say(const struct oom_record *record, struct oom_words *words);

/* "victim", "other_task", …: as in the machine-readable output. */
const char *oom_culprit_name(enum oom_culprit culprit);

/* Decides who holds the memory and writes words->culprit*. Part of oom_words_say. */
void oom_culprit_judge(const struct oom_record *record, struct oom_words *words);

#endif
