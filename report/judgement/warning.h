/* SPDX-License-Identifier: MIT */
/*
 * warning: how long before the end each sign could be seen, and how fast pages came back. From the timeline. Pure.
 * Times are nanoseconds since the start of the process; 0: it never happened, or was not measured.
 */
#ifndef LASTWORDS_REPORT_WARNING_H
#define LASTWORDS_REPORT_WARNING_H

#include "profile/profile.h"

#define WARNING_SIGNS 5u

struct warning_sign {
    uint64_t t_ns;
    const char *kind; /* as an event in the machine-readable report */
    const char *text;
};

struct warning {
    uint64_t some_ns; /* tasks were stalled for more than 10 % of a second: some of them, all of them */
    uint64_t full_ns;
    uint64_t warn_ns; /* headroom below warn, below margin; of the last incident */
    uint64_t margin_ns;
    uint64_t complete_ns; /* the complete report was in the journal */
    uint64_t end_ns;      /* the end, or the last sign of life */
    bool thrashing;       /* pages came back as fast as only a starved job needs them */
};

void warning_find(const struct profile *profile, struct warning *warning);

/* The signs that are no events of the journal (pressure, end), by time. Returns how many. */
size_t warning_signs(const struct warning *warning, struct warning_sign signs[WARNING_SIGNS]);

/* "some 1.2 s, full never, warn 0.9 s, margin 42 ms, complete report 40 ms before the end"; "" when nothing is known.
 */
void warning_sentence(const struct warning *warning, char *out, size_t size);

/* "at its worst 8,000 pages a second came back from swap, 120 of page cache; 300 major faults a second"; "" for none.
 */
void warning_thrash_sentence(const struct profile *profile, char *out, size_t size);

/* The journal's events and these signs, by time. */
typedef void warning_event(void *context, uint64_t t_ns, const char *kind, const char *text);
void warning_events(const struct profile *profile, warning_event *visit, void *context);

#endif
