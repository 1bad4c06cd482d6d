#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 20: something that the library would like to have is missing. It does with what there is, says so, and never
# breaks the program. (psi=0: in the guest.)

load common

setup() {
    scenario_setup
    cg_make narrow 128M
    MOUNTED=
    mkdir "$WORK/else"
}
teardown() {
    [ -z "$MOUNTED" ] || umount "$MOUNTED"
    WORK=${WHOLE:-$WORK}
    scenario_teardown
}

control() {
    inside narrow "$PROGRAMS/narrow" "$@"
    killed narrow
}

# judges the journal in another directory than $WORK
judge_in() {
    WHOLE=$WORK WORK=$1
    shift
    judge "$@" && WORK=$WHOLE
}

# Without the fault counter the margin may be as wide as a tenth of the limit.
told() {
    judge_in "${1:-$WORK}" "event('complete') is not None" "line(0).endswith(':small_blocks')" \
        "r.limit.headroom_bytes <= (0.05 if r.capabilities.fault_counter.available else 0.12) * r.limit.bytes" "r.verdict.cause in ('site_growth', 'site_spike')"
}

stopped_without_counter() {
    with_shim action=abort:activate=8M
    inside narrow "$PROGRAMS/narrow" "$1"
    stopped narrow
    told
    judge "not r.capabilities.fault_counter.available" "$2"
}

goes_elsewhere() {
    export TMPDIR=$WORK/else
    TEST_LASTWORDS=action=abort:activate=8M:dir=$MOUNTED TEST_PRELOAD=$SHIM
    export TEST_LASTWORDS TEST_PRELOAD
    inside narrow "$PROGRAMS/narrow" none
    unset TMPDIR
    stopped narrow
    grep -q "no journal can be written to dir=$MOUNTED; it is $WORK/else/" "$WORK/stderr"
    told "$WORK/else"
}

@test "20 the journal's directory is full: control is killed" { control none; }
@test "20 the journal's directory is full: it goes elsewhere" {
    mkdir "$WORK/full"
    mount -t tmpfs -o size=1m none "$WORK/full"
    MOUNTED=$WORK/full
    goes_elsewhere
    expect "left in the full directory" "" "$(ls "$MOUNTED")"
}

@test "20 the journal's directory is read-only: it goes elsewhere" {
    mkdir "$WORK/ro"
    mount -t tmpfs -o ro none "$WORK/ro"
    MOUNTED=$WORK/ro
    goes_elsewhere
}

@test "20 the journal is unlinked while the program runs: the last words are on stderr" {
    with_shim action=abort:activate=8M
    NARROW_DIR=$WORK inside narrow "$PROGRAMS/narrow" unlink
    stopped narrow
    expect "stdout" "narrow: unlinked" "$output"
    grep -q "narrow unlink (pid [0-9]*) was about to be OOM-killed" "$WORK/stderr"
    grep -q "small_blocks" "$WORK/stderr" || grep -q "narrow+0x" "$WORK/stderr"
}

@test "20 no descriptor is left from the beginning: control is killed" { control early; }
@test "20 no descriptor is left from the beginning: said, the program is as without" {
    with_shim action=abort:activate=8M
    inside narrow "$PROGRAMS/narrow" early
    killed narrow
    grep -q "this process is not watched" "$WORK/stderr"
    no_journal
}

@test "20 no descriptor is left later: control is killed" { control late; }
@test "20 no descriptor is left later: stopped all the same" {
    with_shim action=abort:activate=8M
    inside narrow "$PROGRAMS/narrow" late
    stopped narrow
    judge "event('complete') is not None" "line(0).endswith(':small_blocks')"
}

@test "20 seccomp without perf_event_open and process_vm_readv: control is killed" { control seccomp; }
@test "20 seccomp without perf_event_open and process_vm_readv: stopped, the fault counter's absence is said" {
    stopped_without_counter seccomp "r.capabilities.fault_counter.why"
}

# The counter is tried for nobody first, which is cheap. Here that is granted, and the counter itself is not.
@test "20 perf_event_open is refused once it is needed: control is killed" { control granted; }
@test "20 perf_event_open is refused once it is needed: stopped, and that is said" {
    stopped_without_counter granted "'refused' in r.capabilities.fault_counter.why"
}

# Without /proc nothing can be seen: the program runs as without the library.
@test "20 /proc is hidden: the program is as without" {
    with_shim action=abort:activate=8M
    inside narrow unshare -m sh -c "mount -t tmpfs none /proc && exec '$PROGRAMS/narrow' none"
    killed narrow
    expect "stdout" "" "$output"
    grep -q "this process is not watched" "$WORK/stderr"
}

@test "20 non-root, and others hidden by hidepid: stopped" {
    chmod 777 "$WORK"
    cp "$SHIM" "$PROGRAMS/narrow" "$WORK" # the tree may lie where only root can read
    with_shim action=abort:activate=8M
    inside narrow env -u LD_PRELOAD unshare -m sh -c "mount -t proc -o hidepid=2 proc /proc &&
        LD_PRELOAD='$WORK/${SHIM##*/}' exec setpriv --reuid 65534 --regid 65534 --clear-groups '$WORK/narrow' none"
    stopped narrow
    told
    expect "owner of the journal" 65534 "$(stat -c %u "$(journals)")"
    expect "mode of the journal" 600 "$(stat -c %a "$(journals)")"
}
