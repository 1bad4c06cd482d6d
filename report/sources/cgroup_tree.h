/* SPDX-License-Identifier: MIT */
/*
 * cgroup_tree: where a process stands in the memory cgroups, and what each level there says. Read only.
 *
 * v1 and v2, and hybrid hosts where memory is on v1 while a v2 tree without the memory controller brings PSI. A level
 * is a directory; its files are read one number at a time. Failures are -errno.
 */
#ifndef LASTWORDS_REPORT_CGROUP_TREE_H
#define LASTWORDS_REPORT_CGROUP_TREE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/journal_format.h"

#define CGROUP_MAX_LEVELS 24u

enum cgroup_version { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

struct cgroup_place {
    enum cgroup_version version; /* of the hierarchy that the memory controller is in */
    char mount[PATH_MAX];
    char path[PATH_MAX];      /* as the kernel names it below the mount */
    char directory[PATH_MAX]; /* of the own cgroup; mount or below */
    bool has_unified;         /* hybrid: there is a v2 hierarchy without the memory controller */
    char unified_mount[PATH_MAX];
    char unified_directory[PATH_MAX];
};

struct cgroup_level {
    char path[256];
    char directory[PATH_MAX];
    uint64_t limit_bytes; /* LW_UNLIMITED */
    uint64_t used_bytes;  /* this one and below: LW_UNKNOWN where there is no such file */
    uint64_t reclaimable_bytes;
    uint64_t headroom_bytes;
    uint64_t high_bytes;
    uint64_t swap_limit_bytes;
    uint64_t swap_used_bytes;
    uint64_t oom_kills;
    bool writable; /* a child could be made here */
};

/* Texts of /proc/PID/mountinfo and /proc/PID/cgroup. False when no memory controller is mounted. */
bool cgroup_place_parse(const char *mountinfo, const char *cgroup, struct cgroup_place *place);

/* pid 0: this process. -ENOENT: no memory controller is mounted. */
int cgroup_place_read(pid_t pid, struct cgroup_place *place);

/* The own cgroup first, then its ancestors up to the mount. Returns how many. */
size_t cgroup_levels(const struct cgroup_place *place, struct cgroup_level levels[CGROUP_MAX_LEVELS]);

/* A file that holds one number; "max" and the huge numbers of v1 are LW_UNLIMITED. */
int cgroup_read_number(const char *directory, const char *file, uint64_t *value);

/* A file of "name number" rows. -ENODATA: no such row. */
int cgroup_read_row(const char *directory, const char *file, const char *name, uint64_t *value);

/* True when the file is a list of words that holds `word`. */
bool cgroup_read_has_word(const char *directory, const char *file, const char *word);

/* The OOM killer's counter of one cgroup. LW_UNKNOWN when it cannot be read. source: the file, may be NULL. */
uint64_t cgroup_oom_kills(enum cgroup_version version, const char *directory, char *source, size_t source_size);

int cgroup_write_file(const char *directory, const char *file, const char *text);

#endif
