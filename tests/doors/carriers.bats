#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Programs that have an allocator of their own: they work, and they are seen.
#
# What is seen depends on whose malloc the program's calls reach.
#   Ours, with the other one behind it (a preload that comes after ours): its blocks are sampled as ever, and what the
#   allocator maps for them is no site of its own, so nothing is counted twice.
#   The other one (it is linked into the program, or preloaded before ours): no block is sampled; what the allocator
#   maps is seen as mappings, charged to the calls that made it grow. Those from before the activation are older than the
#   records, and an allocator that maps by system calls of its own (tcmalloc) leaves memory that is called untracked, or slack where it is
#   the heap.

load ../support/same.bash

library() {
    local found
    found=$(ldconfig -p | awk -v name="$1" '$1 ~ "^" name {print $NF; exit}')
    [ -n "$found" ] || { echo "$1 is not installed (tests/support/deps.sh)" >&2; return 1; }
    echo "$found"
}

# seen KIND PROGRAM: runs it with keep=always; sites of that kind must hold it, and everything must be explained once
seen() {
    HOLD=1 run_as seen keep=always:activate=1M:sample=16K "$2"
    cat seen.out seen.err
    [ "$(cat seen.status)" = 0 ]
    python3 - "$REPO/build/lastwords" "$1" *.lw <<'PY'
import json, subprocess, sys
command, kind, *journals = sys.argv[1:]
journal, = (path for path in journals if "carrier" in path)
report = json.loads(subprocess.run([command, "report", "--json", journal], capture_output=True, check=True).stdout)
MIB = 1 << 20
held = {True: 0, False: 0}
for site in report["sites"]:
    functions = [frame["function"] or "" for frame in site["stack"]]
    block = bool(functions) and functions[0] == "one_block"  # the innermost: no allocator's frame is below it
    held[block] += site["committed_bytes"]
memory = report["memory"]
blocks, mappings = held[True] / MIB, held[False] / MIB
explained = memory["explained_bytes"] / memory["anon_bytes"]
# An allocator gives pages back when it likes, between the scan and the look at the whole as well.
once = memory["explained_bytes"] <= 1.01 * memory["peak_rss_bytes"]
print(f"blocks {blocks:.1f} MiB, mappings {mappings:.1f} MiB, anonymous {memory['anon_bytes'] / MIB:.1f} MiB, "
      f"explained {100 * explained:.1f} %, resident at most {memory['peak_rss_bytes'] / MIB:.1f} MiB")
print(*(f"{other['kind']} {other['resident_bytes'] / MIB:.1f} MiB" for other in report["other"]), sep=", ")
untracked = sum(other["resident_bytes"] for other in report["other"] if other["kind"] in ("untracked", "slack")) / MIB
if kind == "blocks":  # the rest is what the allocator keeps of the freed ones
    assert abs(blocks - 132) < 20 and mappings < 8, "132 MiB of blocks were expected, and no mappings"
    assert 0.75 <= explained and once, "not explained"
elif kind == "mappings":
    assert blocks < 1 and mappings > 90, "no blocks were expected, and mappings"
    assert 0.50 <= explained and once, "not explained"
else:
    assert blocks < 1 and mappings < 8 and untracked > 100, f"untracked memory was expected, not {untracked:.1f} MiB"
PY
}

@test "carriers: the C library's allocator" { same "$DOORS/carrier"; seen blocks "$DOORS/carrier"; }

@test "carriers: jemalloc linked into the program" {
    same "$DOORS/carrier_jemalloc"
    seen mappings "$DOORS/carrier_jemalloc"
}

behind() {
    BEHIND=$(library "$1")
    export BEHIND
    same "$DOORS/carrier"
    seen blocks "$DOORS/carrier"
}
before() {
    BEFORE=$(library "$1")
    export BEFORE
    same "$DOORS/carrier"
    seen "${2:-mappings}" "$DOORS/carrier"
}
@test "carriers: jemalloc preloaded behind ours" { behind libjemalloc; }
@test "carriers: jemalloc preloaded before ours" { before libjemalloc; }
@test "carriers: tcmalloc preloaded behind ours" { behind libtcmalloc_minimal; }
@test "carriers: tcmalloc preloaded before ours" { before libtcmalloc_minimal untracked; }
@test "carriers: mimalloc preloaded behind ours" { behind libmimalloc; }
@test "carriers: mimalloc preloaded before ours" { before libmimalloc; }

@test "carriers: action=refuse asks nothing under the locks of an allocator" {
    export WORKING=action=refuse:activate=1:sample=4K PATIENCE=30
    same "$DOORS/carrier_jemalloc"
    BEHIND=$(library libjemalloc) same "$DOORS/carrier"
    BEFORE=$(library libjemalloc) same "$DOORS/carrier"
}
