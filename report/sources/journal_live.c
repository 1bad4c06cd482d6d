/* SPDX-License-Identifier: MIT */
#include "sources/journal_live.h"

#include <ctype.h>
#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sources/journal_file.h"
#include "sources/journal_process.h"

static bool runs(const struct journal_found *found, const void *context)
{
    (void)context;
    return found->header.life == LW_LIFE_LIVE && journal_process(&found->identity) == JOURNAL_PROCESS_THERE;
}

/*
 * A line of /proc/PID/maps, whose last field is the path:
 *     7f0a1c000000-7f0a1c419000 rw-s 00000000 08:01 1311 /srv/job/lastwords-python3.worker7.4711.1763690400.lw
 */
static const char *mapped_journal(const char *line)
{
    const char *path = strchr(line, '/');
    const char *name = path ? strrchr(path, '/') + 1 : "";

    return fnmatch(JOURNAL_FILE_PREFIX "*" JOURNAL_FILE_SUFFIX, name, 0) == 0 ? path : NULL;
}

static bool is_journal(const char *path)
{
    struct lw_header header;
    struct lw_identity identity;

    return journal_peek(path, &header, &identity);
}

bool journal_live_of(uint32_t pid, char *path, size_t size)
{
    char name[64], *line = NULL;
    size_t room = 0;
    bool found = false;

    snprintf(name, sizeof(name), "/proc/%u/maps", pid);
    FILE *maps = fopen(name, "re");
    while (maps && !found && getline(&line, &room, maps) > 0) {
        line[strcspn(line, "\n")] = '\0';
        const char *mapped = mapped_journal(line);
        if (!mapped)
            continue;
        snprintf(path, size, "/proc/%u/root%s", pid, mapped);
        found = is_journal(path);
        struct stat inside, here;
        if (found && stat(path, &inside) == 0 && stat(mapped, &here) == 0 && inside.st_ino == here.st_ino &&
            inside.st_dev == here.st_dev)
            snprintf(path, size, "%s", mapped); /* the shorter name for the same file */
    }
    free(line);
    if (maps)
        fclose(maps);
    return found;
}

void journal_live_all(struct journal_list *list)
{
    const char *directories[3];
    size_t count = journal_default_directories(directories);
    char path[PATH_MAX];

    *list = (struct journal_list){.count = 0};
    for (size_t i = 0; i < count; i++)
        journal_find(directories[i], runs, NULL, list);
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes));)
        if (isdigit((unsigned char)entry->d_name[0]) &&
            journal_live_of((uint32_t)strtoul(entry->d_name, NULL, 10), path, sizeof(path)))
            journal_list_add(path, NULL, NULL, list);
    if (processes)
        closedir(processes);
    journal_list_sort(list);
}
