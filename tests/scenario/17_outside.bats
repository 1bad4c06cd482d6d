#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 17: somebody sends SIGKILL while memory is plentiful. That was not the memory's doing.

load common

setup() { scenario_setup; cg_make outside 256M; }
teardown() { scenario_teardown; }

# Starts idle inside the group through the words given, waits until it holds its memory, and kills it by its pid.
kill_from_outside() {
    local pid tries
    cg_run outside "$@" "$PROGRAMS/idle" 48 60 >"$WORK/stdout" 2>"$WORK/stderr" &
    local job=$!
    for tries in $(seq 200); do
        ! grep -q holding "$WORK/stdout" 2>/dev/null || break
        sleep 0.05
    done
    sleep 0.5
    pid=
    for tries in $(cat "$(cg_path outside)/cgroup.procs"); do
        [ "$(cat "/proc/$tries/comm")" != idle ] || pid=$tries
    done
    [ -n "$pid" ]
    kill -KILL "$pid"
    status=0
    wait "$job" || status=$?
    echo "exit status $status"
    cat "$WORK/stdout" "$WORK/stderr"
}

@test "17 SIGKILL from outside: control dies without an OOM kill" {
    kill_from_outside
    expect "exit status" 137 "$status"
    expect "OOM kills" 0 "$(cg_oom_kills outside)"
}

@test "17 SIGKILL from outside: preloaded only, the cause is not memory" {
    with_shim action=abort:activate=8M
    kill_from_outside
    expect "exit status" 137 "$status"
    judge "r.verdict.cause == 'not_memory'" "r.verdict.oom_kill == 'no'" "event('action') is None" \
        "line(0).endswith(':hold')"
}

@test "17 SIGKILL from outside: under run, the cause is not memory" {
    kill_from_outside "$LASTWORDS_COMMAND" run --action=abort --activate=8M --dir="$WORK" --
    expect "exit status" 137 "$status"
    judge "r.verdict.cause == 'not_memory'" "r.verdict.oom_kill == 'no'" "r.process.exit.signal == 9"
}
