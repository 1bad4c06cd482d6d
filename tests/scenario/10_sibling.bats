#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 10: a neighbour in the cgroup fills it. It is killed, not we: a controlled end of ours would be a false abort.

load common

setup() { scenario_setup; cg_make sibling 128M; CG_TIMEOUT=30; }
teardown() { scenario_teardown; }

# The watched one holds 40 MiB for some seconds; the other one, which is not watched, grows until it is killed.
fill_beside() {
    beside sibling "$PROGRAMS/idle" 40 "${1:-5}"
    without_shim
    cg_run sibling "$PROGRAMS/growth" heap 80 >"$WORK/stdout" 2>"$WORK/stderr" &
    local job=$!
    for tries in $(seq 100); do
        GROWER=$(pid_in sibling growth)
        [ -z "$GROWER" ] || break
        sleep 0.02
    done
    status=0
    wait "$job" || status=$?
    beside_end
    expect "exit status of the one that grows" 137 "$status"
    expect "exit status of the one that does not" 0 "$beside_status"
    expect "OOM kills" 1 "$(cg_oom_kills sibling)"
}

# What every report of the innocent has to say.
names_the_other() {
    judge "r.verdict.cause == 'sibling'" \
        "'growth, pid $GROWER, ' in r.verdict.sentence" \
        "'not this process' in r.verdict.sentence" \
        "evidence('neighbour growth (pid $GROWER) held ')" \
        "r.verdict.confidence >= 0.5" \
        "[n for n in r.neighbours if n.pid == $GROWER][0].peak_resident_bytes > 60 * MIB" \
        "[n for n in r.neighbours if n.pid == $GROWER][0].killed" \
        "event('complete') is not None" \
        "any('$GROWER' in advice.text for advice in r.advice)"
}

@test "10 a sibling fills the cgroup: control, it is killed and we live" { fill_beside; }

@test "10 a sibling fills the cgroup: abort spares the innocent, which names it" {
    with_shim action=abort:activate=8M
    fill_beside
    names_the_other
    judge "event('oom_kill') is not None" "evidence('action=abort was not taken')" \
        "r.process.exit.code == 0" "abs(site_of('hold').resident_bytes - 40 * MIB) < MIB"
}

@test "10 a sibling fills the cgroup: report names it" {
    with_shim action=report:activate=8M
    fill_beside
    names_the_other
}

@test "10 a sibling fills the cgroup, at full speed: abort spares the innocent" {
    with_shim action=abort:activate=8M
    beside sibling "$PROGRAMS/idle" 40 3
    without_shim
    inside sibling "$PROGRAMS/fill" 2 512
    expect "exit status" 137 "$status"
    beside_end
    innocent_lived
}

# Two that are watched: exactly the one that grows ends itself, and nobody is killed.
@test "10 both are watched: abort ends the one that grows, the other one lives" {
    with_shim action=abort:activate=8M
    beside sibling "$PROGRAMS/idle" 40 5
    inside sibling "$PROGRAMS/growth" heap 80
    stopped sibling
    beside_end
    innocent_lived
    judge_all "r.verdict.cause in ('site_growth', 'site_spike')" "line(0).endswith(':small_blocks')" "event('action') is not None"
}
