#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 24: with action=park growth waits for memory that a sibling will free.

load common

setup() { scenario_setup; cg_make park 256M; }
teardown() {
    [ -z "${SIBLING:-}" ] || kill -KILL "$SIBLING" 2>/dev/null || true
    scenario_teardown
}

# sibling SECONDS: 150 MiB in the same cgroup for so long
sibling() {
    (cg_run park "$PROGRAMS/hold" 150 "$1" "$WORK/ready" 3>&-) &
    SIBLING=$!
    for _ in $(seq 100); do
        [ ! -e "$WORK/ready" ] || return 0
        sleep 0.05
    done
    return 1
}

@test "24 park: control is killed" {
    sibling 2
    inside park "$PROGRAMS/fill" 1 130
    expect "OOM kills" 1 "$(cg_oom_kills park)"
}

parks() {
    sibling 2
    with_shim action=park:activate=8M"$2"
    inside park "$PROGRAMS/fill" "$1" 130
    lived park
    [ "$elapsed_ms" -gt 1000 ]
    expect "stdout" "fill: done" "$(cat "$WORK/stdout")"
    judge "event('action') is not None" "event('complete') is not None" "event('recovered') is not None" \
        "r.verdict.oom_kill == 'no'"
}

@test "24 park: growth waits, the run completes" { parks 1 ""; }
@test "24 park: eight threads wait, the run completes" { parks 8 ""; }
@test "24 park: without the fault counter too" { parks 1 ":touch=off"; }

@test "24 park: nobody frees anything, so the abort comes after the time of grace" {
    sibling 60
    with_shim action=park:activate=8M:grace=1
    inside park "$PROGRAMS/fill" 4 130
    stopped park
    [ "$elapsed_ms" -gt 1000 ]
    [ "$elapsed_ms" -lt 10000 ]
    judge "event('complete') is not None" "any('grace is over' in e.text for e in r.events)"
}
