#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# action=signal: the program is told in time, and may clean up.

load common

setup() { scenario_setup; cg_make signal 128M; }
teardown() { scenario_teardown; }

cleans() {
    with_shim "action=signal${2:-}"
    inside signal "$PYTHON" "$REPO/tests/scenario/programs/cleanup.py" "$WORK/cleaned" "$1"
}

@test "26 signal: control is killed" {
    inside signal "$PYTHON" "$REPO/tests/scenario/programs/cleanup.py" "$WORK/cleaned" exit
    killed signal
    [ ! -e "$WORK/cleaned" ]
}

@test "26 signal: the program's handler runs, its exit status is its own" {
    cleans exit
    expect "exit status" 3 "$status"
    expect "OOM kills" 0 "$(cg_oom_kills signal)"
    grep -q 'cleaned up with' "$WORK/cleaned"
    judge "event('complete') is not None" "line(0) == 'cleanup.py:grow'" "r.process.exit.code == 3" \
        "r.moment_ms is not None" "r.lines[0].resident_bytes > 60 * MIB" "r.verdict.cause == 'site_growth'" \
        "r.limit.headroom_bytes < 0.05 * r.limit.bytes" \
        "any('signal 15' in e.text for e in r.events)"
}

@test "26 signal: memory is freed, the run ends well" {
    cleans free
    lived signal
    grep -q freed "$WORK/stdout"
}

@test "26 signal: a program without a handler dies of the signal" {
    cleans none
    expect "exit status" 143 "$status"
    expect "OOM kills" 0 "$(cg_oom_kills signal)"
    judge "event('complete') is not None" "line(0) == 'cleanup.py:grow'"
}

@test "26 signal: it is ignored and memory grows on: held, then aborted after the time of grace" {
    cleans ignore :grace=1
    stopped signal
    grep -q 'signal 15 is sent to the process, for 1 s at most' "$WORK/stderr"
    grep -q 'the time after the signal is over, the process is ended' "$WORK/stderr"
    [ "$elapsed_ms" -gt 1000 ]
    judge "event('complete') is not None" "any('grace is over' in e.text for e in r.events)"
}

@test "26 signal: a cleanup that takes too long ends with the time of grace" {
    cleans slow :grace=1
    stopped signal
}

@test "26 signal: without the fault counter nobody is held, and the abort comes before the kill" {
    cleans ignore :grace=5:touch=off
    stopped signal
}

@test "26 signal: another signal by name" {
    cleans none :signal=USR1
    expect "exit status" 138 "$status"
}
