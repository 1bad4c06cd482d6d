#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The decisive few of the guest's tests, for a boot of a newer kernel; TAP on standard output. Started by run.sh.
#
# Each looks at something else that the kernel does: the fault counter and threads, huge pages, page cache, memory.high,
# kills of a whole group, the parent's limit, kernel memory, the record of a kill.
set -u
here=$(cd "$(dirname "$0")" && pwd)
bash "$here/inside.sh" "$1" "$2" "${3:-leak: abort|a real kill is decoded|stream: read|8 threads are stopped|huge pages}"
bash "$here/limits.sh" "${3:-below max: abort|every journal|cousin|namespace|memfd grows: named|names of files}"
