#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Wrong settings and wrong files: one clear message, and never a harmed job.

load ../support/work.bash

setup() {
    work_setup
    HOLD="$REPO/build/tests/programs/idle 48 0"
}

teardown() { work_teardown; }

# preloaded SETTING COMMAND…: leaves $status, out and err
preloaded() {
    local setting=$1
    shift
    status=0
    env LD_PRELOAD="$SHIM" LASTWORDS="$setting" "$@" >out 2>err 3>&- || status=$?
    echo "exit status $status"
    cat out err
}

unharmed() {
    [ "$status" -eq 0 ] && [ "$(tail -n 1 out)" = "idle: done" ]
}

one_line_with() {
    local word
    [ "$(wc -l <err)" -eq 1 ] || { echo "expected one line on standard error"; return 1; }
    for word in "$@"; do
        grep -q -- "$word" err || { echo "expected $word in it"; return 1; }
    done
}

# A whole journal, to be damaged.
sample_journal() {
    preloaded "dir=$WORK:keep=always:activate=8M" $HOLD
    mv "$WORK"/*.lw "$WORK/whole"
    mkdir -p "$WORK/damaged"
}

@test "bad input: an unknown key is named with its nearest neighbour, and the job runs" {
    preloaded "dir=$WORK:actoin=abort" $HOLD
    unharmed
    one_line_with actoin action
}

@test "bad input: a bad value is named, and the job runs" {
    preloaded "dir=$WORK:margin=lots" $HOLD
    unharmed
    one_line_with margin lots
    preloaded "dir=$WORK:action=explode" $HOLD
    unharmed
    one_line_with action explode
}

@test "bad input: nonsense of all kinds never harms the job" {
    for setting in ':' '=' '====' 'action' 'action=' ':::x' 'limit=99999999999999999999G' 'limit=-1' 'sample=0' \
        'score=abc' 'dir="' 'dir="unclosed:action=abort' 'off=2' "$(head -c 100000 /dev/zero | tr '\0' 'x')" \
        $'\001\002\377=\376'; do
        preloaded "$setting" $HOLD >/dev/null
        unharmed || { echo "harmed by $setting" | head -c 200; return 1; }
    done
    rm -f ./*.lw
}

@test "bad input: off=1 loads and does nothing" {
    preloaded "off=1:keep=always:activate=1:dir=$WORK" $HOLD
    unharmed
    [ ! -s err ]
    ! compgen -G '*.lw'
}

@test "bad input: an unwritable directory falls back to the next one" {
    mkdir tmp
    TMPDIR=$WORK/tmp preloaded "dir=/proc/nowhere:keep=always:activate=8M" $HOLD
    unharmed
    compgen -G 'tmp/*.lw'
}

@test "bad input: a directory that is a file falls back to the next one" {
    mkdir tmp
    touch file
    TMPDIR=$WORK/tmp preloaded "dir=$WORK/file:keep=always:activate=8M" $HOLD
    unharmed
    compgen -G 'tmp/*.lw'
}

@test "bad input: no directory at all is survived" {
    TMPDIR=/proc/nowhere preloaded "dir=/proc/nowhere:activate=8M" $HOLD
    unharmed
}

@test "bad input: no cgroup mount" {
    unshare -m true 2>/dev/null || skip "no mount namespace can be made here (root is needed)"
    cat >bare.sh <<SH
umount -R -l /sys/fs/cgroup || exit 99
LD_PRELOAD=$SHIM LASTWORDS=dir=$WORK:keep=always:activate=8M exec $HOLD
SH
    status=0
    unshare -m sh bare.sh >out 2>err || status=$?
    cat err
    [ "$status" -ne 99 ] || skip "/sys/fs/cgroup cannot be unmounted here"
    unharmed
    "$COMMAND" report --json ./*.lw >report.json
    /usr/bin/python3 -c 'import json; r = json.load(open("report.json")); assert r["limit"]["kind"] != "cgroup_v1", r["limit"]'
}

@test "bad input: no /proc" {
    unshare -m true 2>/dev/null || skip "no mount namespace can be made here (root is needed)"
    printf 'umount -R -l /proc || exit 99\nLD_PRELOAD=%s LASTWORDS=dir=%s:activate=8M exec %s\n' "$SHIM" "$WORK" "$HOLD" \
        >bare.sh
    status=0
    unshare -m sh bare.sh >out 2>err || status=$?
    cat err
    [ "$status" -ne 99 ] || skip "/proc cannot be unmounted here"
    unharmed
}

@test "bad input: a journal that was unlinked or truncated by somebody does not harm the job" {
    preloaded "dir=$WORK:keep=always:activate=8M" sh -c "$REPO/build/tests/programs/idle 48 1 & sleep 0.4; rm -f $WORK/*.lw; wait \$!"
    unharmed
}

@test "bad input: report on a journal that is cut anywhere gives a report or a clear message" {
    sample_journal
    bytes=$(stat -c %s whole)
    for cut in 0 1 7 8 100 1023 1024 4095 4096 4097 8192 20000 65536 $((bytes / 4)) $((bytes / 2)) $((bytes - 1)); do
        head -c "$cut" whole >"damaged/$cut.lw"
        status=0
        timeout 20 "$COMMAND" report "damaged/$cut.lw" >out 2>err 3>&- || status=$?
        [ "$status" -eq 0 ] || [ "$status" -eq 1 ] || { echo "cut at $cut: exit status $status"; return 1; }
        [ "$status" -eq 0 ] || [ -s err ] || { echo "cut at $cut: no message"; return 1; }
    done
    says 1 report damaged/0.lw
    says 1 report damaged/100.lw
}

@test "bad input: report on damaged bytes never crashes" {
    sample_journal
    /usr/bin/python3 - <<'PY'
import random
whole = open("whole", "rb").read()
for number in range(60):
    rng = random.Random(number)
    damaged = bytearray(whole)
    # Most of the damage goes where the structure is.
    for _ in range(rng.choice((1, 4, 64))):
        place = rng.randrange(2048) if number % 2 else rng.randrange(len(damaged))
        damaged[place] = rng.randrange(256)
    open(f"damaged/{number}.lw", "wb").write(damaged)
PY
    for file in damaged/*.lw; do
        for voice in "" --json --full --html; do
            status=0
            timeout 20 "$COMMAND" report $voice "$file" >out 2>err 3>&- || status=$?
            [ "$status" -eq 0 ] || [ "$status" -eq 1 ] || { echo "$file $voice: exit status $status"; return 1; }
        done
    done
}

@test "bad input: report on garbage, a directory without journals, a missing file" {
    head -c 100000 /dev/urandom >garbage.lw
    says 1 report garbage.lw
    mkdir empty
    says 1 report empty
    says 1 report missing.lw
    touch nothing.lw
    says 1 report nothing.lw
    says 1 report /dev/null
    says 1 report 999999999
}

@test "bad input: another version is refused with a clear message" {
    sample_journal
    # The version follows the magic of eight bytes.
    cp whole other.lw
    printf '\143' | dd of=other.lw bs=1 seek=8 conv=notrunc status=none
    says 1 report other.lw
    grep -qi version err
}

@test "bad input: wrong usage ends with 2 and one hint" {
    says 2 frobnicate
    says 2 report --no-such-option
    for count in 0 -1 " 3" 3x 18446744073709551616; do says 2 report --sites "$count"; says 2 diff --rows "$count" a b; done
    says 2 run
    says 2 run --no-such-option -- true
    says 2 run --limit=lots -- true
}

@test "bad input: run with a command that does not exist ends with 127" {
    says 127 run -- ./no-such-command
}
