#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The doors: the C library's contracts, every way to leave, and the ways to break a program that are known from other
# preloaded tools. Each program runs alone, with the preload, and with everything at work from the first byte on; what
# it says must be the same.

load ../support/same.bash

@test "doors: the heap functions keep their contract" { same "$DOORS/contract"; }
# With a limit that nothing fits into, every large transfer goes in strides.
@test "doors: large reads and writes, whole and in strides" {
    KILLED=1 WORKING=action=report:verbose=0:activate=1:limit=9M same "$DOORS/transfers" "$WORK"
}
@test "doors: small stacks, other stacks, and stacks that lead nowhere" { same "$DOORS/stacks"; }
@test "doors: half of what may be locked is left to the program" { same "$DOORS/locks"; }
@test "doors: calls that a process with two threads cannot make" { same "$DOORS/alone"; }

leaves() { same "$DOORS/leave" "$1"; }
@test "doors: leave by return" { leaves return; }
@test "doors: leave by exit" { leaves exit; }
@test "doors: leave by _exit" { leaves _exit; }
@test "doors: leave by _Exit" { leaves _Exit; }
@test "doors: leave by quick_exit" { leaves quick_exit; }
@test "doors: leave by pthread_exit in main, the last thread ends the process" { leaves pthread_exit; }
@test "doors: leave by execv" { leaves execv; }
@test "doors: leave by execve" { leaves execve; }
@test "doors: leave by execvp" { leaves execvp; }
@test "doors: leave by execvpe" { leaves execvpe; }
@test "doors: leave by execl" { leaves execl; }
@test "doors: leave by execlp" { leaves execlp; }
@test "doors: leave by execle" { leaves execle; }
@test "doors: leave by fexecve" { leaves fexecve; }
@test "doors: leave by execveat" { leaves execveat; }
@test "doors: exec fails again and again" { leaves failed; }
@test "doors: leave by daemon" { leaves daemon; }

keeps_its_own() { same "$DOORS/descriptors" "$1"; }
@test "doors: descriptors closed one by one, and taken" { keeps_its_own each; }
@test "doors: descriptors closed by system calls" { keeps_its_own raw; }
@test "doors: descriptors closed by close_range" { keeps_its_own range; }
@test "doors: descriptors closed by the system call close_range" { keeps_its_own raw_range; }
@test "doors: descriptors closed by closefrom" { keeps_its_own from; }
@test "doors: descriptors taken by dup2" { keeps_its_own dup; }

@test "doors: before main, after it, in dying threads, in signals, across RTLD_DEEPBIND" {
    same "$DOORS/ends" "$DOORS/plugin_ends.so"
}

@test "doors: a constructor that runs before ours" {
    export EARLY_TELLS=1
    BEHIND=$DOORS/plugin_early.so same /bin/echo afterwards
    [ "$(cat alone.out)" = "early: 100 0 0
afterwards" ]
}

# Every block is a sample, so nearly every step has a walk of ours, for the handler to come into.
@test "doors: a handler that walks with the same library, in the midst of our walks" {
    WORKING=action=abort:sample=1 same timeout -s KILL 60 "$DOORS/masks"
}

@test "doors: dispositions of signals are told as if none were borrowed" { KILLED=1 same "$DOORS/signals"; }

# With activate=1 every child sets up a journal of its own: 30 ms each.
forks_well() { WORKING=action=abort:sample=4K same "$DOORS/forks" "$@"; }
@test "doors: 1000 forks among 8 threads that allocate" { forks_well 1000; }
@test "doors: 60 forks among 8 threads, each child with a journal of its own" { same "$DOORS/forks" 60; }
@test "doors: 100 children by clone, which no handler sees" { forks_well 100 clone; }
@test "doors: 100 children by _Fork, which no handler sees" { forks_well 100 _Fork; }
@test "doors: 300 children by vfork" { forks_well 300 vfork; }
@test "doors: 300 children by posix_spawn" { forks_well 300 spawn; }

@test "doors: addresses change hands between threads, and the books come out even" {
    run_as it keep=always:activate=1M:sample=4K "$DOORS/exchange"
    cat it.out it.err
    [ "$(cat it.status)" = 0 ]
    "$REPO/build/lastwords" report --json lastwords-exchange.*.lw >it.json
    python3 - it.json <<'PY'
import json, sys
report = json.load(open(sys.argv[1]))
found = [site for site in report["sites"] if any("exchanged_" in (frame["function"] or "") for frame in site["stack"])]
assert len(found) >= 3, "the sites were not seen at all"
for site in found:
    assert site["committed_bytes"] == 0 and site["live_allocations"] == 0, site
PY
}

@test "doors: no room for the journal: it goes elsewhere, and the program notices nothing" {
    unshare --mount true 2>/dev/null || skip "no mount namespace can be made here"
    mkdir small other
    # The program leaves the file system full, as other people's files do.
    TMPDIR=$WORK/other unshare --mount sh -c '
        mount -t tmpfs -o size=1m small small && head -c 2M /dev/zero >small/full 2>/dev/null
        LD_PRELOAD=$1 LASTWORDS=keep=always:dir=$PWD/small "$2" fork' sh "$SHIM" "$DOORS/family" >it.out 2>it.err 3>&-
    cat it.out it.err
    [ "$(find other -name '*.lw' | wc -l)" = 2 ]
    grep -q "no journal can be written to dir=" it.err
}
