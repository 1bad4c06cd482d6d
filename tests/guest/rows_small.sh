#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The rows of the table for a machine of 512 MiB without a cgroup limit and with psi=0. Runs inside the guest, started by
# table.sh beside this file.
#
# usage: rows_small.sh N PATTERN
set -eu
# shellcheck source=tests/scenario/table.bash
. "$(cd "$(dirname "$0")" && pwd)/../scenario/table.bash"
CG_TIMEOUT=120
table_begin "$1" "$2"

oom_kills() { awk '$1 == "oom_kill" {print $2}' /proc/vmstat; }

# Without a cgroup of its own. The victim is to be the one that fills, not the shell.
run_on_host() {
    local before
    before=$(oom_kills)
    status=0
    (
        export LD_PRELOAD=$TEST_PRELOAD LASTWORDS=$TEST_LASTWORDS
        echo 500 >/proc/self/oom_score_adj
        exec timeout -k 5 "$CG_TIMEOUT" "$@"
    ) >"$WORK/stdout" 2>"$WORK/stderr" || status=$?
    kills=$(($(oom_kills) - before))
}

small="line(0).endswith(':small_blocks')"
row "22 the machine's memory" dies site_growth,site_spike options=activate=8M:sample=16K how=run_on_host \
    truth="r.limit.binding == 'host' and $small" -- "$PROGRAMS/growth" heap 40
row "20 psi=0" dies site_growth,site_spike limit=64M options=activate=8M:sample=16K \
    truth="not r.capabilities.psi.available and $small" -- "$PROGRAMS/growth" heap 40
table_end
