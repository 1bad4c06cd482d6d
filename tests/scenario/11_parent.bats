#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 11: the parent's limit is below the own one.

load common

setup() {
    scenario_setup
    cg_make parent 96M
    cg_make parent/own 512M
}
teardown() { scenario_teardown; }

@test "11 the parent's limit: control is killed" {
    inside parent/own "$PROGRAMS/growth" heap 200
    expect "exit status" 137 "$status"
}

@test "11 the parent's limit: abort in time, the parent is named" {
    with_shim action=abort:activate=8M
    inside parent/own "$PROGRAMS/growth" heap 200
    stopped parent/own
    judge "r.limit.binding.endswith('-parent')" "r.limit.bytes == 96 * MIB" \
        "r.limit.headroom_bytes <= 0.05 * r.limit.bytes" \
        "r.verdict.cause in ('site_growth', 'site_spike')" "line(0).endswith(':small_blocks')" \
        "event('complete') is not None"
}

@test "11 the parent's limit: report names the parent" {
    with_shim action=report:activate=8M
    inside parent/own "$PROGRAMS/growth" heap 200
    expect "exit status" 137 "$status"
    judge "r.limit.binding.endswith('-parent')" "event('complete') is not None" \
        "r.verdict.oom_kill in ('confirmed', 'likely')"
}

# The one that fills the parent lives in another group below it.
@test "11 a cousin fills the parent: it is named, the innocent is spared" {
    cg_make parent/other 512M
    with_shim action=abort:activate=8M
    beside parent/own "$PROGRAMS/idle" 30 5
    without_shim
    cg_run parent/other "$PROGRAMS/growth" heap 60 >"$WORK/stdout" 2>"$WORK/stderr" &
    local job=$!
    sleep 0.3
    cousin=$(pid_in parent/other growth)
    status=0
    wait "$job" || status=$?
    expect "exit status of the cousin" 137 "$status"
    beside_end
    innocent_lived parent
    judge "r.verdict.cause == 'sibling'" "'growth, pid $cousin, ' in r.verdict.sentence" \
        "evidence('neighbour growth (pid $cousin) held ')" "event('complete') is not None" \
        "[n for n in r.neighbours if n.pid == $cousin][0].peak_resident_bytes > 40 * MIB"
}
