/* SPDX-License-Identifier: MIT */
/* doctor_checks: what can be sensed on this machine, one check a line. Nothing is changed. */
#ifndef LASTWORDS_REPORT_DOCTOR_CHECKS_H
#define LASTWORDS_REPORT_DOCTOR_CHECKS_H

#include <stddef.h>

#include "sources/sink.h"

enum finding_grade {
    FINDING_GOOD,
    FINDING_NOTE, /* less is known, everything still works */
    FINDING_BAD,  /* the library cannot do its work */
};

struct finding {
    enum finding_grade grade;
    char what[32];
    char text[600];
};

/* One check of the table; index from 0. False beyond the last. */
bool doctor_check(size_t index, struct finding *finding);

/* Would the library be loaded into `command`, and what would it find there? Fills up to `capacity` findings. */
size_t doctor_command(const char *command, struct finding *findings, size_t capacity);

#endif
