/* SPDX-License-Identifier: MIT */
/* write_oom: an explained OOM record, for people and for programs. Write errors stay in the sink. */
#ifndef LASTWORDS_REPORT_WRITE_OOM_H
#define LASTWORDS_REPORT_WRITE_OOM_H

#include "judgement/oom_join.h"
#include "judgement/oom_words.h"
#include "judgement/story.h"
#include "sources/sink.h"

#define OOM_MAX_JOINS   8u
#define OOM_SHOWN_TASKS 10u

/* A process of the record that has a journal. */
struct oom_joined {
    uint32_t pid; /* as the record calls it */
    bool victim;
    enum oom_match match;
    const struct story *story;
};

struct oom_story {
    const struct oom_record *record;
    const struct oom_words *words;
    struct oom_joined joins[OOM_MAX_JOINS];
    size_t join_count;
    bool searched; /* journals were looked for */
};

void write_oom_text(struct sink *sink, const struct oom_story *story);

/* One object of the list "records", without anything before or after it. */
void write_oom_json(struct sink *sink, const struct oom_story *story);

#endif
