#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# lastwords diff: two runs, for people, for programs, and as a gate.

load common

setup() {
    commands_setup
    "$COMPOSE" etl etl.lw
    "$COMPOSE" sibling sibling.lw
}
teardown() { commands_teardown; }

# hold MIB FILE: a run of the same script, which holds so much at one line
hold() {
    cat >hold.py <<'PY'
import os, sys, time
def fill(n):
    return [bytearray(1 << 20) for _ in range(n)]

base = fill(30)
more = fill(int(sys.argv[1]))
time.sleep(2)
os.kill(os.getpid(), 9)
PY
    real_journal "$2" $PYTHON hold.py "$1"
}

@test "diff: two real runs of one script differ by what one line holds" {
    hold 20 old.lw
    hold 60 new.lw
    "$COMMAND" diff old.lw new.lw >out
    cat out
    "$COMMAND" diff --json old.lw new.lw >out.json
    $PYTHON - <<'PY'
import json
diff, MIB = json.load(open("out.json")), 1 << 20
assert diff["schema"] == "lastwords-diff/1" and diff["by"] == "resident"
assert 35 <= diff["change_bytes"] / MIB <= 45
assert diff["old"]["journal"] == "old.lw" and diff["new"]["journal"] == "new.lw"
line = diff["lines"][0]
assert line["file"].endswith("hold.py") and line["line"] == line["old_line"] == 3
assert 38 <= line["change_bytes"] / MIB <= 42
assert line["new_bytes"] - line["old_bytes"] == line["change_bytes"]
PY
    head -n 4 out | grep -qE '^lastwords: resident memory \+[34][0-9.]+ MiB \(\+[0-9]+ %\)$'
    grep -qE '^  old +[0-9.]+ MiB +20.*hold.py 20 ' out
    grep -qE '^  new +[0-9.]+ MiB +20.*hold.py 60 ' out
    grep -qE '\+[0-9.]+ MiB +\+[0-9]+ %   hold.py:3 ' out
    # The run against itself has not changed.
    "$COMMAND" diff old.lw old.lw --fail-over 0
    "$COMMAND" diff old.lw old.lw | head -n 1 | grep -q 'resident memory 0.0 MiB (+0.0 %)'
    # By call site: fill() is called twice, and only one of the calls grew.
    "$COMMAND" diff --sites --json old.lw new.lw >sites.json
    $PYTHON - <<'PY'
import json
sites = json.load(open("sites.json"))["sites"]
assert 38 <= sites[0]["change_bytes"] / (1 << 20) <= 42
assert any(frame["function"] == "<module>" for frame in sites[0]["stack"])
PY
}

@test "diff: new and gone lines are called so" {
    "$COMMAND" diff sibling.lw etl.lw >out
    cat out
    grep -qE ' new   transform.py:6 load' out
    grep -qE ' gone   transform.py:3 <module>' out
    "$COMMAND" diff --rows 1 sibling.lw etl.lw >out
    grep -q '2 more: --rows N' out
}

@test "diff: --fail-over is a gate with a status of its own" {
    expect_status() {
        local wanted=$1
        shift
        status=0
        "$COMMAND" diff "$@" >out || status=$?
        [ "$status" -eq "$wanted" ] || { echo "diff $*: $status"; return 1; }
        [ -s out ]
    }
    expect_status 3 --fail-over 10% sibling.lw etl.lw
    expect_status 0 --fail-over 400% sibling.lw etl.lw
    expect_status 3 --fail-over 100M sibling.lw etl.lw
    expect_status 0 --fail-over 1G sibling.lw etl.lw
    expect_status 0 --fail-over 10% etl.lw sibling.lw
    expect_status 3 --fail-over 10% --by peak --json sibling.lw etl.lw
    expect_status 3 --fail-over 0 --by committed sibling.lw etl.lw
}

@test "diff: wrong input and usage are said" {
    says 2 diff
    says 2 diff etl.lw
    says 2 diff etl.lw sibling.lw etl.lw
    says 2 diff --by growth etl.lw sibling.lw
    says 2 diff --fail-over much etl.lw sibling.lw
    says 2 diff --rows 0 etl.lw sibling.lw
    says 1 diff etl.lw missing.lw
    grep -q missing.lw err
    head -c 3000 etl.lw >cut.lw
    says 1 diff cut.lw etl.lw
    grep -q cut.lw err
}
