#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The list of tests about limits and neighbours on cgroup v2; TAP on standard output. Started by run.sh.
set -u
ONLY=${1:-}
# shellcheck source=tests/guest/checks.bash
. "$(cd "$(dirname "$0")" && pwd)/checks.bash"
CG_TIMEOUT=150

# ---- 14: memory.high below max ----

high_in_group() {
    cg_make high 64M
    echo $((58 << 20)) >"$(cg_path high)/memory.high" # the further above, the longer each sleep: minutes in here
    echo 3 >/proc/sys/vm/drop_caches # what is read again is charged to this group, and taken from it first
    inside high "$PROGRAMS/growth" heap 0
}
# Neither the program nor the watcher loses its code and reads it again, page by page: 39,000 pages were seen.
high_keeps_code() {
    local refaults
    refaults=$(awk '$1 == "workingset_refault_file" {print $2}' "$(cg_path high)/memory.stat")
    [ "$refaults" -lt 2000 ] || { echo "$refaults pages of files were read again"; return 1; }
}
high_control() { steps high_in_group "killed high"; }
high_truth() {
    judge "r.limit.levels[0].high_bytes == 58 * MIB" "reached('warn') is not None" \
        "stalls_are_told()" "r.pressure.some_total_us > 0" "event('complete') is not None" \
        "evidence('before the end: some above 10 % ')" "line(0).endswith(':small_blocks')"
}
high_abort() {
    with_shim action=abort:activate=8M:sample=16K
    steps high_in_group "stopped high" high_truth high_keeps_code
}
high_report() {
    with_shim action=report:activate=8M:sample=16K
    steps high_in_group "killed high" high_truth high_keeps_code
}

# ---- 16: memory.oom.group ----

group_in_group() {
    cg_make group 80M
    echo 1 >"$(cg_path group)/memory.oom.group"
    inside group "$PROGRAMS/pool" 3 12 1 30
}
all_died() {
    expect "exit status" 137 "$status" || return 1
    [ "$(cg_oom_kills group)" -ge 4 ] || { echo "only $(cg_oom_kills group) were killed"; return 1; }
}
group_control() { steps group_in_group all_died; }
group_report() {
    with_shim action=report:activate=4M:sample=16K
    steps group_in_group all_died || return 1
    local grower
    grower=$(awk '$1 == "grower" {print $2}' "$WORK/stdout")
    expect "journals" 3 "$(journals | wc -l)" || return 1
    judge_all "r.process.pid == $grower" "r.verdict.cause in ('site_growth', 'site_spike')" || return 1
    mkdir "$WORK/grower"
    mv $(journals | grep "\\.$grower\\.") "$WORK/grower"
    judge_each "r.verdict.cause == 'sibling'" "'pool, pid $grower, ' in r.verdict.sentence" "event('complete') is not None" \
        "r.verdict.oom_kill in ('confirmed', 'likely')"
}

# ---- 10 and 11: others, and the parent's limit ----

cousin() {
    cg_make parent 96M
    cg_make parent/own 512M
    cg_make parent/other 512M
    with_shim action=abort:activate=8M:sample=16K
    beside parent/own "$PROGRAMS/idle" 24 60 || return 1
    without_shim
    cg_run parent/other "$PROGRAMS/growth" heap 30 >"$WORK/stdout" 2>"$WORK/stderr" &
    local job=$! pid tries innocent
    for tries in $(seq 100); do
        pid=$(pid_in parent/other growth)
        [ -z "$pid" ] || break
        sleep 0.1
    done
    status=0
    wait "$job" || status=$?
    expect "exit status of the cousin" 137 "$status" || return 1
    sleep 3
    innocent=$(pid_in parent/own idle)
    [ -n "$innocent" ] || { echo "the innocent is gone"; return 1; }
    "$LASTWORDS_COMMAND" report "$(journals)"
    judge "r.limit.binding.endswith('-parent')" "evidence('neighbour growth (pid $pid) held ')" \
        "evidence('action=abort was not taken')" "event('oom_kill') is not None" \
        "[n for n in r.neighbours if n.pid == $pid][0].killed"
}

# A namespace of its own hides the names of its group and of those above; the mount is older than it.
unshared() {
    cg_make above 64M
    cg_make above/own 512M
    with_shim action=abort:activate=8M:sample=16K
    inside above/own unshare -C "$PROGRAMS/growth" heap 40
    stopped above && judge "r.limit.binding.endswith('-above')" "r.limit.bytes == 64 * MIB" "r.capabilities.psi.available" \
        "event('complete') is not None"
}

# ---- 9: shared memory, kernel memory ----

# 40 MiB are the program's own: less than half of the limit, beyond doubt.
charge_in_group() {
    cg_make charge 128M
    inside charge "$PROGRAMS/charge" "$1" 200
}
charge_control() { steps "charge_in_group memfd" "killed charge"; }
charge_memfd() {
    with_shim action=abort
    steps "charge_in_group memfd" "stopped charge" &&
        judge "r.verdict.cause == 'shared_memory'" "'probably /memfd:charge' in r.verdict.sentence"
}
charge_pipes() {
    with_shim action=abort
    steps "charge_in_group pipes" "stopped charge" && judge "r.verdict.cause == 'kernel_memory'"
}
charge_names() {
    with_shim action=abort:keep=always
    cg_make charge 64M
    inside charge "$PROGRAMS/charge" names 40 "$WORK"
    lived charge && judge "event('action') is None" "reached('margin') is None"
}

cg_available || {
    echo "not ok 1 guest: $CG_WHY"
    exit 1
}
check "14 memory.high below max: control is throttled and killed" high_control
check "14 memory.high below max: abort, the pressure is shown" high_abort
check "14 memory.high below max: report is complete before the kill" high_report
check "16 memory.oom.group: control, all die at once" group_control
check "16 memory.oom.group: every journal is readable and names the one that grew" group_report
check "11 a cousin fills the parent: the innocent is spared and names it" cousin
check "11 the parent's limit, above a namespace that hides it: abort in time" unshared
check "9 a memfd grows: control is killed" charge_control
check "9 a memfd grows: named as shared memory" charge_memfd
check "9 kernel memory, pipes: named" charge_pipes
check "9 kernel memory, names of files: no action" charge_names
echo "1..$number"
