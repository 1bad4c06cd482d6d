#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 18, the numbers: the program `truth` obtains memory in every way there is and tells what is true. No limit
# is near. The tables are printed when a test fails, and by tests/scenario/truth.sh.

load common

setup() { scenario_setup; }
teardown() { truth_end; scenario_teardown; }

@test "18 truth: pages of 4 KiB, as it is while the program runs and when it has ended" { truth_run auto; }
@test "18 truth: huge pages, as it is while the program runs and when it has ended" { truth_run auto "" huge; }
@test "18 truth: one sample in 16 KiB" { truth_run 16K 3; }
@test "18 truth: one sample in 4 KiB" { truth_run 4K 3; }

# Far from every limit a scan may be two seconds old; but what has come to rest is looked at, and is told whatever ends it.
@test "18 truth: growth that has come to rest a moment ago" {
    with_shim
    cg_make rest 4G
    inside rest "$PYTHON" -c '
import os, signal, time
first = bytearray(40 << 20)
time.sleep(1.5)
last = bytearray(60 << 20)
time.sleep(1.5)
os.kill(os.getpid(), signal.SIGKILL)'
    expect "exit status" 137 "$status"
    judge "r.memory.anon_bytes > 100 * MIB" "r.memory.explained_bytes >= 0.97 * r.memory.anon_bytes" \
        "[line.resident_bytes >> 20 for line in r.lines[:2]] == [60, 40]"
}
