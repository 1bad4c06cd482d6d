#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The list of tests in a machine of 512 MiB without a cgroup limit, whose kernel was started with psi=0; TAP on standard
# output. Started by run.sh.
set -u
ONLY=${1:-}
GUEST_KIND="512 MiB, psi=0"
# shellcheck source=tests/guest/checks.bash
. "$(cd "$(dirname "$0")" && pwd)/checks.bash"

# Without a cgroup. The victim is to be the one that fills, not the shell.
on_host() {
    status=0
    (
        [ -z "$TEST_PRELOAD" ] || export LD_PRELOAD=$TEST_PRELOAD LASTWORDS=$TEST_LASTWORDS
        echo 500 >/proc/self/oom_score_adj
        exec timeout -k 5 120 "$@"
    ) >"$WORK/stdout" 2>"$WORK/stderr" || status=$?
    echo "exit status $status"
    cat "$WORK/stdout" "$WORK/stderr"
}
kills() { awk '$1 == "oom_kill" {print $2}' /proc/vmstat; }

# ---- 22: the machine's memory ----

host_fill() {
    before=$(kills)
    on_host "$PROGRAMS/growth" heap 40
}
host_killed() { expect "exit status" 137 "$status" && expect "OOM kills" 1 $(($(kills) - before)); }
host_stopped() { expect "exit status" 134 "$status" && expect "OOM kills" 0 $(($(kills) - before)); }
host_truth() {
    judge "r.limit.kind == 'host'" "r.limit.binding == 'host'" "event('complete') is not None" \
        "r.verdict.cause in ('site_growth', 'site_spike')" "line(0).endswith(':small_blocks')"
}
host_control() { steps host_fill host_killed; }
host_abort() {
    with_shim action=abort:activate=8M:sample=16K
    steps host_fill host_stopped host_truth
}
host_report() {
    with_shim action=report:activate=8M:sample=16K
    steps host_fill host_killed host_truth
}

# ---- 20: no PSI ----

psi_off() {
    with_shim action=abort:activate=8M:sample=16K
    cg_make psi 64M
    inside psi "$PROGRAMS/growth" heap 40
    stopped psi && judge "not r.capabilities.psi.available" "r.pressure.some_total_us is None" \
        "event('complete') is not None" "line(0).endswith(':small_blocks')"
}

cg_available || {
    echo "not ok 1 guest: $CG_WHY"
    exit 1
}
check "22 the machine's memory runs out: control is killed" host_control
check "22 the machine's memory runs out: abort in time, the host is named" host_abort
check "22 the machine's memory runs out: report is complete before the kill" host_report
check "20 psi=0: said, and all the rest works" psi_off
echo "1..$number"
