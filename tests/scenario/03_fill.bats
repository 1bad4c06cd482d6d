#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 3: the fastest fill of fresh mappings, with the first-touch counter and without it.

load common

setup() { scenario_setup; cg_make fill 256M; }
teardown() { scenario_teardown; }

@test "3 fastest fill: control is killed" {
    inside fill "$PROGRAMS/fill" 8 1024
    killed fill
}

stopped_with() {
    local round
    for round in 1 2 3; do
        with_shim action=abort
        inside fill "$PROGRAMS/fill" "$1" 1024
        stopped fill
        judge "event('complete') is not None" "any(frame.function == 'touch_all' for frame in r.sites[0].stack)"
        rm -f "$WORK"/*.lw
    done
}

@test "3 fastest fill: 1 thread is stopped, three times of three" { stopped_with 1; }
@test "3 fastest fill: 8 threads are stopped, three times of three" { stopped_with 8; }
@test "3 fastest fill: 32 threads are stopped, three times of three" { stopped_with 32; }
@test "3 fastest fill: 128 threads are stopped, three times of three" { stopped_with 128; }

# LEAST THREADS [COMMAND…]: so many of five runs without the counter are stopped at least (how many of many are is in the
# README's table), and none before a tenth of the limit is left.
stopped_without_counter() {
    local least=$1 threads=$2 run stopped=0
    shift 2
    for run in 1 2 3 4 5; do
        cg_make "blind$run" 256M
        with_shim action=abort:touch=off
        inside "blind$run" "$@" "$PROGRAMS/fill" "$threads" 1024
        if [ "$status" = 134 ] && [ "$(cg_oom_kills "blind$run")" = 0 ]; then
            judge "event('complete') is not None" "r.limit.headroom_bytes <= r.limit.bytes / 10" "not r.capabilities.fault_counter.available"
            stopped=$((stopped + 1))
        fi
        rm -f "$WORK"/*.lw
    done
    [ "$stopped" -ge "$least" ] || { echo "stopped $stopped of 5"; return 1; }
}

@test "3 fastest fill: without the counter, 8 threads" { stopped_without_counter 4 8; }
@test "3 fastest fill: without the counter, 128 threads" { stopped_without_counter 4 128; }
@test "3 fastest fill: without the counter and the right to go first, 8 threads" {
    stopped_without_counter 3 8 setpriv --bounding-set -sys_nice
}

@test "3 fastest fill: without the counter threads look for themselves once the limit is half a second away" {
    with_shim action=abort:touch=off:activate=8M
    cg_make slow 96M
    (trap - EXIT && cg_run slow "$PROGRAMS/growth" heap 60 >/dev/null 2>&1 3>&-) &
    timers=
    while [ -z "$timers" ] && kill -0 $!; do
        sleep 0.02
        timers=$(cat "/proc/$(pid_in slow growth)/timers" 2>/dev/null) || true
    done
    status=0
    wait $! || status=$?
    echo "$timers"
    [[ $timers == *"notify: signal/tid"* && $timers == *"ClockID: -"* ]]
    stopped slow
}

@test "3 fastest fill: without the counter a program that takes their signal meanwhile gets none of it" {
    with_shim action=report:touch=off:activate=8M
    cg_make takes 96M
    inside takes "$PROGRAMS/takes_signals" 60 90
    [ "$status" = 0 ]
    [ "$output" = "takes_signals: 0 came, 0 timers" ]
}

@test "3 fastest fill: what looks for itself without the counter leaves no timer behind" {
    with_shim action=report:touch=off
    cg_make held 256M
    beside held "$PROGRAMS/idle" 200 3
    sleep 1.5
    timers=$(cat "/proc/$(pid_in held idle)/timers")
    beside_end
    [ "$beside_status" = 0 ]
    [ -z "$timers" ] || { echo "$timers"; return 1; }
}

# MIB_PER_SECOND: growth with a malloc_trim that takes its time is stopped in spite of it.
stopped_after_relief() {
    cg_make slow 96M
    with_shim action=abort:activate=8M
    TEST_PRELOAD="$SHIM $BUILD/tests/doors/plugin_trim.so"
    inside slow "$PROGRAMS/growth" heap "$1"
    stopped slow
    judge "event('relief') is not None" "event('complete') is not None"
}

@test "3 growth during a relief that takes long is stopped at the margin" { stopped_after_relief 60; }

@test "3 growth goes on when a relief spins for it" {
    TRIM_AWAITS=6400 stopped_after_relief 20
    [ "$elapsed_ms" -gt 2000 ]
    [ "$elapsed_ms" -lt 20000 ]
}
