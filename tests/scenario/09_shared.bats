#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 9: memory that is charged to the cgroup without being anonymous memory of a process: tmpfs, memfd, shared
# mappings; and kernel memory and page cache that cannot be taken away.

load common

setup() {
    scenario_setup
    cg_make shared 128M
    SHM=/dev/shm/lastwords-test.$BASHPID
}
teardown() {
    rm -f "$SHM"
    scenario_teardown
}

fill() { inside shared "$PROGRAMS/charge" "$1" 200 "${2:-}"; }

# dies WAY [PATH]: the control
dies() {
    fill "$@"
    killed shared
}

# named CAUSE WORDS WAY [PATH]: abort stops it in time, report is complete before the kill; both name it
named() {
    local cause=$1 words=$2
    shift 2
    with_shim action=abort
    fill "$@"
    stopped shared
    judge "r.verdict.cause == '$cause'" "'$words' in r.verdict.sentence" "event('complete') is not None" \
        "r.limit.headroom_bytes <= 0.05 * r.limit.bytes" "len(r.advice) >= 1"
    rm -f "$WORK"/*.lw "$SHM"
    with_shim action=report
    fill "$@"
    expect "exit status" 137 "$status"
    judge "r.verdict.cause == '$cause'" "'$words' in r.verdict.sentence" "event('complete') is not None" \
        "r.verdict.oom_kill in ('confirmed', 'likely')"
}

@test "9 a file on tmpfs grows: control is killed" { dies tmpfs "$SHM"; }
@test "9 a file on tmpfs grows: named as shared memory, with the file" {
    named shared_memory "are shared memory or tmpfs files, probably $SHM" tmpfs "$SHM"
}
memfd_named() { named shared_memory "shared memory or tmpfs files, probably /memfd:charge" "$1"; }
@test "9 a memfd grows: control is killed" { dies memfd; }
@test "9 a memfd grows: named as shared memory" { memfd_named memfd; }
@test "9 a memfd in one write: control is killed" { dies whole; }
@test "9 a memfd in one write: named as shared memory" { memfd_named whole; }
@test "9 a memfd in one fallocate: control is killed" { dies allocate; }
@test "9 a memfd in one fallocate: named as shared memory" { memfd_named allocate; }
@test "9 a memfd in one write of many parts: control is killed" { dies parts; }
@test "9 a memfd in one write of many parts: named as shared memory" { memfd_named parts; }
@test "9 a memfd in one write of a stream: control is killed" { dies stream; }
@test "9 a memfd in one write of a stream: named as shared memory" { memfd_named stream; }
@test "9 a shared mapping grows: control is killed" { dies shared; }
@test "9 a shared mapping grows: named as shared memory, with its line" {
    named shared_memory "most of it at charge.c" shared
    judge "line(0).endswith(':touch_shared')" "r.memory.shmem_bytes > 60 * MIB"
}
@test "9 a mapped memfd grows: control is killed" { dies mapped; }
@test "9 a mapped memfd grows: named as shared memory, with its line" { named shared_memory "most of it at charge.c" mapped; }

@test "kernel memory, pipes: control is killed" { dies pipes; }
@test "kernel memory, pipes: named" { named kernel_memory "are kernel memory (pipes" pipes; }
@test "kernel memory, sockets: control is killed" { dies sockets; }
@test "kernel memory, sockets: named" { named kernel_memory "are kernel memory (pipes" sockets; }

# Names that were looked up are kernel memory as well, but the kernel takes them away in time.
@test "kernel memory, names of files: control lives" {
    inside shared "$PROGRAMS/charge" names 160 "$WORK"
    lived shared
}
@test "kernel memory, names of files: no action" {
    with_shim action=abort:keep=always
    inside shared "$PROGRAMS/charge" names 160 "$WORK"
    lived shared
    judge "r.verdict.cause == 'none'" "event('action') is None" "reached('margin') is None"
}

# The kernel tries to take the pages away and cannot; how late that shows depends on its read-ahead, so nothing is
# promised here about an abort.
@test "page cache that is locked: control is killed" {
    head -c $((200 << 20)) /dev/zero >"$WORK/file"
    cache_drop "$WORK/file"
    dies locked "$WORK/file"
}
@test "page cache that is locked: named" {
    head -c $((200 << 20)) /dev/zero >"$WORK/file"
    cache_drop "$WORK/file"
    with_shim action=report
    fill locked "$WORK/file"
    killed shared
    judge "r.verdict.cause == 'page_cache'" "'page cache of files that this process maps' in r.verdict.sentence" \
        "r.memory.file_bytes > 60 * MIB"
}
