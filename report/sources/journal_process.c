/* SPDX-License-Identifier: MIT */
#include "sources/journal_process.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "sources/small_file.h"

/*
 * /proc/PID/stat: "4711 (name with ) and spaces) S 1 4711 ..." where field 22 is the start in clock ticks since boot.
 */
bool journal_process_start(uint32_t pid, uint64_t *ticks)
{
    char path[64], text[1024];

    snprintf(path, sizeof(path), "/proc/%u/stat", pid);
    if (small_file_read(path, text, sizeof(text)) < 0)
        return false;
    char *field = strrchr(text, ')');
    bool zombie = field && (strncmp(field, ") Z", 3) == 0 || strncmp(field, ") X", 3) == 0);
    for (int i = 2; field && i < 22; i++)
        field = strchr(field + 1, ' ');
    return field && !zombie && sscanf(field, "%" SCNu64, ticks) == 1;
}

const char *journal_boot_id(void)
{
    static char boot_id[64];

    if (!boot_id[0] && small_file_read("/proc/sys/kernel/random/boot_id", boot_id, sizeof(boot_id)) < 0)
        boot_id[0] = '\0';
    boot_id[strcspn(boot_id, "\n")] = '\0';
    return boot_id;
}

enum journal_process journal_process(const struct lw_identity *identity)
{
    struct utsname name;
    uint64_t ticks;

    if (strcmp(journal_boot_id(), identity->boot_id) != 0) {
        bool same_host = uname(&name) == 0 && strncmp(name.nodename, identity->host, sizeof(identity->host)) == 0;
        return same_host ? JOURNAL_PROCESS_GONE : JOURNAL_PROCESS_UNKNOWN;
    }
    bool there = journal_process_start(identity->pid, &ticks) && ticks == identity->start_ticks;
    return there ? JOURNAL_PROCESS_THERE : JOURNAL_PROCESS_GONE;
}
