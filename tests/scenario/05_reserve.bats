#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 5: reserve ten times the limit, touch a part of it. Scenario 6: reserved here, touched there.

load common

setup() { scenario_setup; cg_make reserve 128M; }
teardown() { scenario_teardown; }

@test "5 reserve ten times the limit: control lives" {
    inside reserve "$PROGRAMS/reserve" 1280 64
    lived reserve
}

@test "5 reserve ten times the limit: no action, nothing left" {
    with_shim action=abort
    inside reserve "$PROGRAMS/reserve" 1280 64
    lived reserve
    expect "stderr" "" "$(cat "$WORK/stderr")"
    no_journal
}

@test "5 reserve ten times the limit: committed is told apart from resident" {
    with_shim action=abort:keep=always
    inside reserve "$PROGRAMS/reserve" 1280 64
    lived reserve
    judge "r.verdict.cause == 'none'" "event('action') is None" \
        "site_of('reserve').committed_bytes > 100 * MIB" \
        "r.memory.committed_bytes > 1200 * MIB" \
        "r.memory.peak_rss_bytes < 100 * MIB"
}

@test "6 reserved here, touched there: control is killed" {
    inside reserve "$PROGRAMS/reserve_touch" 256 80
    killed reserve
}

@test "6 reserved here, touched there: the resident bytes belong to who reserved" {
    with_shim action=abort
    inside reserve "$PROGRAMS/reserve_touch" 256 80
    stopped reserve
    judge "line(0).endswith(':reserve_arena')" \
        "abs(r.lines[0].resident_bytes + 10 * MIB - r.memory.anon_bytes) < 8 * MIB" \
        "r.lines[0].committed_bytes >= 256 * MIB" \
        "site_of('small_buffer').resident_bytes > 9.5 * MIB" \
        "event('complete') is not None"
}

# Four tenths of a second until its file is open, as on a busy file server: nobody may have given up by then.
@test "6 reserved here, touched there: the unwinder comes slowly from its file system" {
    command -v strace >/dev/null || skip "strace is not installed: run make deps"
    library=$(ldconfig -p | awk '/libunwind\.so\.8 .*x86-64|libunwind\.so\.8 .*AArch64/ {print $NF; exit}')
    with_shim action=abort:touch=off # a tracer keeps the fault counter away
    inside reserve strace -f -q -o "$WORK/trace" -P "$library" -e trace=openat -e inject=openat:delay_enter=400ms \
        "$PROGRAMS/reserve_touch" 256 80
    grep -q DELAYED "$WORK/trace"
    stopped reserve
    judge "line(0).endswith(':reserve_arena')"
}
