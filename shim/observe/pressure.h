/* SPDX-License-Identifier: MIT */
/*
 * pressure: pressure stall information (Documentation/accounting/psi.rst). avg10 is refreshed by the kernel every
 * 2 s, total with every read. A file may exist and still refuse to be read (EOPNOTSUPP: psi=0).
 */
#ifndef LW_OBSERVE_PRESSURE_H
#define LW_OBSERVE_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

struct pressure {
    int fd;
    bool own;        /* of the own cgroup; false: of the whole host */
    char where[600]; /* the file, or why there is none */
};

struct pressure_numbers {
    uint64_t some_total_us; /* LW_UNKNOWN: not available */
    uint64_t full_total_us;
    uint32_t some_avg10_permyriad;
    uint32_t full_avg10_permyriad;
};

/* cgroup_file: memory.pressure of the own cgroup, "" when there is none. */
bool pressure_open(struct pressure *pressure, const char *cgroup_file);
void pressure_close(struct pressure *pressure);
bool pressure_read(struct pressure *pressure, struct pressure_numbers *numbers);
bool pressure_parse(const char *text, struct pressure_numbers *numbers);

#endif
