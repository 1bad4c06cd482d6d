/* SPDX-License-Identifier: MIT */
/*
 * /dev/kmsg can be waited for. The counters of the cgroups can too, one by one; but cgroups come and go with jobs, so
 * they are all looked at a few times a second instead.
 */
#include "commands/explain_follow.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "commands/commands.h"
#include "sources/cgroup_tree.h"
#include "sources/kernel_log_read.h"

#define SILENCE_MS  300 /* after that a record is over */
#define LOOK_MS     250
#define MAX_WATCHED 8192u
#define MAX_DEPTH   16

/* A descriptor that becomes readable when it is time to go. */
static int open_end(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    /* Shells start what they put into the background with SIGINT ignored; an ignored signal would never arrive. */
    signal(SIGINT, SIG_DFL);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static int follow_log(struct sink *sink, int fd, int end, kernel_log_found *found, void *context)
{
    struct kernel_log *log = kernel_log_new(found, context);
    int error = 0;

    fprintf(stderr, "lastwords: following the kernel log (/dev/kmsg); SIGINT ends it\n");
    while (!error) {
        struct pollfd waits[] = {{.fd = fd, .events = POLLIN}, {.fd = end, .events = POLLIN}};
        int ready = poll(waits, 2, kernel_log_pending(log) ? SILENCE_MS : -1);
        if (ready < 0 && errno != EINTR)
            error = -errno;
        if (ready > 0 && waits[1].revents)
            break;
        if (ready == 0)
            kernel_log_flush(log);
        else if (ready > 0)
            error = kernel_log_read_live(fd, log);
        fflush(sink->file);
    }
    kernel_log_flush(log);
    kernel_log_free(log);
    if (error)
        fprintf(stderr, "lastwords: /dev/kmsg: cannot be read any more (%s)\n", strerror(-error));
    return error ? EXIT_UNREADABLE : EXIT_DONE;
}

/* ---- counters ---- */

struct watched {
    char *directory;
    uint64_t kills;
    bool seen;
};

struct watch {
    enum cgroup_version version;
    struct watched *items;
    size_t count;
    bool first;
    struct sink *sink;
    size_t mount_length;
};

static struct watched *find_watched(struct watch *watch, const char *directory)
{
    for (size_t i = 0; i < watch->count; i++)
        if (strcmp(watch->items[i].directory, directory) == 0)
            return &watch->items[i];
    if (watch->count == MAX_WATCHED)
        return NULL;
    watch->items = array_resize(watch->items, watch->count + 1, sizeof(*watch->items));
    watch->items[watch->count] = (struct watched){.directory = strdup(directory)};
    return &watch->items[watch->count++];
}

static void tell_kills(struct watch *watch, const char *directory, uint64_t kills)
{
    char when[40] = "", path[1024];
    time_t now = time(NULL);
    struct tm parts;
    const char *name = directory + watch->mount_length;

    if (localtime_r(&now, &parts))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &parts);
    sink_printable(*name ? name : "/", strlen(*name ? name : "/"), path, sizeof(path));
    sink_printf(watch->sink,
                "%s  OOM kill in cgroup %s: %llu process%s (its own counter; the victim's name is in the "
                "kernel log only)\n",
                when, path, (unsigned long long)kills, kills == 1 ? "" : "es");
    fflush(watch->sink->file);
}

/*
 * Returns how many kills were seen at `directory` or below since the last look. v2 counts those below as well: what
 * is not found there happened here, or in a group that is gone already.
 */
static uint64_t look(struct watch *watch, const char *directory, int depth)
{
    uint64_t kills = cgroup_oom_kills(watch->version, directory, NULL, 0), below = 0, risen = 0;
    DIR *stream = depth < MAX_DEPTH ? opendir(directory) : NULL;

    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        char child[PATH_MAX];
        if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
            snprintf(child, sizeof(child), "%s/%s", directory, entry->d_name) >= (int)sizeof(child))
            continue;
        below += look(watch, child, depth + 1);
    }
    if (stream)
        closedir(stream);
    struct watched *watched = find_watched(watch, directory);
    if (!watched || kills == LW_UNKNOWN)
        return below;
    watched->seen = true;
    risen = kills > watched->kills ? kills - watched->kills : 0;
    watched->kills = kills;
    uint64_t here = watch->version == CGROUP_V2 ? (risen > below ? risen - below : 0) : risen;
    if (here > 0 && !watch->first)
        tell_kills(watch, directory, here);
    return watch->version == CGROUP_V2 ? risen : risen + below;
}

static void forget_gone(struct watch *watch)
{
    size_t kept = 0;

    for (size_t i = 0; i < watch->count; i++) {
        if (watch->items[i].seen)
            watch->items[kept++] = watch->items[i];
        else
            free(watch->items[i].directory);
    }
    watch->count = kept;
    for (size_t i = 0; i < kept; i++)
        watch->items[i].seen = false;
}

static int follow_counters(struct sink *sink, int end, int log_error)
{
    struct watch watch = {.first = true, .sink = sink};
    struct pollfd wait = {.fd = end, .events = POLLIN};
    static struct cgroup_place place;

    if (cgroup_place_read(0, &place) != 0) {
        fprintf(stderr,
                "lastwords: nothing to follow: /dev/kmsg cannot be read (%s) and no memory cgroup can be seen: run as "
                "root or with CAP_SYSLOG\n",
                strerror(-log_error));
        return EXIT_UNREADABLE;
    }
    watch.version = place.version;
    watch.mount_length = strlen(place.mount);
    look(&watch, place.mount, 0);
    watch.first = false;
    fprintf(stderr, "lastwords: following oom_kill of the %zu cgroups in %s, since /dev/kmsg cannot be read (%s)\n",
            watch.count, place.mount, strerror(-log_error));
    while (poll(&wait, 1, LOOK_MS) == 0) {
        forget_gone(&watch);
        look(&watch, place.mount, 0);
    }
    for (size_t i = 0; i < watch.count; i++)
        free(watch.items[i].directory);
    free(watch.items);
    return EXIT_DONE;
}

int explain_follow(struct sink *sink, kernel_log_found *found, void *context)
{
    int end = open_end(), fd = kernel_log_open_live();
    int status = fd >= 0 ? follow_log(sink, fd, end, found, context) : follow_counters(sink, end, fd);

    if (fd >= 0)
        close(fd);
    close(end);
    return status;
}
