#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# lastwords top: in a real terminal (tmux), and printed once.

load common

setup() {
    commands_setup
    TERMINAL=lastwords-$$-$BATS_TEST_NUMBER
    JOBS=()
    cat >grow.py <<'PY'
import time
kept = []
def grow():
    kept.append(bytearray(1 << 20))
for _ in range(30):
    grow()
for _ in range(3000):
    grow()
    time.sleep(0.2)
PY
}

teardown() {
    tmux -L "$TERMINAL" kill-server 2>/dev/null || true
    for job in "${JOBS[@]}"; do
        kill "$job" 2>/dev/null || true
        wait "$job" 2>/dev/null || true
    done
    commands_teardown
}

# start DIRECTORY: a growing job with its journal there; its pid is $JOB, and its journal is waited for
start() {
    mkdir -p "$1"
    LD_PRELOAD="$SHIM" LASTWORDS="dir=$1:activate=8M:limit=2G" $PYTHON grow.py >/dev/null 2>&1 3>&- &
    JOB=$!
    JOBS+=("$JOB")
    local tries
    for ((tries = 0; tries < 200; tries++)); do
        "$COMMAND" top --once "$JOB" 2>/dev/null | grep -q grow.py:4 && return 0
        sleep 0.1
    done
    echo "the job has no journal"
    return 1
}

# terminal COLUMNS ROWS COMMAND…
terminal() {
    local columns=$1 rows=$2
    shift 2
    tmux -L "$TERMINAL" -f /dev/null new-session -d -x "$columns" -y "$rows" "$@"
}

screen() { tmux -L "$TERMINAL" capture-pane -p; }
press() { tmux -L "$TERMINAL" send-keys "$@"; }

# shows PATTERN: the screen comes to show it
shows() {
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        screen 2>/dev/null | grep -qE -- "$1" && return 0
        sleep 0.1
    done
    echo "the screen never showed $1:"
    screen
    return 1
}

@test "top: headroom, growth, history and the growing line, in 80 columns and 24 rows" {
    start jobs
    terminal 80 24 env LC_ALL=C.UTF-8 "$COMMAND" top --interval 0.2 "$JOB"
    shows "grow.py \(pid $JOB\) is running"
    shows '^headroom +[0-9]+ MiB \([0-9]+ %\) of 2 GiB, growth '
    shows '^memory +\[█*·+\]$'
    shows '^history +[▁▂▃▄▅▆▇█]+ +last '
    shows '\*RESIDENT  COMMITTED       GROWTH       PEAK  WHERE'
    shows '^ +[0-9.]+ MiB +[0-9.]+ MiB .* grow.py:4 grow$'
    [ "$(screen | tail -n 1 | cut -c 1-6)" = "q quit" ]
    # It lives: the number changes by itself.
    local before
    before=$(screen | grep -oE '^resident +[0-9.]+ MiB')
    local tries
    for ((tries = 0; tries < 100; tries++)); do
        [ "$(screen | grep -oE '^resident +[0-9.]+ MiB')" = "$before" ] || break
        sleep 0.1
    done
    [ "$(screen | grep -oE '^resident +[0-9.]+ MiB')" != "$before" ]
}

@test "top: keys sort, a new size is taken at once, q quits and leaves the terminal in order" {
    start jobs
    terminal 80 24 sh -c "env LC_ALL=C.UTF-8 '$COMMAND' top $JOB; echo status \$?; sleep 60"
    shows '\*RESIDENT'
    press c
    shows ' \*COMMITTED'
    press g
    shows ' \*GROWTH'
    press p
    shows ' \*PEAK'
    press r
    shows '\*RESIDENT'
    tmux -L "$TERMINAL" resize-window -x 60 -y 14
    shows '^memory +\[.{48}\]$'
    [ "$(screen | sed -n 14p | cut -c 1-6)" = "q quit" ]
    press q
    shows '^status 0$'
    refute grep -q RESIDENT <(screen)
}

@test "top: of several processes one is chosen" {
    start jobs
    local first=$JOB
    start others
    terminal 100 30 env LC_ALL=C.UTF-8 "$COMMAND" top
    shows "^ +$first +[0-9.]+ MiB .*grow.py"
    shows "^ +$JOB +[0-9.]+ MiB .*grow.py"
    # Other jobs of this machine may be in the list too: down to the last one, and up again.
    local row tries
    row=$(screen | grep -nE "^ +$first " | cut -d : -f 1)
    for ((tries = 4; tries < row; tries++)); do press Down; done
    press Enter
    shows "grow.py \(pid $first\) is running"
    press l
    shows "^ +$JOB +[0-9.]+ MiB .*grow.py"
}

@test "top: the last look stays when the process is gone" {
    start jobs
    terminal 80 24 env LC_ALL=C.UTF-8 "$COMMAND" top --interval 0.2 "$JOB"
    shows "pid $JOB\) is running"
    kill -9 "$JOB"
    shows "pid $JOB\) died"
    shows 'grow.py:4 grow'
    press q
}

@test "top: a terminal without UTF-8 gets ASCII" {
    start jobs
    terminal 80 24 env LC_ALL=C "$COMMAND" top "$JOB"
    shows '^memory +\[#*:*\.+\]$'
    refute env LC_ALL=C grep -q '[^ -~]' <(screen)
}

@test "top: --once and a pipe print plain text" {
    start jobs
    "$COMMAND" top --once --by peak "$JOB" >out
    cat out
    head -n 1 out | grep -qE "grow.py \(pid $JOB\) is running"
    grep -q '\*PEAK' out
    refute env LC_ALL=C grep -q "$(printf '\033')" out
    # By its journal, and from elsewhere by its number alone: the process says where it writes.
    "$COMMAND" top --once jobs/*.lw | grep -q "pid $JOB"
    (cd / && "$COMMAND" top "$JOB" | grep -q "pid $JOB")
    (cd / && "$COMMAND" top --once | grep -q "$JOB")
    (cd / && "$COMMAND" report "$JOB" | head -n 1 | grep -q "pid $JOB) is running")
}

@test "top: wrong input and usage are said" {
    says 1 top --once missing.lw
    says 1 top --once 999999999
    says 2 top --by touched
    says 2 top --interval 0
    says 2 top one two
    says 2 top --nothing
    # Nothing runs in a process namespace of its own.
    status=0
    unshare --pid --fork --mount-proc "$COMMAND" top --once 2>err >out || status=$?
    cat err
    [ "$status" -eq 1 ]
    grep -q 'no process with a journal runs here' err
}

@test "top: an unknown terminal is said" {
    start jobs
    terminal 80 24 sh -c "TERM=nonsense '$COMMAND' top $JOB 2>err; echo status \$?; sleep 60"
    shows '^status 1$'
    grep -q -- '--once' err
}
