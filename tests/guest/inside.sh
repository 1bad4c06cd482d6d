#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The list of tests that runs inside the cgroup v2 guest; TAP on standard output. Started by run.sh.
#
# Few and decisive ones: everything is 20 to 30 times slower here. Every test is a function; its first failing step
# ends it. The comment lines after a failure are what it had to say.
set -u
ETL_DATA=$1
STREAM_FILE=$2
ONLY=${3:-} # tests whose name matches; all without it
# shellcheck source=tests/guest/checks.bash
. "$(cd "$(dirname "$0")" && pwd)/checks.bash"

# ---- 1: the ETL ----

etl_in_group() {
    # What is cached already is not charged to the cgroup.
    [ -e /tmp/etl-warm ] || { "$PYTHON" -c 'import pandas, sqlite3' && : >/tmp/etl-warm; }
    cg_make etl 128M
    inside etl $(etl)
}
etl_truth() {
    judge "line(0) in ('transform.py:load', 'transform.py:enrich')" \
        "r.verdict.cause in ('site_growth', 'site_spike')" \
        "r.memory.explained_bytes >= 0.90 * r.memory.anon_bytes" \
        "r.limit.kind == 'cgroup_v2'" "r.limit.bytes == 128 * MIB" \
        "event('complete') is not None" "len(r.threads) >= 1 and all(thread.stack for thread in r.threads)"
}
etl_control() { steps etl_in_group "killed etl"; }
# 3 % of 128 MiB are 4 MiB, less than one step of read_csv may take: 5 % here.
etl_abort() {
    with_shim action=abort:sample=64K
    steps etl_in_group "stopped etl" etl_truth &&
        judge "r.limit.headroom_bytes <= 0.05 * r.limit.bytes" "r.verdict.oom_kill == 'no'"
}
etl_report() {
    with_shim action=report:sample=64K
    steps etl_in_group "killed etl" etl_truth && judge "r.verdict.oom_kill in ('confirmed', 'likely')"
}

# ---- 2: the leak ----

leak_in_group() {
    cg_make leak 64M
    inside leak "$PROGRAMS/leak" 20
}
leak_truth() {
    judge "line(0).endswith(':remember')" "r.verdict.cause == 'site_growth'" \
        "r.memory.explained_bytes >= 0.85 * r.memory.anon_bytes" "event('complete') is not None"
}
# One sample in 16 KiB: with sample=auto some 200 samples describe 60 MiB here, because samples are 20 to 30 times
# dearer than on a machine, and 200 samples know a size to 7 %.
leak_control() { steps leak_in_group "killed leak"; }
leak_abort() { with_shim action=abort:activate=8M:sample=16K && steps leak_in_group "stopped leak" leak_truth; }
leak_report() { with_shim action=report:activate=8M:sample=16K && steps leak_in_group "killed leak" leak_truth; }

# ---- 7: the stream ----

# The file was never read before: its pages are charged to the first reader. It has five times the limit.
stream_in_group() {
    cg_make stream 48M
    inside stream "$PROGRAMS/stream" "$1" "$STREAM_FILE" 16
}
stream_calm() {
    judge "r.verdict.cause == 'none'" "event('action') is None"
}
stream_control() { steps "stream_in_group read" "lived stream"; }
stream_read() {
    with_shim action=abort:activate=8M:keep=always
    echo 3 >/proc/sys/vm/drop_caches
    steps "stream_in_group read" "lived stream" stream_calm
}
stream_map() {
    with_shim action=abort:activate=8M
    echo 3 >/proc/sys/vm/drop_caches
    steps "stream_in_group map" "lived stream" no_journal
}

# ---- 3: the fastest fill ----

fill_in_group() {
    cg_make fill 128M
    inside fill "$PROGRAMS/fill" "$1" 512
}
fill_truth() {
    judge "event('complete') is not None" "any(frame.function == 'touch_all' for frame in r.sites[0].stack)" \
        "r.verdict.oom_kill == 'no'"
}
fill_control() { steps "fill_in_group 8" "killed fill"; }
fill_1() { with_shim action=abort:activate=8M && steps "fill_in_group 1" "stopped fill" fill_truth; }
fill_8() { with_shim action=abort:activate=8M && steps "fill_in_group 8" "stopped fill" fill_truth; }
fill_32() { with_shim action=abort:activate=8M && steps "fill_in_group 32" "stopped fill" fill_truth; }

# Without the counter memory.high holds the growing threads back until the watcher has seen the margin: in a cgroup of
# the job's own only.
braked_fill() {
    status=0
    (cd "$WORK" && "$LASTWORDS_COMMAND" run --limit 128M --action abort --touch off --activate 8M --dir "$WORK" -- \
        "$PROGRAMS/fill" "$1" 384) >"$WORK/stdout" 2>"$WORK/stderr" || status=$?
    cat "$WORK/stderr"
    expect "exit status" 134 "$status"
}
brake_holds() { steps "braked_fill 1" fill_truth && rm -f "$WORK"/*.lw && steps "braked_fill 8" fill_truth; }

# ---- 6: reserved here, touched there ----

reserve_in_group() {
    cg_make reserve 64M
    inside reserve "$PROGRAMS/reserve_touch" 128 40
}
reserve_truth() {
    judge "line(0).endswith(':reserve_arena')" \
        "abs(r.lines[0].resident_bytes + 10 * MIB - r.memory.anon_bytes) < 8 * MIB" \
        "any(frame.function == 'use_arena' for touch in r.sites[0].touched_by for frame in touch.stack)" \
        "event('complete') is not None"
}
reserve_control() { steps reserve_in_group "killed reserve"; }
reserve_abort() { with_shim action=abort:activate=8M && steps reserve_in_group "stopped reserve" reserve_truth; }

# ---- 18: ways of growing ----

growth_in_group() {
    cg_make growth 64M
    inside growth "$PROGRAMS/growth" "$1" "$2"
}
growth_truth() {
    judge "event('complete') is not None" "line(0).endswith(':$1')" \
        "abs(r.lines[0].resident_bytes - r.memory.anon_bytes + sum(other.resident_bytes for other in r.other if other.kind != 'page_tables')) <= 0.02 * r.memory.anon_bytes"
}
growth_control() { steps "growth_in_group read 40" "killed growth"; }
# growth WAY FUNCTION: a sampling interval at which small blocks are known to 2 %
growth() {
    with_shim action=abort:activate=8M:sample=8K
    steps "growth_in_group $1 40" "stopped growth" "growth_truth $2"
}
growth_read() { growth read read_into; }
growth_huge() { growth huge huge_pages; }
growth_mremap() { growth mremap remap_more; }
growth_heap() { growth heap small_blocks; }

# ---- explain: the kernel's record of a kill by a v2 limit, and the counters that are followed without it ----

explain_kill() {
    with_shim activate=8M
    cd "$WORK"
    steps leak_in_group "killed leak" || return 1
    "$LASTWORDS_COMMAND" explain --last >said || return 1
    cat said
    grep -q "CONSTRAINT_MEMCG.*machine itself had memory left" said && grep -q "leak (pid [0-9]*) was OOM-killed" said &&
        grep -q "remember()" said && ! grep -q "^  missing" said
}
explain_follow() {
    local waited follower ended=0
    setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all "$LASTWORDS_COMMAND" explain --follow \
        >"$WORK/said" 2>"$WORK/following" &
    follower=$!
    for waited in $(seq 200); do
        ! grep -q "following oom_kill" "$WORK/following" || break
        sleep 0.1
    done
    steps leak_in_group "killed leak" || return 1
    for waited in $(seq 100); do
        [ ! -s "$WORK/said" ] || break
        sleep 0.1
    done
    kill -INT $follower
    wait $follower || ended=$?
    cat "$WORK/said" "$WORK/following"
    [ "$ended" = 0 ] && grep -q "cgroup /lastwords-test-[0-9]*-leak: 1 process (" "$WORK/said" &&
        [ "$(wc -l <"$WORK/said")" = 1 ]
}

cg_available || {
    echo "not ok 1 guest: $CG_WHY"
    exit 1
}
check "2 leak: control is killed" leak_control
check "2 leak: abort names the site" leak_abort
check "2 leak: report is complete before the kill" leak_report
check "explain: a real kill is decoded and joined" explain_kill
check "explain --follow: the counters, without the kernel log" explain_follow
check "7 stream: control lives" stream_control
check "7 stream: read, no action" stream_read
check "7 stream: map, no action, nothing left" stream_map
check "3 fastest fill: control is killed" fill_control
check "3 fastest fill: 1 thread is stopped" fill_1
check "3 fastest fill: 8 threads are stopped" fill_8
check "3 fastest fill: 32 threads are stopped" fill_32
check "3 fastest fill: without the counter, memory.high holds 1 and 8 threads" brake_holds
check "6 reserved here, touched there: control is killed" reserve_control
check "6 reserved here, touched there: the resident bytes belong to who reserved" reserve_abort
check "18 growth by read(2): control is killed" growth_control
check "18 growth by read(2): stopped" growth_read
check "18 growth by huge pages: stopped" growth_huge
check "18 growth by mremap: stopped" growth_mremap
check "18 growth of the heap by small blocks: stopped" growth_heap
check "1 ETL: control is killed" etl_control
check "1 ETL: abort stops it before the kill" etl_abort
check "1 ETL: report is complete before the kill" etl_report
echo "1..$number"
