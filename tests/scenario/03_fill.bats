#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 3: the fastest fill of fresh mappings. Needs the first-touch counter; without it the margin may be missed.

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
