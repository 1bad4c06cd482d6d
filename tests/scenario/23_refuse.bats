#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 23: with action=refuse a request that does not fit fails at the call, where the program can catch it.

load common

setup() { scenario_setup; cg_make refuse 160M; }
teardown() { scenario_teardown; }

asks() { inside refuse "$PYTHON" "$REPO/tests/scenario/programs/refuse.py" "$1"; }

refusing() { with_shim action=refuse; }

@test "23 refuse: control is killed by what it asked for" {
    asks uncaught
    killed refuse
}

@test "23 refuse: an over-large request ends in a MemoryError with a traceback" {
    refusing
    asks uncaught
    expect "exit status" 1 "$status"
    expect "OOM kills" 0 "$(cg_oom_kills refuse)"
    grep -q '^MemoryError' "$WORK/stderr"
    grep -q 'line [0-9]*, in work' "$WORK/stderr"
    grep -q 'refused (ENOMEM)' "$WORK/stderr"
    judge "r.verdict.cause == 'allocation_refused'" "'refuse.py:14 work' in r.verdict.sentence" \
        "any(e.kind == 'refused' and 'action=refuse' in e.text for e in r.events)"
}

@test "23 refuse: the program can catch it and go on" {
    refusing
    asks caught
    lived refuse
    expect "stdout" "refused: going on 104857600" "$(tr '\n' ' ' <"$WORK/stdout" | sed 's/ $//')"
}

@test "23 refuse: many small objects, control is killed" {
    asks small
    killed refuse
}

@test "23 refuse: many small objects end in a MemoryError as well" {
    refusing
    asks small
    lived refuse
    expect "stdout" "refused: going on 62914560" "$(tr '\n' ' ' <"$WORK/stdout" | sed 's/ $//')"
}

@test "23 refuse: a sparse reservation is neither refused nor held against later requests" {
    refusing
    asks sparse
    lived refuse
    expect "refusals" "" "$(cat "$WORK/stderr")"
    no_journal
}

@test "23 refuse: memory that was freed is not held against later requests" {
    refusing
    asks churn
    lived refuse
    expect "refusals" "" "$(cat "$WORK/stderr")"
    no_journal
}
