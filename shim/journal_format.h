/* SPDX-License-Identifier: MIT */
/*
 * journal_format.h: the file that outlives the process.
 *
 * A journal is one regular file per process, of a fixed size chosen when it is created, mapped MAP_SHARED by the
 * process it describes. What was stored in it is in the page cache when the process dies, whatever kills it. This
 * header is the only thing that the writer (shim/) and the reader (report/) share, and it is the specification.
 *
 * Layout
 *     offset 0        struct lw_header (one page): magic, version, the section table
 *     section[i]      lw_section.offset .. + capacity * record_size, each section 64-byte aligned
 *
 * Integers are in the byte order of the machine that wrote them (LW_BYTE_ORDER tells). Sizes are bytes and times
 * are nanoseconds, with the unit in the name. Times named *_ns are CLOCK_MONOTONIC minus lw_identity.epoch_mono_ns,
 * i.e. nanoseconds since the process was started, unless they are called *_realtime_ns.
 *
 * How a reader knows what is whole
 *     append-only sections (strings, modules, symbols, python frames, nodes, sites, capabilities, events):
 *         `used` is stored with release order after the record is complete. Records below `used` are whole and
 *         never move. Numbers inside a site go on changing: each is one aligned 64-bit word, stored atomically.
 *     rings (timeline_recent): `used` counts all records ever written; record k lies at k % capacity. A record
 *         carries a checksum, because the newest may be half-written and the oldest may be overwritten meanwhile.
 *     thinned (timeline_whole): at most `capacity` records; when full, pairs are merged in place and the
 *         interval doubles. Each record has a checksum; a reader drops those that do not match and sorts by time.
 *     two-slot sections (state): two complete copies, written in turn, each with a generation and a checksum; the
 *         newest whose checksum matches is the truth.
 *     neighbours: two halves of LW_MAX_NEIGHBOURS records, written in turn. The records of one look carry its time and
 *         their number, and a checksum each; the latest look of which all records are there is the truth.
 *     thread slots: `ready` is stored with release order after the stack is complete.
 *     outcome: written by the launcher after the death, with a checksum; absent when there was no launcher.
 *
 * A reader trusts no byte: offsets, counts and indexes are checked against the size of the file; a node's parent
 * is always smaller than the node itself, so no walk can loop.
 */
#ifndef LW_JOURNAL_FORMAT_H
#define LW_JOURNAL_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define LW_MAGIC          "LASTWRDS" /* 8 bytes, no terminator in the file */
#define LW_FORMAT_VERSION 1u         /* another version is refused with a clear message */
#define LW_BYTE_ORDER     0x01020304u
#define LW_HEADER_BYTES   4096u
#define LW_SECTION_ALIGN  64u
#define LW_MAX_SECTIONS   24u
#define LW_MAX_LEVELS     24u
#define LW_MAX_OTHER      16u
#define LW_MAX_NEIGHBOURS 64u
#define LW_THREAD_FRAMES  120u
#define LW_UNLIMITED      UINT64_MAX /* a limit that is not set; a headroom without any limit */
#define LW_UNKNOWN        UINT64_MAX /* a number that could not be measured */

enum lw_section_kind {
    LW_SECTION_NONE = 0,
    LW_SECTION_IDENTITY,        /* struct lw_identity, one record */
    LW_SECTION_STRINGS,         /* bytes; a string is NUL-terminated; offset 0 holds the empty string */
    LW_SECTION_MODULES,         /* struct lw_module */
    LW_SECTION_SYMBOLS,         /* struct lw_symbol */
    LW_SECTION_PYTHON_FRAMES,   /* struct lw_python_frame */
    LW_SECTION_NODES,           /* struct lw_node; node 0 is the root and stands for "no frame" */
    LW_SECTION_SITES,           /* struct lw_site; site 0 collects what found no room */
    LW_SECTION_STATE,           /* struct lw_state, two slots */
    LW_SECTION_TIMELINE_RECENT, /* struct lw_tick, ring: the last ticks at full resolution */
    LW_SECTION_TIMELINE_WHOLE,  /* struct lw_tick, thinned: always covers the whole run */
    LW_SECTION_EVENTS,          /* struct lw_event */
    LW_SECTION_THREADS,         /* struct lw_thread: stacks taken at the last moment */
    LW_SECTION_CAPABILITIES,    /* struct lw_capability: what could and could not be sensed */
    LW_SECTION_MARKS,           /* struct lw_mark: site totals at the marks (stage changes, peak) */
    LW_SECTION_TOUCHES,         /* struct lw_touch: who touched first what another site had reserved */
    LW_SECTION_INPUTS,          /* struct lw_input: regular files open for reading at the last snapshot */
    LW_SECTION_TEXT,            /* bytes: the emergency text, used = length */
    LW_SECTION_OUTCOME,         /* struct lw_outcome, one record */
    LW_SECTION_NEIGHBOURS,      /* struct lw_neighbour: the other processes under the binding limit, two halves */
    LW_SECTION_MOMENT,          /* struct lw_state, two slots: as it stood when the last complete report was written */
    LW_SECTION_MOMENT_SITES,    /* struct lw_moment_site: what the sites held at that moment */
    LW_SECTION_COUNT
};

struct lw_section {
    uint32_t kind;        /* enum lw_section_kind */
    uint32_t record_size; /* bytes; a reader accepts a larger one of the same version and ignores the tail */
    uint64_t offset;      /* from the start of the file */
    uint32_t capacity;    /* records */
    uint32_t reserved;
    uint64_t used;    /* records written (rings: ever written) */
    uint64_t dropped; /* records that found no room */
};

/* lw_header.life */
enum lw_life {
    LW_LIFE_STARTING = 0, /* sections are being filled; nothing else is promised yet */
    LW_LIFE_LIVE = 1,     /* the process runs, or was killed: whoever finds no such process knows which */
    LW_LIFE_EXITED = 2,   /* ended by exit() or _exit(), lw_header.exit_code is set */
    LW_LIFE_EXECED = 3,   /* replaced itself by another program */
    LW_LIFE_ENDED = 4,    /* ended by our own action (abort, exit code): the controlled end */
};

struct lw_header {
    char magic[8];
    uint32_t version;
    uint32_t byte_order;
    uint64_t file_bytes;
    uint32_t page_bytes; /* of the machine that wrote it */
    uint32_t section_count;
    uint32_t life; /* enum lw_life */
    int32_t exit_code;
    uint64_t ended_ns; /* when life left LIVE; 0: it did not */
    uint8_t reserved[16];
    struct lw_section sections[LW_MAX_SECTIONS];
};

struct lw_identity {
    uint32_t pid;
    uint32_t ppid;
    uint32_t uid;
    uint32_t cpus;                /* online when the journal was made */
    uint64_t start_ticks;         /* /proc/PID/stat field 22: with boot_id it names the process for ever */
    uint64_t started_realtime_ns; /* CLOCK_REALTIME at the start of the process */
    uint64_t epoch_mono_ns;       /* CLOCK_MONOTONIC at the start of the process; see the head of this file */
    uint64_t activated_ns;        /* when the process passed the activation size */
    uint64_t activation_rss_bytes;
    uint64_t activation_anon_bytes; /* anonymous resident memory that is older than the records */
    char boot_id[40];
    char job[32]; /* LASTWORDS_LAUNCHER as found: journals of one `lastwords run` share it; may be empty */
    char host[64];
    char program[64]; /* base name of the executable */
    char executable[512];
    char kernel[96]; /* uname: release and version */
    char shim_version[24];
    char python_version[24]; /* "3.11.2"; empty: no Python, or not recognised (see the capabilities) */
    char options[512];       /* LASTWORDS as found; nothing else of the environment is stored */
    char directory[512];     /* working directory */
    uint32_t command_bytes;  /* of command[], arguments NUL-separated */
    uint32_t command_cut;    /* 1: the command line was longer */
    char command[2048];
};

struct lw_module {
    uint64_t start; /* lowest and highest mapped address, end exclusive */
    uint64_t end;
    uint64_t bias; /* run-time address minus the address in the ELF file */
    uint32_t path; /* string */
    uint8_t build_id_bytes;
    uint8_t reserved[3];
    uint8_t build_id[24];
};

/* The name of one native address that occurs in a node. Later records for the same address win. */
struct lw_symbol {
    uint64_t address;
    uint32_t name;   /* string, mangled as in the binary; 0: none known */
    uint32_t module; /* index, or UINT32_MAX */
    uint32_t offset; /* address minus the start of the function */
    uint32_t reserved;
};

struct lw_python_frame {
    uint32_t function; /* string: co_qualname from 3.11 on, else co_name */
    uint32_t file;     /* string: co_filename */
    int32_t line;      /* -1: the interpreter gives none */
    uint32_t first_line;
};

/*
 * A frame is one 64-bit word. Native: the return address (so subtract 1 before looking it up), top bit clear; the
 * innermost frame too. Python: LW_FRAME_PYTHON | index into the python frames. LW_FRAME_MARKER | enum lw_frame_marker:
 * a remark in a stack.
 */
#define LW_FRAME_PYTHON       (UINT64_C(1) << 63)
#define LW_FRAME_MARKER       (UINT64_C(1) << 62)
#define LW_FRAME_INDEX(frame) ((frame)&UINT32_MAX)

enum lw_frame_marker {
    LW_MARKER_TRUNCATED = 1, /* the stack was deeper than what is kept */
    LW_MARKER_UNMERGED = 2,  /* Python frames stand above native ones: their order could not be established */
    LW_MARKER_NO_NATIVE = 3, /* native frames are missing: the unwinder was not ready yet */
    LW_MARKER_NO_PYTHON = 4, /* the Python frames of this thread could not be read just then */
};

/* Stacks are paths in a tree: a node is a frame and, as its parent, its caller. The innermost frame is the leaf. */
struct lw_node {
    uint64_t frame;
    uint32_t parent; /* smaller than the index of this node; 0: the outermost frame */
    uint32_t depth;  /* frames from the outermost to this one, 1 for a child of the root */
};

enum lw_site_kind {
    LW_SITE_HEAP = 1,     /* malloc family */
    LW_SITE_MAPPING = 2,  /* mmap, mremap: private anonymous */
    LW_SITE_SHARED = 3,   /* shared memory: mmap of anonymous memory, tmpfs or a memfd, shmat */
    LW_SITE_FILE = 4,     /* mmap of a file that page cache stands behind, private or shared */
    LW_SITE_BRK = 5,      /* the program break, where the program itself moved it */
    LW_SITE_RESERVED = 6, /* mmap without access or with MAP_NORESERVE: address space, sparse by declaration */
};

/* One unique stack that obtained memory. Sampled blocks are scaled to what they stand for (estimates). */
struct lw_site {
    uint32_t node;            /* the innermost frame */
    uint32_t kind;            /* enum lw_site_kind */
    uint64_t committed_bytes; /* live: obtained and not given back (estimate) */
    uint64_t live_count;      /* live allocations (estimate) */
    uint64_t live_samples;    /* records behind the estimates: relative error of the sampled part 1/sqrt(n) */
    uint64_t exact_bytes;     /* the part of committed_bytes that is recorded exactly */
    uint64_t allocated_bytes; /* since activation, freed ones included (estimate) */
    uint64_t allocated_count;
    uint64_t resident_bytes; /* at the last scan: present in RAM, anonymous and file pages alike */
    uint64_t swapped_bytes;  /* at the last scan */
    uint64_t peak_resident_bytes;
    int64_t growth_bytes_per_s;     /* of resident_bytes over the last seconds (about 3 s) */
    int64_t growth_run_bytes_per_s; /* of resident_bytes from its first sample on */
    uint64_t touched_bytes;         /* first-touch samples charged to this site (estimate) */
    uint64_t first_ns;              /* first and latest allocation that was recorded */
    uint64_t last_ns;
    uint64_t scanned_ns; /* when resident_bytes was measured; 0: not yet */
};

/* How near the end is, as the shim judged it. The order is the order of the ladder. */
enum lw_stage {
    LW_STAGE_CALM = 0,
    LW_STAGE_WARN = 1,   /* headroom below `warn` */
    LW_STAGE_RELIEF = 2, /* memory is being given back before acting */
    LW_STAGE_MARGIN = 3, /* headroom below `margin`: the complete report is written */
    LW_STAGE_ACTION = 4, /* the action asked for is being taken */
};

enum lw_level_kind {
    LW_LEVEL_CGROUP_V1 = 1,
    LW_LEVEL_CGROUP_V2 = 2,
    LW_LEVEL_HOST = 3,       /* MemTotal / MemAvailable of the machine */
    LW_LEVEL_USER = 4,       /* LASTWORDS=limit=: on the process's own resident memory */
    LW_LEVEL_COMMIT = 5,     /* vm.overcommit_memory=2: allocations fail there, nobody is killed */
    LW_LEVEL_RLIMIT_AS = 6,  /* likewise */
    LW_LEVEL_RLIMIT_DATA = 7 /* likewise */
};

#define LW_LEVEL_OWN   1u /* the cgroup that the process itself is in */
#define LW_LEVEL_KILLS 2u /* running out here means a kill; otherwise allocations fail */

struct lw_level {
    uint32_t kind;        /* enum lw_level_kind */
    uint32_t flags;       /* LW_LEVEL_* bits */
    uint64_t limit_bytes; /* LW_UNLIMITED: none */
    uint64_t used_bytes;
    uint64_t reclaimable_bytes; /* the part of used that reclaim gives back without hurting */
    uint64_t headroom_bytes;    /* limit - used + reclaimable + room in swap; LW_UNLIMITED without a limit */
    uint64_t high_bytes;        /* memory.high, or the v1 soft limit; LW_UNLIMITED: none */
    uint64_t swap_limit_bytes;  /* LW_UNLIMITED: none, LW_UNKNOWN likewise */
    uint64_t swap_used_bytes;
    uint64_t peak_bytes; /* memory.peak, memory.max_usage_in_bytes; LW_UNKNOWN */
    uint64_t anon_bytes; /* rows of memory.stat; LW_UNKNOWN where there are none */
    uint64_t file_bytes;
    uint64_t shmem_bytes;
    uint64_t kernel_bytes;
    uint64_t dirty_bytes;
    uint64_t oom_kills;       /* memory.events oom_kill / memory.oom_control oom_kill; LW_UNKNOWN */
    uint64_t oom_kills_start; /* the same when the journal was made */
    uint64_t max_events;      /* memory.events max / memory.failcnt; LW_UNKNOWN */
    char path[256];           /* cgroup path below its mount point, "/" for the root; cut at the front if longer */
};

enum lw_other_kind {
    LW_OTHER_INTERPRETER = 1,  /* private pages of the program and its libraries (data, relocations) */
    LW_OTHER_BEFORE = 2,       /* heap memory older than the activation */
    LW_OTHER_STACKS = 3,       /* main and thread stacks */
    LW_OTHER_SLACK = 4,        /* allocator slack: resident in the heap, but in no live allocation */
    LW_OTHER_UNTRACKED = 5,    /* anonymous mappings that no door saw */
    LW_OTHER_PAGE_TABLES = 6,  /* not part of the anonymous resident memory, but charged to the cgroup */
    LW_OTHER_SELF = 7,         /* lastwords: arena, unwinder caches, journal */
    LW_OTHER_SMALL_OBJECTS = 8 /* an interpreter's own small-object arenas that no site owns */
};

struct lw_other {
    uint32_t kind; /* enum lw_other_kind */
    uint32_t name; /* string, or 0 */
    uint64_t resident_bytes;
};

/* What happened to the report: which rungs were reached, and when. */
struct lw_state {
    uint64_t generation; /* the larger of the two slots is the newer */
    uint64_t written_ns;
    /* the ladder */
    uint32_t stage; /* enum lw_stage, now */
    uint32_t worst_stage;
    uint64_t warn_ns; /* first time of the present incident (or the last one); 0: never */
    uint64_t margin_ns;
    uint64_t complete_ns; /* when the complete report was in the journal; 0: it is not */
    uint64_t action_ns;
    uint64_t recovered_ns; /* headroom came back above `warn` after an incident */
    uint32_t action;       /* enum lw_action that is configured */
    uint32_t incidents;
    uint64_t margin_bytes; /* in force at the binding level */
    uint64_t warn_bytes;
    /* headroom */
    int32_t binding_level; /* index into levels; -1: no limit anywhere */
    uint32_t level_count;
    uint64_t headroom_bytes;
    int64_t growth_bytes_per_s; /* of the binding level's used minus reclaimable, last 10 s or since activation */
    uint64_t time_to_limit_ms;  /* LW_UNKNOWN: not growing */
    /* pressure of the own cgroup, else of the host; LW_UNKNOWN where PSI is not available */
    uint64_t some_total_us;
    uint64_t full_total_us;
    uint32_t some_avg10_permyriad; /* 1/100 of a percent */
    uint32_t full_avg10_permyriad;
    /* memory of this process */
    uint64_t rss_bytes;
    uint64_t anon_bytes;
    uint64_t file_bytes;
    uint64_t shmem_bytes;
    uint64_t swap_bytes;
    uint64_t page_tables_bytes;
    uint64_t peak_rss_bytes;
    uint64_t committed_bytes; /* sum over the sites */
    uint64_t major_faults;
    uint64_t minor_faults;
    /* attribution at the last scan */
    uint64_t scanned_ns;
    uint64_t scan_anon_bytes;      /* anonymous resident memory that the scan saw */
    uint64_t explained_bytes;      /* of scan_anon_bytes: sites and the named others, without slack and untracked */
    uint64_t sites_resident_bytes; /* of scan_anon_bytes: owned by sites */
    uint64_t self_bytes;
    uint64_t scan_cost_ns;     /* processor time of the last scan */
    uint32_t residency_method; /* enum lw_residency */
    uint32_t other_count;
    /* sampling, and what was lost */
    uint64_t sample_interval_bytes;
    uint64_t samples_taken;
    uint64_t samples_dropped;
    uint64_t stacks_dropped;
    uint64_t frees_unseen;  /* live records that were evicted */
    uint64_t refused_count; /* allocations that the system refused (ENOMEM) */
    uint64_t refused_bytes; /* the largest of them */
    uint64_t watcher_cpu_ns;
    uint64_t watcher_late_ns; /* worst lateness of a wake-up */
    uint32_t fault_counter;   /* 1: the first-touch counter runs */
    uint32_t threads;         /* of the process at the last snapshot */
    uint64_t touch_events;
    struct lw_level levels[LW_MAX_LEVELS];
    struct lw_other others[LW_MAX_OTHER];
    /* pages a second at the last look; thrashing is when what was just taken away is wanted back */
    uint32_t file_refaults_per_s; /* page cache of the own cgroup, v2 and recent v1; else 0 */
    uint32_t anon_refaults_per_s; /* from swap, likewise */
    uint32_t major_faults_per_s;  /* of this process: it waited for a disk */
    uint32_t peak_file_refaults_per_s;
    uint32_t peak_anon_refaults_per_s;
    uint32_t peak_major_faults_per_s;
    uint64_t neighbours_count; /* other processes under the binding limit at the last look */
    uint64_t neighbours_bytes; /* what they hold: shared pages count for each of them */
    uint64_t spared_ns;        /* action=abort was not taken: the kernel would kill another process first; 0: never */
    /* allocator=jemalloc, by its own count; 0: another allocator, which does not tell */
    uint64_t allocator_live_bytes;     /* in blocks that the program holds */
    uint64_t allocator_resident_bytes; /* of the pages that it has for them, for free blocks and for itself */
    uint64_t checksum;                 /* lw_checksum over all bytes before */
};

enum lw_action {
    LW_ACTION_REPORT = 0,
    LW_ACTION_ABORT = 1,
    LW_ACTION_REFUSE = 2,
    LW_ACTION_PARK = 3,
    LW_ACTION_SIGNAL = 4
};

enum lw_residency {
    LW_RESIDENCY_NONE = 0,
    LW_RESIDENCY_PAGEMAP_SCAN = 1, /* ioctl, Linux 6.7 */
    LW_RESIDENCY_PAGEMAP = 2,      /* /proc/self/pagemap, bits 63, 62, 61 */
    LW_RESIDENCY_MINCORE = 3       /* cannot see swap; counts page cache of file mappings that others hold */
};

struct lw_tick {
    uint64_t t_ns;
    uint64_t
        span_ns; /* time that this record stands for; merged records keep the least headroom and the largest sizes */
    uint64_t headroom_bytes; /* LW_UNLIMITED: no limit anywhere */
    uint64_t limit_bytes;    /* of the binding level */
    uint64_t current_bytes;
    uint64_t reclaimable_bytes;
    uint64_t rss_bytes;
    uint64_t committed_bytes;
    uint64_t swap_bytes;
    uint64_t some_total_us;
    uint64_t full_total_us;
    uint64_t major_faults;
    uint32_t some_avg10_permyriad;
    uint32_t full_avg10_permyriad;
    uint32_t stage;
    uint32_t binding_level;
    uint64_t inactive_file_bytes; /* of the binding level: dashboards call used minus this the working set */
    uint64_t checksum;
};

enum lw_event_kind {
    LW_EVENT_ACTIVATED = 1,
    LW_EVENT_STAGE = 2,   /* text says which way */
    LW_EVENT_LIMIT = 3,   /* a limit changed, or the process was moved */
    LW_EVENT_REFUSED = 4, /* an allocation was refused: a = bytes */
    LW_EVENT_RELIEF = 5,  /* a = bytes given back */
    LW_EVENT_ACTION = 6,
    LW_EVENT_RECOVERED = 7,
    LW_EVENT_FORK = 8,      /* a = pid of the child */
    LW_EVENT_OOM_KILL = 9,  /* the oom_kill counter of a level rose: a = by how much */
    LW_EVENT_DEGRADED = 10, /* something could not be done; the text says what and why */
    LW_EVENT_COMPLETE = 11, /* the complete report is in the journal */
    LW_EVENT_SIGNAL = 12
};

struct lw_event {
    uint64_t t_ns;
    uint32_t kind;
    uint32_t site; /* LW_EVENT_REFUSED: who asked; 0: not known */
    int64_t a;
    char text[104]; /* NUL-terminated, plain ASCII or UTF-8 */
};

enum lw_thread_ready {
    LW_THREAD_EMPTY = 0,
    LW_THREAD_ASKED = 1,  /* no answer (yet): it blocks the signal, sleeps in the kernel, or time ran out */
    LW_THREAD_READY = 2,  /* the stack is complete */
    LW_THREAD_SKIPPED = 3 /* asleep in a system call and left alone so as not to disturb the program */
};

struct lw_thread {
    uint32_t tid;
    uint32_t ready; /* enum lw_thread_ready */
    char name[16];
    char run_state; /* of /proc/self/task/TID/stat: R, S, D, ... */
    char reserved[3];
    uint32_t frame_count;
    uint64_t taken_ns;
    uint64_t frames[LW_THREAD_FRAMES]; /* innermost first */
};

struct lw_capability {
    uint32_t name;      /* string: the key in the report, such as "psi" or "fault_counter" */
    uint32_t available; /* 0, 1 */
    uint32_t why;       /* string: how, or why not */
    uint32_t reserved;
};

/* For a process that goes on after its report, and frees what it held before it ends. */
struct lw_moment_site {
    uint32_t site;
    uint32_t reserved;
    uint64_t resident_bytes;
    uint64_t committed_bytes;
    int64_t growth_bytes_per_s;
};

enum lw_mark_kind { LW_MARK_WARN = 1, LW_MARK_MARGIN = 2, LW_MARK_PEAK = 3 };

/* Totals of one site at a mark. All records of a mark that was taken again replace the older ones: same kind, later
 * time. */
struct lw_mark {
    uint64_t t_ns;
    uint32_t kind; /* enum lw_mark_kind */
    uint32_t site;
    uint64_t resident_bytes;
    uint64_t committed_bytes;
};

struct lw_touch {
    uint32_t site; /* that reserved the memory; 0: unknown */
    uint32_t node; /* stack of the toucher */
    uint64_t bytes;
    uint64_t count;
};

struct lw_input {
    uint32_t path; /* string */
    uint32_t fd;
    uint64_t size_bytes;
    uint64_t offset_bytes; /* of the descriptor */
};

#define LW_NEIGHBOUR_CHILD  1u /* of this process */
#define LW_NEIGHBOUR_KILLED 2u /* it was gone when a counter of OOM kills had risen */

/* Another process under the limit that binds; it need not be watched itself. */
struct lw_neighbour {
    uint64_t scanned_ns; /* of the look */
    uint32_t listed;     /* records of the look */
    uint32_t flags;      /* LW_NEIGHBOUR_* bits */
    uint32_t pid;
    uint32_t ppid;
    uint64_t start_ticks; /* as in lw_identity */
    uint64_t rss_bytes;   /* resident; when it is gone: as it was seen last */
    uint64_t first_rss_bytes;
    uint64_t peak_rss_bytes;
    uint64_t first_ns; /* when it was seen first */
    uint64_t gone_ns;  /* when it was missed; 0: it is there */
    char name[16];     /* comm */
    uint64_t reserved;
    uint64_t checksum;
};

/* Written by the launcher into the journal of a process that it has waited for. */
struct lw_outcome {
    uint32_t known;    /* 1: the fields below are set */
    int32_t exit_code; /* -1: ended by a signal */
    int32_t signal;    /* 0: none */
    uint32_t oom_kill; /* 0 unknown, 1 confirmed by a counter, 2 the counter stood still */
    uint64_t ended_realtime_ns;
    uint64_t oom_kills_before; /* counter of the job's cgroup; LW_UNKNOWN */
    uint64_t oom_kills_after;
    char source[96]; /* the file that was asked */
    uint64_t reserved[4];
    uint64_t checksum;
};

/*
 * Checksum of records: 64-bit multiply-xor over 8-byte words; n is a multiple of 8. It detects torn writes, it does
 * not authenticate. Async-signal-safe.
 */
static inline uint64_t lw_checksum(const void *data, size_t n)
{
    const unsigned char *bytes = data;
    uint64_t hash = UINT64_C(0x9E3779B97F4A7C15) ^ n;
    for (size_t i = 0; i + 8 <= n; i += 8) {
        uint64_t word;
        __builtin_memcpy(&word, bytes + i, 8);
        hash = (hash ^ word) * UINT64_C(0xD6E8FEB86659FD93);
        hash ^= hash >> 32;
    }
    return hash;
}

#define LW_PIN_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " changed its size")
LW_PIN_SIZE(struct lw_section, 40);
LW_PIN_SIZE(struct lw_header, 1024);
LW_PIN_SIZE(struct lw_identity, 4000);
LW_PIN_SIZE(struct lw_module, 56);
LW_PIN_SIZE(struct lw_symbol, 24);
LW_PIN_SIZE(struct lw_python_frame, 16);
LW_PIN_SIZE(struct lw_node, 16);
LW_PIN_SIZE(struct lw_site, 128);
LW_PIN_SIZE(struct lw_level, 392);
LW_PIN_SIZE(struct lw_other, 16);
LW_PIN_SIZE(struct lw_state, 10104);
LW_PIN_SIZE(struct lw_tick, 128);
LW_PIN_SIZE(struct lw_event, 128);
LW_PIN_SIZE(struct lw_thread, 1000);
LW_PIN_SIZE(struct lw_capability, 16);
LW_PIN_SIZE(struct lw_mark, 32);
LW_PIN_SIZE(struct lw_moment_site, 32);
LW_PIN_SIZE(struct lw_touch, 24);
LW_PIN_SIZE(struct lw_input, 24);
LW_PIN_SIZE(struct lw_outcome, 176);
LW_PIN_SIZE(struct lw_neighbour, 104);

#endif
