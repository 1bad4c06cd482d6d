/* SPDX-License-Identifier: MIT */
/*
 * oom_record: what the kernel prints for one decision of the OOM killer: "x invoked oom-killer", the state of the
 * cgroup or the machine, the table of tasks, "oom-kill:…", "Killed process …". Any part may be missing: the log may
 * begin or end in between, the kernel leaves the details out when kills come fast. What was seen is in `parts`.
 *
 * The text is untrusted: all names in a record are printable UTF-8, all counts bounded. Sizes are bytes unless the
 * name says pages; LW_UNKNOWN where nothing was said, LW_UNLIMITED for a limit that is none.
 */
#ifndef LASTWORDS_REPORT_OOM_RECORD_H
#define LASTWORDS_REPORT_OOM_RECORD_H

#include "sources/kernel_line.h"

#define OOM_MAX_TASKS   32768u /* of one table; more are counted only */
#define OOM_MAX_VICTIMS 64u
#define OOM_MAX_ZONES   12u
#define OOM_NAME_BYTES  64u /* 15 bytes of the kernel's, escaped */
#define OOM_PATH_BYTES  1024u

enum oom_part {
    OOM_PART_TRIGGER = 1 << 0, /* "x invoked oom-killer: …" */
    OOM_PART_MEMCG = 1 << 1,   /* "memory: usage …" */
    OOM_PART_STATS = 1 << 2,   /* "Memory cgroup stats for …" */
    OOM_PART_MACHINE = 1 << 3, /* "Mem-Info:", "… pages RAM" */
    OOM_PART_TASKS = 1 << 4,   /* the table's header */
    OOM_PART_CHOICE = 1 << 5,  /* "oom-kill:…", "Task in … killed as a result …", "Kill process …" */
    OOM_PART_KILL = 1 << 6,    /* "Killed process …" */
    OOM_PART_GROUP = 1 << 7,   /* "Tasks in … are going to be killed due to memory.oom.group set" */
    OOM_PART_NOBODY = 1 << 8,  /* "Out of memory and no killable processes..." */
    OOM_PART_PANIC = 1 << 9,   /* "Kernel panic - not syncing: … memory …" */
};

enum oom_amount_kind { OOM_MEMORY, OOM_SWAP, OOM_MEMSW, OOM_KMEM, OOM_AMOUNTS };

/* "memory: usage 49152kB, limit 49152kB, failcnt 6405" */
struct oom_amount {
    uint64_t usage_bytes;
    uint64_t limit_bytes;
    uint64_t failures;
};

/* What fills a cgroup; v1's names are translated. */
enum oom_stat {
    OOM_STAT_ANON,
    OOM_STAT_FILE, /* page cache, shmem included */
    OOM_STAT_SHMEM,
    OOM_STAT_KERNEL,
    OOM_STAT_KERNEL_STACK,
    OOM_STAT_PAGE_TABLES,
    OOM_STAT_PERCPU,
    OOM_STAT_SOCK,
    OOM_STAT_VMALLOC,
    OOM_STAT_SLAB,
    OOM_STAT_DIRTY,
    OOM_STAT_WRITEBACK,
    OOM_STAT_HUGE, /* of ANON, in huge pages */
    OOM_STAT_MAPPED,
    OOM_STAT_SWAP,
    OOM_STAT_INACTIVE_FILE,
    OOM_STAT_ACTIVE_FILE,
    OOM_STAT_UNEVICTABLE,
    OOM_STATS
};

/* The Mem-Info block of the whole machine, in pages. */
enum oom_page_count {
    OOM_PAGES_ACTIVE_ANON,
    OOM_PAGES_INACTIVE_ANON,
    OOM_PAGES_ACTIVE_FILE,
    OOM_PAGES_INACTIVE_FILE,
    OOM_PAGES_UNEVICTABLE,
    OOM_PAGES_DIRTY,
    OOM_PAGES_WRITEBACK,
    OOM_PAGES_SLAB_RECLAIMABLE,
    OOM_PAGES_SLAB_UNRECLAIMABLE,
    OOM_PAGES_SHMEM,
    OOM_PAGES_PAGE_TABLES,
    OOM_PAGES_FREE,
    OOM_PAGES_RAM,
    OOM_PAGES_RESERVED,
    OOM_PAGES_CACHE,
    OOM_PAGE_COUNTS
};

struct oom_zone {
    char name[32]; /* "Node 0 DMA32" */
    uint64_t free_bytes;
    uint64_t min_bytes;
    uint64_t managed_bytes;
};

/* One row of the table of tasks. */
struct oom_task {
    char name[OOM_NAME_BYTES];
    uint32_t pid;
    uint32_t tgid;
    uint32_t uid;
    int adj;
    uint64_t total_vm_pages;
    uint64_t rss_pages;
    uint64_t anon_pages; /* LW_UNKNOWN before Linux 6.8 */
    uint64_t file_pages;
    uint64_t shmem_pages;
    uint64_t page_table_pages; /* nr_ptes + nr_pmds, of old kernels; else LW_UNKNOWN and ... */
    uint64_t page_table_bytes;
    uint64_t swap_pages;
};

/* "Killed process N (x) …" */
struct oom_victim {
    char name[OOM_NAME_BYTES];
    uint32_t pid;
    bool has_uid;
    uint32_t uid;
    bool has_adj;
    int adj;
    bool killed; /* false: chosen, but the line that says so is missing */
    bool reaped; /* "oom_reaper: reaped process …" */
    bool unreapable;
    uint64_t total_vm_bytes;
    uint64_t anon_bytes;
    uint64_t file_bytes;
    uint64_t shmem_bytes;
    uint64_t page_table_bytes;
};

struct oom_record {
    uint32_t parts; /* enum oom_part */
    struct kernel_stamp stamp;
    bool global; /* the machine was full, not a cgroup */
    uint64_t page_bytes;
    bool page_bytes_known; /* from the record itself; else 4096 is assumed */

    char trigger[OOM_NAME_BYTES];
    uint32_t trigger_pid; /* 0: not said */
    char gfp_mask[256];
    int order;
    bool has_trigger_adj;
    int trigger_adj;

    char constraint[40]; /* "CONSTRAINT_MEMCG"; "" before Linux 5.0 */
    char mems_allowed[64];
    char cpuset[256];
    char oom_memcg[OOM_PATH_BYTES];  /* the cgroup whose limit was reached */
    char task_memcg[OOM_PATH_BYTES]; /* the cgroup of the victim */
    char group[OOM_PATH_BYTES];      /* the cgroup that memory.oom.group killed as a whole */
    struct oom_amount amounts[OOM_AMOUNTS];
    uint64_t stats[OOM_STATS];

    uint64_t pages[OOM_PAGE_COUNTS];
    uint64_t swap_total_bytes;
    uint64_t swap_free_bytes;
    struct oom_zone zones[OOM_MAX_ZONES];
    size_t zone_count;

    struct oom_task *tasks; /* as printed */
    size_t task_count;
    size_t task_dropped; /* beyond OOM_MAX_TASKS */

    uint64_t score;      /* of 1000, as old kernels printed it; LW_UNKNOWN */
    uint32_t chosen_pid; /* whom the choice named; may differ from the victim before Linux 5.3. 0: not said */
    char chosen[OOM_NAME_BYTES];
    bool has_chosen_uid;
    uint32_t chosen_uid;
    struct oom_victim victims[OOM_MAX_VICTIMS];
    size_t victim_count;
    size_t victim_dropped;
};

/* A record of which nothing is known yet; what it held before is not freed. */
void oom_record_begin(struct oom_record *record, const struct kernel_stamp *stamp);

/* One row more of the table; beyond OOM_MAX_TASKS it is only counted. */
void oom_record_add_task(struct oom_record *record, const struct oom_task *task);

/* The victim of that pid, a new one when it is not there yet. NULL when there is no room: counted. */
struct oom_victim *oom_record_victim_of(struct oom_record *record, uint32_t pid);

/* The same, but NULL when it is not there. */
struct oom_victim *oom_record_find_victim(struct oom_record *record, uint32_t pid);

/* Concludes, when nothing more comes, what no line says: the size of a page, and who was chosen. */
void oom_record_end(struct oom_record *record);

/* `to` must be zero or a record; `from` is left empty. */
void oom_record_move(struct oom_record *to, struct oom_record *from);
void oom_record_clear(struct oom_record *record);

/* The process that died, or was chosen to: the first victim. NULL: nobody is named. */
const struct oom_victim *oom_record_victim(const struct oom_record *record);

/* The row of a process in the table; NULL: none. */
const struct oom_task *oom_record_task(const struct oom_record *record, uint32_t pid);

#endif
