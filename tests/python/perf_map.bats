#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Functions of a just-in-time compiler have names where the process left a perf map.

load ../support/same.bash

@test "perf maps: a function of node is named, and its map is not ours to remove" {
    needs node
    cat >job.js <<'JS'
const kept = [];
function buffersOfOurs(n) { for (let i = 0; i < n; i++) kept.push(Buffer.alloc(1 << 20, 1)); return kept.length }
for (let i = 0; i < 8; i++) buffersOfOurs(8);
setTimeout(() => process.kill(process.pid, "SIGKILL"), 1500);
JS
    LD_PRELOAD=$SHIM LASTWORDS="dir=$WORK:keep=always" node --perf-basic-prof job.js || true
    pid=$(ls ./*.lw | sed -E 's/.*\.([0-9]+)\.[0-9]+\.lw/\1/')
    "$REPO/build/lastwords" report --json ./*.lw >report.json
    [ -e "/tmp/perf-$pid.map" ]
    rm -f "/tmp/perf-$pid.map"
    grep -q buffersOfOurs report.json
    "$REPO/build/lastwords" report --json ./*.lw >without.json
    run grep -q buffersOfOurs without.json
    [ "$status" -ne 0 ]
}
