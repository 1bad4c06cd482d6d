/* SPDX-License-Identifier: MIT */
#include "sources/cgroup_job.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define REMOVE_TRIES    50
#define FOLLOW_TRIES    50
#define PAUSE_NS        10000000 /* between tries */
#define SYSTEMD_RUNNING "/run/systemd/system"

static void pause_briefly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

static int open_procs(const char *directory)
{
    char path[PATH_MAX + 32];

    snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
    return open(path, O_WRONLY | O_CLOEXEC);
}

static int make_child(const char *parent, char *directory, size_t size)
{
    snprintf(directory, size, "%.3900s/lastwords-%d", parent, (int)getpid());
    return mkdir(directory, 0755) == 0 ? 0 : -errno;
}

/* A limit that swap makes larger is none. Where swap is not accounted there are no such files. */
static void forbid_swap(const char *directory, uint64_t limit_bytes)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, limit_bytes);
    if (cgroup_write_file(directory, "memory.swap.max", "0") != 0)
        cgroup_write_file(directory, "memory.memsw.limit_in_bytes", text);
}

/* Makes the directory, sets its limit and opens its procs; all or nothing. */
static int make_limited(const char *parent, const char *limit_file, uint64_t limit_bytes, struct cgroup_job *job)
{
    char directory[PATH_MAX], text[32];
    int error = make_child(parent, directory, sizeof(directory));

    if (error)
        return error;
    snprintf(text, sizeof(text), "%" PRIu64, limit_bytes);
    error = cgroup_write_file(directory, limit_file, text);
    if (!error)
        forbid_swap(directory, limit_bytes);
    int fd = error ? -1 : open_procs(directory);
    if (fd < 0) {
        error = error ? error : -errno;
        rmdir(directory);
        return error;
    }
    memcpy(job->directory, directory, sizeof(job->directory));
    job->procs_fd = fd;
    job->kind = CGROUP_JOB_OWN;
    return 0;
}

static bool make_v1(const struct cgroup_place *place, uint64_t limit_bytes, struct cgroup_job *job, struct problem *why)
{
    int error = make_limited(place->directory, "memory.limit_in_bytes", limit_bytes, job);

    if (error) {
        problem_set(why, "no cgroup could be made below %s (%s)", place->directory, strerror(-error));
        return false;
    }
    if (place->has_unified && make_child(place->unified_directory, job->unified, sizeof(job->unified)) == 0) {
        job->unified_procs_fd = open_procs(job->unified);
    } else {
        job->unified[0] = '\0';
    }
    return true;
}

/*
 * v2 lets a cgroup have either processes or children with controllers, the root excepted. So: a child of the own
 * cgroup where that is allowed, else a sibling, unless that would escape from a limit of the own one.
 */
static bool make_v2(const struct cgroup_place *place, uint64_t limit_bytes, struct cgroup_job *job, struct problem *why)
{
    bool root = strcmp(place->directory, place->mount) == 0;
    uint64_t own_limit = LW_UNLIMITED;
    char parent[PATH_MAX];
    int error = -EBUSY;

    cgroup_read_number(place->directory, "memory.max", &own_limit);
    if (root && !cgroup_read_has_word(place->directory, "cgroup.subtree_control", "memory"))
        cgroup_write_file(place->directory, "cgroup.subtree_control", "+memory");
    if (cgroup_read_has_word(place->directory, "cgroup.subtree_control", "memory"))
        error = make_limited(place->directory, "memory.max", limit_bytes, job);
    memcpy(parent, place->directory, sizeof(parent));
    char *slash = strrchr(parent, '/');
    if (error && !root && slash && own_limit == LW_UNLIMITED) {
        *slash = '\0';
        if (cgroup_read_has_word(parent, "cgroup.subtree_control", "memory"))
            error = make_limited(parent, "memory.max", limit_bytes, job);
    }
    if (error)
        problem_set(why, "no cgroup could be made at %s (%s)", place->directory, strerror(-error));
    return error == 0;
}

bool cgroup_job_make(uint64_t limit_bytes, struct cgroup_job *job, struct problem *why)
{
    struct cgroup_place place;
    bool made = false;

    *job = (struct cgroup_job){.procs_fd = -1, .unified_procs_fd = -1, .oom_kills_before = LW_UNKNOWN};
    problem_set(why, "no memory cgroup is mounted here");
    if (cgroup_place_read(0, &place) == 0) {
        job->version = place.version;
        memcpy(job->directory, place.directory, sizeof(job->directory));
        if (limit_bytes > 0)
            made = place.version == CGROUP_V1 ? make_v1(&place, limit_bytes, job, why)
                                              : make_v2(&place, limit_bytes, job, why);
    }
    if (limit_bytes > 0 && !made && access(SYSTEMD_RUNNING, F_OK) == 0) {
        job->kind = CGROUP_JOB_SYSTEMD;
        made = true;
    }
    job->oom_kills_before = cgroup_oom_kills(job->version, job->directory, job->source, sizeof(job->source));
    return made;
}

int cgroup_job_enter(const struct cgroup_job *job)
{
    if (job->unified_procs_fd >= 0 && write(job->unified_procs_fd, "0", 1) < 0)
        errno = 0; /* only pressure would be missing */
    if (job->procs_fd >= 0 && write(job->procs_fd, "0", 1) < 0)
        return -errno;
    return 0;
}

void cgroup_job_follow(struct cgroup_job *job, pid_t child)
{
    static struct cgroup_place own, its;

    if (job->kind != CGROUP_JOB_SYSTEMD || cgroup_place_read(0, &own) != 0)
        return;
    for (int i = 0; i < FOLLOW_TRIES && cgroup_place_read(child, &its) == 0; i++) {
        char *slash = strrchr(its.directory, '/');
        if (strcmp(own.directory, its.directory) != 0 && slash) {
            *slash = '\0'; /* the scope goes away with the job; its slice counts what happens below */
            memcpy(job->directory, its.directory, sizeof(job->directory));
            job->version = its.version;
            job->oom_kills_before = cgroup_oom_kills(job->version, job->directory, job->source, sizeof(job->source));
            return;
        }
        pause_briefly();
    }
}

uint64_t cgroup_job_oom_kills(const struct cgroup_job *job)
{
    return cgroup_oom_kills(job->version, job->directory, NULL, 0);
}

static bool remove_directory(const char *directory)
{
    for (int i = 0; i < REMOVE_TRIES; i++) {
        if (rmdir(directory) == 0 || errno == ENOENT)
            return true;
        pause_briefly();
    }
    return false;
}

bool cgroup_job_remove(struct cgroup_job *job)
{
    bool gone = true;

    if (job->procs_fd >= 0)
        close(job->procs_fd);
    if (job->unified_procs_fd >= 0)
        close(job->unified_procs_fd);
    job->procs_fd = job->unified_procs_fd = -1;
    if (job->kind == CGROUP_JOB_OWN)
        gone = remove_directory(job->directory);
    if (job->unified[0])
        gone = remove_directory(job->unified) && gone;
    return gone;
}
