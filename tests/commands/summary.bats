#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The first screen where room is short: what run prints, and a container's termination log.

load common

setup() {
    commands_setup
    cat >die.py <<'PY'
import os, time
def fill(n):
    return [bytearray(1 << 20) for _ in range(n)]

kept = fill(40)
time.sleep(1)
os.kill(os.getpid(), 9)
PY
}
teardown() { commands_teardown; }

# die SETTING…: the job dies of SIGKILL under run
die() {
    status=0
    timeout 60 "$COMMAND" run --activate=8M --dir="$WORK" "$@" -- $PYTHON die.py >out 2>err </dev/null 3>&- || status=$?
    cat err
    [ "$status" -eq 137 ]
}

@test "termination log: run writes there what it prints, at most 4,096 bytes" {
    echo "old and longer than nothing" >log
    die --termination_log="$WORK/log"
    head -n 1 log | grep -qE '^lastwords: .*die.py \(pid [0-9]+\) was killed by SIGKILL'
    grep -q 'die.py:3 fill' log
    [ "$(stat -c %s log)" -le 4096 ]
    cmp log err
}

@test "termination log: off writes none, and a file that does not exist is not made" {
    die --termination_log=off
    [ -s err ]
    die --termination_log="$WORK/none"
    [ ! -e none ]
}
