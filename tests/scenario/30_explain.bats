#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The kernel's own record of a real kill: decoded, joined with the journal, followed as it happens.

load common

setup() { scenario_setup; }

teardown() {
    [ -z "${FOLLOWER:-}" ] || kill -KILL "$FOLLOWER" 2>/dev/null || true
    scenario_teardown
}

# The log cannot be read in every container; the tests of recorded logs in tests/unit need none.
need_log() {
    dd if=/dev/kmsg iflag=nonblock bs=8192 count=1 of=/dev/null 2>/dev/null || skip "/dev/kmsg cannot be read here"
}

# victim GROUP: the process that was killed in it; others may be killed elsewhere on this machine at the same time
victim() {
    dmesg | sed -n "s|.*oom_memcg=/$CG_PREFIX-$1,.*,pid=\([0-9]*\),uid=.*|\1|p" | tail -n 1
}

leak_to_death() {
    cg_make leak 64M
    inside leak "$PROGRAMS/leak" 40
    killed leak
}

@test "explain: a real kill is decoded and joined with the line of code" {
    need_log
    with_shim activate=8M
    leak_to_death
    cd "$WORK"
    "$LASTWORDS_COMMAND" explain --last --pid "$(victim leak)" >said
    cat said
    grep -q "^lastwords: leak (pid [0-9]*) was OOM-killed: the memory limit of cgroup .*-leak was used up" said
    grep -q "limit 64 MiB" said
    grep -q "the victim was also the largest process: leak" said
    grep -q "remember()" said
    ! grep -q "probably:" said
    ! grep -q "^  missing" said
}

@test "explain: the log of another file and the journal by name, as JSON" {
    need_log
    with_shim activate=8M
    leak_to_death
    dmesg -T >"$WORK/kernel.log"
    mkdir "$WORK/elsewhere"
    mv "$WORK"/*.lw "$WORK/elsewhere/"
    cd /
    "$LASTWORDS_COMMAND" explain --json --last --pid "$(victim leak)" "$WORK/kernel.log" "$WORK/elsewhere" >"$WORK/json"
    "$PYTHON" - "$WORK/json" <<'END'
import json, sys
whole = json.load(open(sys.argv[1]))
assert whole["schema"] == "lastwords-explain/1", whole["schema"]
record, = whole["records"]
victim, = record["victims"]
journal, = record["journals"]
assert record["scope"] == "cgroup" and record["memory"]["limit_bytes"] == 64 << 20, record["memory"]
assert victim["name"] == "leak" and victim["killed"], victim
assert journal["pid"] == victim["pid"] and journal["victim"], journal
assert journal["match"] == "sure" and journal["function"].startswith("remember"), journal
assert record["culprit"]["kind"] == "victim" and record["culprit"]["pid"] == victim["pid"], record["culprit"]
END
}

@test "explain: a process with another number in its container is found by name, time and size" {
    need_log
    unshare --pid --fork --mount-proc true 2>/dev/null || skip "no process id namespace can be made here"
    with_shim activate=8M
    cg_make box 64M
    # The shell is number 1 of the container, and ends as its child did.
    inside box unshare --pid --fork --mount-proc bash -c "$PROGRAMS/leak 40; exit \$?"
    killed box
    cd "$WORK"
    "$LASTWORDS_COMMAND" explain --last --pid "$(victim box)" >said
    cat said
    tr -s '\n ' '  ' <said | grep -q "probably: pid [0-9]*, the victim, is leak (pid [0-9]\{1,2\})"
    grep -q "remember()" said
}

@test "explain: the victim need not be the culprit" {
    need_log
    cg_make two 64M
    (CG_TIMEOUT=30 cg_run two "$PROGRAMS/idle" 40 6 >/dev/null) 3>&- &
    sleep 2
    inside two bash -c "echo 900 >/proc/self/oom_score_adj; exec $PROGRAMS/leak 40"
    killed two
    "$LASTWORDS_COMMAND" explain --last --pid "$(victim two)" >"$WORK/said"
    cat "$WORK/said"
    grep -q "^lastwords: leak (pid" "$WORK/said"
    tr -s '\n ' '  ' <"$WORK/said" | grep -q "the victim need not be the culprit: the largest process was idle"
}

@test "explain: the report of a killed process names the kernel log as its witness" {
    need_log
    with_shim activate=8M
    leak_to_death
    judge "r.verdict.oom_kill == 'confirmed'" "any('kernel log says so' in text for text in r.verdict.evidence)"
}

# follow COMMAND…: starts it and waits until it follows
follow() {
    "$@" >"$WORK/followed" 2>"$WORK/follow.err" 3>&- &
    FOLLOWER=$!
    local i
    for i in $(seq 100); do
        ! grep -q following "$WORK/follow.err" || return 0
        sleep 0.1
    done
    cat "$WORK/follow.err"
    return 1
}

followed() {
    local i ended=0
    for i in $(seq 50); do
        ! grep -q "$1" "$WORK/followed" || break
        sleep 0.1
    done
    kill -INT "$FOLLOWER"
    wait "$FOLLOWER" || ended=$?
    FOLLOWER=
    cat "$WORK/followed" "$WORK/follow.err"
    expect "exit status of --follow" 0 "$ended" && grep -q "$1" "$WORK/followed"
}

@test "explain --follow: prints a kill as it happens and ends well at SIGINT" {
    need_log
    follow "$LASTWORDS_COMMAND" explain --follow
    leak_to_death
    followed "leak (pid [0-9]*) was OOM-killed"
}

@test "explain --follow: without the kernel log it tells from the counters" {
    command -v setpriv >/dev/null || skip "no setpriv"
    chmod 755 "$WORK"
    follow setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all "$LASTWORDS_COMMAND" explain --follow
    if grep -q "kernel log" "$WORK/follow.err"; then skip "everybody may read /dev/kmsg here"; fi
    leak_to_death
    followed "OOM kill in cgroup /lastwords-test-[0-9]*-leak: 1 process"
}
