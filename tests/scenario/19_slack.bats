#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 19: the allocator keeps memory that the program has freed.

load common

setup() { scenario_setup; cg_make slack 128M; }
teardown() { scenario_teardown; }

# Every page still holds a block that is alive: nothing can be given back.
@test "19 allocator slack in every page: control is killed" {
    inside slack "$PROGRAMS/slack" 96 4 60
    killed slack
}

named() {
    judge "r.verdict.cause == 'allocator_slack'" "'allocator slack: ' in r.verdict.sentence" \
        "event('complete') is not None" \
        "sum(other.resident_bytes for other in r.other if other.kind == 'slack') > 50 * MIB" \
        "site_of('small_blocks').resident_bytes < 36 * MIB" \
        "any('MALLOC_ARENA_MAX' in advice.text or 'malloc_trim' in advice.text for advice in r.advice)"
}

@test "19 allocator slack in every page: abort names it" {
    with_shim action=abort:activate=8M
    inside slack "$PROGRAMS/slack" 96 4 60
    stopped slack
    named
}

@test "19 allocator slack in every page: report names it" {
    with_shim action=report:activate=8M
    inside slack "$PROGRAMS/slack" 96 4 60
    killed slack
    named
}

# Most pages are free as a whole.
@test "19 allocator slack that can be given back: control is killed" {
    inside slack "$PROGRAMS/slack" 96 256 60
    killed slack
}

@test "19 allocator slack that can be given back: relief is off, killed" {
    with_shim action=report:activate=8M:relief=off
    inside slack "$PROGRAMS/slack" 96 256 60
    killed slack
    judge "r.verdict.cause == 'allocator_slack'"
}

@test "19 allocator slack that can be given back: with relief the run lives" {
    with_shim action=abort:activate=8M:keep=always
    inside slack "$PROGRAMS/slack" 96 256 60
    lived slack
    expect "stdout" "slack: done 1" "$output"
    judge "r.verdict.cause == 'none'" "event('relief') is not None" "event('action') is None" \
        "event('recovered') is not None" \
        "any('malloc_trim gave back' in e.text and float(e.text.split()[-2]) > 60 for e in r.events)"
}

# The same with jemalloc: its pages are slack where no block is, and it is purged instead of trimmed.
@test "19 allocator slack in every page of jemalloc: abort names it" {
    with_shim action=abort:activate=8M:allocator=jemalloc
    inside slack "$PROGRAMS/slack" 96 4 60
    stopped slack
    named
    judge "r.capabilities['jemalloc'].available" \
        "20 * MIB < r.memory.allocator_live_bytes < r.memory.allocator_resident_bytes - 50 * MIB"
}

@test "19 allocator slack that jemalloc can give back: with relief the run lives" {
    with_shim action=abort:activate=8M:keep=always:allocator=jemalloc
    export MALLOC_CONF=dirty_decay_ms:60000
    inside slack "$PROGRAMS/slack" 96 256 60
    lived slack
    expect "stdout" "slack: done 1" "$output"
    judge "r.verdict.cause == 'none'" "event('relief') is not None" "event('action') is None" \
        "event('recovered') is not None" \
        "any('purge gave back' in e.text and float(e.text.split()[-2]) > 60 for e in r.events)"
}
