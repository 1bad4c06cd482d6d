#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 7: stream a file of five times the limit. The cgroup is full of page cache, and nobody is in danger.

load common

setup() {
    scenario_setup
    cg_make stream 128M
    head -c $((5 * (128 << 20))) /dev/zero >"$WORK/file"
    # What is cached already would be charged to the one who wrote it.
    cache_drop "$WORK/file"
}
teardown() { scenario_teardown; }

filled() {
    [ "$(cg_peak stream)" = unknown ] || [ "$(cg_peak stream)" -gt $((120 << 20)) ] ||
        { echo "the cgroup was never full: $(cg_peak stream)"; return 1; }
}

for_each_way() {
    local way
    for way in read map; do
        cache_drop "$WORK/file"
        inside stream "$PROGRAMS/stream" "$way" "$WORK/file" 40
        lived stream
        filled
        "$@"
    done
}

nothing_left() {
    expect "stderr" "" "$(cat "$WORK/stderr")"
    no_journal
}

@test "7 stream five times the limit: control lives" {
    for_each_way true
}

@test "7 stream five times the limit: no action, nothing left" {
    with_shim action=abort
    for_each_way nothing_left
}

no_action() {
    judge "r.verdict.cause == 'none'" "event('action') is None" "reached('margin') is None"
    rm -f "$WORK"/*.lw
}

@test "7 stream five times the limit: the report sees no danger" {
    with_shim action=abort:keep=always
    for_each_way no_action
}
