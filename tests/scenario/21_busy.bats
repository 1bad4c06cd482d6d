#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 21: memory runs out while other threads are permanently inside dlopen, malloc, fork, thread creation, exit.
# Again and again: tests/scenario/busy.sh.

load common

setup() { scenario_setup; CG_TIMEOUT=15; }
teardown() { scenario_teardown; }

busy() {
    cg_make "$1" 128M
    inside "$1" "$PROGRAMS/busy" "$2"
}

# The journals of forked children tell nothing; one has to be complete.
complete() {
    local journal
    for journal in $(journals); do
        ! "$LASTWORDS_COMMAND" report --json "$journal" | grep -q '"kind": "complete"' || return 0
    done
    echo "no complete report"
    return 1
}

# died GROUP KIND: by exactly one kill; where there are children the kernel may take one that was just forked before its
# parent (1 of 40 without the library): it has the same pages, so the same score.
died() {
    case $2 in
        fork | all)
            expect "exit status" 137 "$status" || return 1
            [ "$(cg_oom_kills "$1")" -ge 1 ] || { echo "nobody was killed"; return 1; }
            ;;
        *) killed "$1" ;;
    esac
}

# survives KIND: the control dies; twice each, abort ends controlled and report leaves it to the kernel, in time
survives() {
    local round
    busy control "$1"
    died control "$1"
    for round in 1 2; do
        with_shim action=abort:activate=8M
        busy "abort-$round" "$1"
        stopped "abort-$round"
        [ "$elapsed_ms" -lt 5000 ]
        complete
        rm -f "$WORK"/*.lw

        with_shim action=report:activate=8M
        busy "report-$round" "$1"
        died "report-$round" "$1"
        [ "$elapsed_ms" -lt 10000 ]
        complete
        rm -f "$WORK"/*.lw
    done
}

@test "21 busy in dlopen and dlclose: no deadlock" { survives dlopen; }
@test "21 busy in malloc and free: no deadlock" { survives churn; }
@test "21 busy in fork and wait: no deadlock" { survives fork; }
@test "21 busy in thread creation: no deadlock" { survives thread; }
@test "21 busy in exit: no deadlock" { survives exit; }
@test "21 busy in dlopen, malloc, fork and threads at once: no deadlock" { survives all; }
