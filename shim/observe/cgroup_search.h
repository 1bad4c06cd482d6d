/* SPDX-License-Identifier: MIT */
/*
 * cgroup_search: the own cgroup below a mount that does not say where it lies.
 *
 * A cgroup namespace (unshare -C, sandboxes) hides the names above its root: /proc/self/cgroup says "/", and mountinfo
 * calls the root of a mount that is older than the namespace "/../..". The own group is then so many levels below the
 * mount, in a directory whose cgroup.procs has the own pid. About 5 us a directory, at most CGROUP_SEARCH_MAX of them.
 * No allocation, no locks; needs some 5 KiB of stack a level.
 */
#ifndef LW_OBSERVE_CGROUP_SEARCH_H
#define LW_OBSERVE_CGROUP_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CGROUP_SEARCH_DEPTH 8u
#define CGROUP_SEARCH_MAX   4096u

/* How many levels the root of a mount lies above the namespace: 2 for "/../.."; 0: its name is known. Pure. */
uint32_t cgroup_levels_above(const char *mount_root);
/*
 * Looks `levels` below mount_point for the directory whose descendant `path` (as in /proc/self/cgroup) holds the
 * process `pid`; where that lies below the mount point is left in `relative`. false: nowhere, or not in that many
 * directories.
 */
bool cgroup_search(const char *mount_point, uint32_t levels, const char *path, uint32_t pid, char *relative,
                   size_t capacity);

#endif
