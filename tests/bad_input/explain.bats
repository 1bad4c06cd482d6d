#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Kernel logs that are none, cut, hostile or huge.

load ../support/work.bash

setup() {
    work_setup
    DATA=$REPO/tests/data/kernel_log
}

teardown() { work_teardown; }

# complains STATUS WORD ARGUMENT…: ends with STATUS and one line on standard error that holds WORD
complains() {
    local wanted=$1 word=$2 status=0
    shift 2
    timeout 60 "$COMMAND" explain "$@" >out 2>err </dev/null 3>&- || status=$?
    cat err
    [ "$status" -eq "$wanted" ] || { echo "expected $wanted, got $status"; return 1; }
    [ "$(wc -l <err)" -eq 1 ] && grep -q -- "$word" err
}

@test "explain, bad input: no record says what was looked for" {
    seq 1000 >log
    complains 1 'no OOM record in 1000 lines.*invoked oom-killer' log
    : >empty
    complains 1 'no OOM record in 0 lines' empty
    complains 1 'standard input: no OOM record' -
}

@test "explain, bad input: files that cannot be read, options that are none" {
    complains 1 'nowhere.*No such file' nowhere
    complains 1 'directory' .
    complains 2 'no such option' --lst
    complains 2 'not a process id' --pid=x
    complains 2 'not a process id' --pid=' 7'
    complains 2 'not a process id' --pid=4294967296
    complains 2 'goes with neither' --follow --last
    complains 1 'neither a journal nor a directory' "$DATA/6.1-global.dmesg" "$DATA/README.md"
    LD_PRELOAD=$REPO/build/liblastwords.so LASTWORDS=keep=always:activate=8M "$REPO/build/tests/programs/idle" 16 0 3>&-
    complains 1 'is a journal, no kernel log' *.lw
    complains 1 'none killed process 77777' --pid 77777 "$DATA/6.1-global.dmesg"
}

@test "explain, bad input: a record cut at any line is decoded as far as it goes" {
    local lines i status
    lines=$(wc -l <"$DATA/6.1-v2-memcg.dmesg")
    for i in $(seq 1 7 "$lines"); do
        status=0
        head -n "$i" "$DATA/6.1-v2-memcg.dmesg" | "$COMMAND" explain - >out 2>err || status=$?
        [ "$status" -eq 0 ] && grep -q '^  missing' out || { echo "$i lines from the head: $status"; cat out err; return 1; }
        status=0
        tail -n +$((i + 1)) "$DATA/6.1-v2-memcg.dmesg" | "$COMMAND" explain - >out 2>err || status=$?
        [ "$status" -eq 0 ] && grep -q '^  missing' out || { echo "without $i lines: $status"; cat out err; return 1; }
    done
}

@test "explain, bad input: control characters never reach the terminal" {
    printf 'x\033[2J invoked oom-killer: gfp_mask=0x1\033]0;t\007, order=0\n' >log
    printf 'oom-kill:constraint=CONSTRAINT_MEMCG,oom_memcg=/a\033[31m,task_memcg=/b\302\205,task=\342\200\256x,pid=1,uid=0\n' >>log
    "$COMMAND" explain log >out
    "$COMMAND" explain --json log >json
    ! LC_ALL=C grep -q $'[\001-\010\013-\037\177]' out json
    ! grep -q $'\342\200\256' out
    python3 -m json.tool json >/dev/null
}

@test "explain, bad input: half a gigabyte is streamed in little memory" {
    {
        head -c 200000000 /dev/zero
        echo
        head -c 200000000 /dev/zero | tr '\0' 'x'
        echo
        yes '[   12.500000] something else of the kernel' | head -c 100000000
        echo
        cat "$DATA/6.1-global.dmesg"
    } | (ulimit -v 200000 && exec timeout 100 "$COMMAND" explain -) >out
    grep -q 'leak (pid 138) was OOM-killed' out
}

@test "explain, bad input: without the right to read the log there is a remedy" {
    command -v setpriv >/dev/null || skip "no setpriv"
    [ "$(id -u)" = 0 ] || skip "root is needed to drop rights"
    local status=0
    chmod 755 "$WORK"
    PATH=/nowhere /usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all "$COMMAND" explain \
        >out 2>err </dev/null || status=$?
    cat err
    [ "$status" -eq 1 ] || skip "everybody may read the kernel log here"
    grep -q 'cannot be read here.*CAP_SYSLOG.*dmesg' err || grep -q 'no OOM record' err
}
