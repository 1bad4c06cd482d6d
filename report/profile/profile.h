/* SPDX-License-Identifier: MIT */
/*
 * profile: one process as its journal tells it; the model that every voice and every judgement reads.
 *
 * Built once, then read only. Everything in it belongs to the profile and lives until profile_free. All texts are
 * printable UTF-8 and never NULL ("" is unknown). Sizes are bytes; LW_UNKNOWN and LW_UNLIMITED keep the meaning that
 * they have in the journal. Times are nanoseconds since the process was started.
 */
#ifndef LASTWORDS_REPORT_PROFILE_H
#define LASTWORDS_REPORT_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sources/arena.h"
#include "sources/journal_process.h"
#include "sources/journal_reader.h"

enum frame_kind { FRAME_PYTHON, FRAME_NATIVE, FRAME_MARKER };

struct frame {
    enum frame_kind kind;
    const char *function;       /* whole: demangled, with its arguments */
    const char *short_function; /* without template and call arguments */
    const char *file;
    const char *short_file; /* below the working directory, site-packages or the interpreter's lib */
    const char *module;     /* path of the binary; native only */
    const char *build_id;   /* hexadecimal; native only */
    uint64_t address;       /* native only */
    int line;               /* 0: unknown */
    bool library;           /* Python: outside of the user's code. Native: allocator or language run-time */
    bool main_program;      /* native: of the executable itself */
};

struct stack {
    const struct frame **frames; /* innermost first */
    size_t count;
    const struct frame *user; /* the frame that is responsible, see frame_names.h; NULL for an empty stack */
};

struct touch {
    uint64_t bytes;
    struct stack stack;
};

struct site {
    uint32_t id; /* index in the journal */
    struct lw_site record;
    struct stack stack;
    struct touch *touches; /* largest first */
    size_t touch_count;
};

/* The sites for which one line of the user's code is responsible. */
struct line {
    const struct frame *frame;
    uint64_t resident_bytes;
    uint64_t committed_bytes;
    uint64_t peak_resident_bytes;
    uint64_t touched_bytes;
    int64_t growth_bytes_per_s;
    int64_t growth_run_bytes_per_s;
    uint64_t live_count;
    bool shared;               /* most of it is shared memory */
    const struct site **sites; /* largest first */
    size_t site_count;
};

struct other {
    enum lw_other_kind kind;
    const char *key;  /* as in the machine-readable report */
    const char *text; /* as people say it */
    const char *name; /* of this one, or "" */
    uint64_t resident_bytes;
};

struct level {
    struct lw_level record;
    const char *path; /* "/batch/etl", "host", "limit=" */
    const char *kind; /* "cgroup_v2": as in the machine-readable report */
};

struct event {
    uint64_t t_ns;
    const char *kind;
    const char *text;
    int64_t a;
    uint32_t site; /* index in the journal; 0: not known */
};

struct thread {
    uint32_t tid;
    enum lw_thread_ready ready;
    char run_state;
    const char *name;
    struct stack stack;
};

struct capability {
    const char *name;
    bool available;
    const char *why;
};

struct input {
    const char *path;
    const char *short_path;
    uint64_t size_bytes;
    uint64_t offset_bytes;
};

/* Another process under the limit that binds, as the library saw it; the most grown come first. */
struct neighbour {
    struct lw_neighbour record;
    const char *name;
    uint64_t held_bytes;  /* at the last look; of one that is gone the most that was seen */
    uint64_t grown_bytes; /* held_bytes over what it held when it was seen first */
};

enum profile_end {
    PROFILE_LIVE,       /* it runs */
    PROFILE_EXITED,     /* exit(): exit_code is known */
    PROFILE_EXECED,     /* replaced by another program */
    PROFILE_CONTROLLED, /* ended by the library's own action */
    PROFILE_SIGNALLED,  /* the launcher saw the signal */
    PROFILE_GONE,       /* killed or died, nobody saw how */
};

struct profile {
    struct journal *journal;
    struct arena arena;
    const char *name; /* of the journal */

    const struct lw_identity *identity;
    const char *program;
    const char *executable;
    const char *directory;
    const char *command; /* joined with blanks */
    const char **arguments;
    size_t argument_count;

    enum profile_end end;
    bool exit_code_known;
    int exit_code;
    int signal;         /* 0: none, or unknown */
    uint64_t ended_ns;  /* 0: unknown or not yet */
    uint64_t last_ns;   /* the last sign of life */
    bool other_machine; /* written on another machine, so that nobody can look for the process */
    bool has_outcome;
    struct lw_outcome outcome;
    const char *outcome_source; /* the file that the launcher asked */

    /*
     * A process that ended after it had freed what was the matter: state, levels, others and sites are those of the
     * moment of the last complete report, not of the end.
     */
    bool of_moment;
    uint64_t moment_ns;

    bool has_state;
    struct lw_state state; /* all zero without has_state */
    struct level levels[LW_MAX_LEVELS];
    size_t level_count;
    const struct level *binding; /* NULL: no limit anywhere */
    char kernel_says[480];       /* that the kernel log names this process as OOM-killed, in a sentence; "" */
    uint64_t oom_kills_now;      /* of the own cgroup, read by this command after the death; LW_UNKNOWN */

    struct site *sites; /* largest first */
    size_t site_count;
    struct line *lines; /* largest first */
    size_t line_count;
    struct other *others;
    size_t other_count;
    struct lw_tick *ticks; /* by time */
    size_t tick_count;
    struct event *events;
    size_t event_count;
    struct thread *threads;
    size_t thread_count;
    struct capability *capabilities;
    size_t capability_count;
    struct input *inputs; /* largest first */
    size_t input_count;
    struct neighbour *neighbours;
    size_t neighbour_count;
    const char **notes; /* what was missing or not believed */
    size_t note_count;
};

/*
 * Takes the journal over, whatever happens, and never fails: what is not there stays empty. process: whether it runs
 * (journal_process), for a journal whose life is still LIVE. symbols: look at binaries on this machine.
 */
struct profile *profile_new(struct journal *journal, enum journal_process process, bool symbols);

void profile_free(struct profile *profile);

/* Names of enumerations in the journal, as in the machine-readable report; "unknown" beyond the table. */
const char *profile_stage_name(uint32_t stage);
const char *profile_action_name(uint32_t action);

/* used minus reclaimable; 0 when unknown. */
uint64_t level_pressing_bytes(const struct lw_level *level);

/* A size, or 0 where it is LW_UNKNOWN. */
uint64_t known_bytes(uint64_t bytes);

/* Resident memory of the process, the best number there is. */
uint64_t profile_resident_bytes(const struct profile *profile);

/* When it ended, or gave its last sign of life: nanoseconds since 1970. */
uint64_t profile_ended_realtime_ns(const struct profile *profile);

#endif
