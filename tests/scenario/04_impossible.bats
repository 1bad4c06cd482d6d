#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 4: one impossible allocation. Scenario 8: dirty a file mapping as large as the limit. Nobody dies of either.

load common

setup() { scenario_setup; cg_make calm 128M; }
teardown() { scenario_teardown; }

@test "4 one impossible allocation: control lives" {
    inside calm "$PROGRAMS/impossible"
    lived calm
    expect "stdout" "impossible: refused" "$output"
}

@test "4 one impossible allocation: no abort, the refusal is in the report" {
    with_shim action=abort:keep=always:activate=8M
    inside calm "$PROGRAMS/impossible"
    lived calm
    expect "stdout" "impossible: refused" "$output"
    judge "event('action') is None" "event('refused') is not None"
}

@test "8 dirty a file mapping as large as the limit: control lives" {
    inside calm "$PROGRAMS/dirty" "$WORK/file" 128
    lived calm
}

@test "8 dirty a file mapping as large as the limit: no abort" {
    with_shim action=abort
    inside calm "$PROGRAMS/dirty" "$WORK/file" 128
    lived calm
}
