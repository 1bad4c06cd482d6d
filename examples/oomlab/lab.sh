#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The classic lab: a program eats memory in a cgroup of 512 MiB with a soft limit of 400 MiB. First without
# lastwords, where all that is left is exit status 137; then with it.
#
# usage: lab.sh        (as root: it makes a cgroup; works with cgroup v1 and v2)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$here/../.." && pwd)/build
limit=$((512 << 20))
soft=$((400 << 20))

[ -x "$build/lastwords" ] || { echo "lab: build/lastwords is missing: run make first" >&2; exit 1; }
[ "$(id -u)" = 0 ] || { echo "lab: making a cgroup needs root" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-lab.XXXXXX")
group=
clean_up() {
    [ -z "$group" ] || rmdir "$group" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# v1: memory.soft_limit_in_bytes only says who is reclaimed from first when the whole machine is short of memory.
# v2: memory.high throttles whoever goes above it, so the last 112 MiB take long.
v1=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ {print $2; exit}' /proc/mounts)
v2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
if [ -n "$v1" ]; then
    group=$v1/lastwords-lab-$$
    mkdir "$group"
    echo "$limit" >"$group/memory.limit_in_bytes"
    echo "$soft" >"$group/memory.soft_limit_in_bytes"
    kills() { awk '$1 == "oom_kill" {print $2}' "$group/memory.oom_control"; }
elif [ -n "$v2" ]; then
    group=$v2/lastwords-lab-$$
    grep -qw memory "$v2/cgroup.subtree_control" || echo +memory >"$v2/cgroup.subtree_control"
    mkdir "$group"
    echo "$limit" >"$group/memory.max"
    echo "$soft" >"$group/memory.high"
    [ ! -e "$group/memory.swap.max" ] || echo 0 >"$group/memory.swap.max"
    kills() { awk '$1 == "oom_kill" {print $2}' "$group/memory.events"; }
else
    echo "lab: no memory cgroup is mounted here" >&2
    exit 1
fi

# Runs a command inside the cgroup. The shell that enters it is the one that becomes the command.
inside() {
    local status=0
    # The remark of this shell that somebody was killed goes to /dev/null; the program's own words do not.
    { bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@" 2>&4 4>&- || status=$?; } 4>&2 2>/dev/null
    printf '\nexit status %s, OOM kills in this cgroup so far: %s\n' "$status" "$(kills)"
}

gcc -O1 -g -rdynamic -o "$work/eat" "$here/eat.c"
mkdir "$work/killed" "$work/stopped"
cd "$work"

printf '== Without lastwords: 512 MiB, soft limit 400 MiB\n'
inside ./eat

printf '\n== With lastwords, action=report: the kernel still kills it, but the last words are in a file\n'
LD_PRELOAD=$build/liblastwords.so LASTWORDS=dir=$work/killed inside ./eat
"$build/lastwords" report "$work/killed"

printf '\n== With lastwords, action=abort: stopped just before\n'
LD_PRELOAD=$build/liblastwords.so LASTWORDS=action=abort:dir=$work/stopped inside ./eat
"$build/lastwords" report "$work/stopped"
