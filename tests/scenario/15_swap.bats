#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 15: RAM is full, and there is swap. The job gets slow; it is killed when swap is full as well, not before.

load common

setup() {
    scenario_setup
    swap_on 256M
    cg_make swap 96M
    cg_swap swap 64M
}
teardown() {
    cg_remove_all
    swap_off
    scenario_teardown
}

@test "15 swap: control is killed when swap is full" {
    inside swap "$PROGRAMS/thrash" 60 8 300
    killed swap
}

@test "15 swap: control that fits into RAM and swap lives" {
    inside swap "$PROGRAMS/thrash" 60 8 130
    lived swap
}

@test "15 swap: what fits into RAM and swap is not aborted" {
    with_shim action=abort:keep=always
    inside swap "$PROGRAMS/thrash" 60 8 130
    lived swap
    judge "r.verdict.cause == 'none'" "event('action') is None" "evidence('thrashing: ')" \
        "max(tick.current_bytes for tick in r.timeline) > 90 * MIB"
}

swapped() {
    judge "r.verdict.cause == 'swap_exhausted'" "'swap is used up' in r.verdict.sentence" \
        "'it was thrashing' in r.verdict.sentence" "evidence('thrashing: at its worst ')" \
        "event('complete') is not None" "r.limit.levels[0].swap_used_bytes > 50 * MIB" \
        "r.limit.levels[0].swap_limit_bytes == 64 * MIB" "r.limit.levels[0].used_bytes > 85 * MIB" \
        "r.memory.swap_bytes > 40 * MIB" "site_of('more').swapped_bytes > 20 * MIB" \
        "any('swap' in advice.text for advice in r.advice)"
}

@test "15 swap: abort comes when RAM and swap are full" {
    with_shim action=abort
    inside swap "$PROGRAMS/thrash" 60 8 300
    stopped swap
    swapped
    judge "r.limit.headroom_bytes <= 0.05 * r.limit.bytes"
    "$LASTWORDS_COMMAND" report "$(journals)" | grep -E '^  swap +[0-9.]+ MiB of 64 MiB used'
}

@test "15 swap: report is complete before the kill" {
    with_shim action=report
    inside swap "$PROGRAMS/thrash" 60 8 300
    killed swap
    swapped
}
