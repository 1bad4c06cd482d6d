/* SPDX-License-Identifier: MIT */
/*
 * options: the one table behind LASTWORDS=key=value:key=value. It makes the parser, the list that `doctor` prints,
 * and the manual. A value may be quoted with " and then hold a colon. A wrong setting never kills a job: it is
 * reported, with the nearest valid key, and the default stays.
 */
#ifndef LW_GROUND_OPTIONS_H
#define LW_GROUND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes, or a share of a limit, or "auto". */
struct amount {
    bool automatic;
    uint32_t permyriad; /* of the limit, 0: bytes count */
    uint64_t bytes;
};

#define OPTIONS_TEXT_BYTES 256
#define OPTIONS_EXIT_ABRT  (-1)
#define OPTIONS_UNSET      INT64_MIN

struct options {
    int64_t action; /* enum lw_action */
    int64_t signal;
    struct amount margin;
    struct amount warn;
    uint64_t limit_bytes; /* 0: none */
    int64_t grace_s;
    int64_t exit_code; /* OPTIONS_EXIT_ABRT: SIGABRT */
    int64_t core;
    char dir[OPTIONS_TEXT_BYTES];
    int64_t keep_always;
    struct amount sample;
    int64_t touch;  /* 0 off, 1 auto */
    int64_t python; /* 0 off, 1 auto, 2 objects */
    int64_t jemalloc;
    int64_t relief;
    uint64_t activate_bytes;
    char only[OPTIONS_TEXT_BYTES];
    char skip[OPTIONS_TEXT_BYTES];
    int64_t score; /* OPTIONS_UNSET: leave it */
    char termination_log[OPTIONS_TEXT_BYTES];
    int64_t verbose;
    int64_t off;
};

enum option_type {
    OPTION_WORD,   /* one of `words`, the value is its position */
    OPTION_NUMBER, /* low..high */
    OPTION_SIZE,   /* bytes with a suffix */
    OPTION_AMOUNT, /* bytes, %, auto */
    OPTION_TEXT,   /* a path, or name patterns separated by commas */
    OPTION_SIGNAL, /* name without SIG, or number */
    OPTION_EXIT,   /* 0..255 or abrt */
};

struct option {
    const char *name;
    enum option_type type;
    size_t offset; /* in struct options */
    const char *words;
    int64_t low, high;
    const char *preset; /* default as one would write it; NULL: unset */
    const char *meaning;
};

extern const struct option options_table[];
extern const size_t options_count;

typedef void options_complain(void *context, const char *line);

void options_preset(struct options *options);
/* Calls complain once for every setting that is not understood. */
void options_parse(struct options *options, const char *string, options_complain *complain, void *context);
/* Is this program one that only= and skip= leave to be watched? */
bool options_watch(const struct options *options, const char *program);
uint64_t amount_of(const struct amount *amount, uint64_t limit_bytes);

#endif
