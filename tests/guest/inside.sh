#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The list of tests that runs inside the cgroup v2 guest; TAP on standard output. Started by run.sh.
#
# Few and decisive ones: everything is 20 to 30 times slower here. Every test is a function; its first failing step
# ends it. The comment lines after a failure are what it had to say.
set -u
ETL_DATA=$1
STREAM_FILE=$2
# shellcheck source=tests/scenario/common.bash
. "$(cd "$(dirname "$0")/.." && pwd)/scenario/common.bash"
CG_TIMEOUT=150
number=0

# check NAME FUNCTION: a fresh work directory and, afterwards, no cgroups
check() {
    local result
    number=$((number + 1))
    WORK=$(mktemp -d /tmp/lastwords-test.XXXXXX)
    without_shim
    from=$SECONDS
    if (set -e; "$2") >/tmp/said 2>&1; then result=ok; else result="not ok"; fi
    echo "$result $number guest, cgroup v2: $1 ($((SECONDS - from)) s)"
    [ "$result" = ok ] || sed 's/^/# /' /tmp/said | cut -c 1-300 | head -n 120
    cg_remove_all
    rm -rf "$WORK"
}

# `set -e` is off inside a condition, so the steps of a test are chained here by what they return.
steps() {
    local step
    for step in "$@"; do
        $step || return 1
    done
}

# ---- 1: the ETL ----

etl_in_group() {
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
    with_shim action=abort
    steps etl_in_group "stopped etl" etl_truth &&
        judge "r.limit.headroom_bytes <= 0.05 * r.limit.bytes" "r.verdict.oom_kill == 'no'"
}
etl_report() {
    with_shim action=report
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

cg_available || {
    echo "not ok 1 guest: $CG_WHY"
    exit 1
}
check "2 leak: control is killed" leak_control
check "2 leak: abort names the site" leak_abort
check "2 leak: report is complete before the kill" leak_report
check "7 stream: control lives" stream_control
check "7 stream: read, no action" stream_read
check "7 stream: map, no action, nothing left" stream_map
"$PYTHON" -c 'import pandas, sqlite3' # what is cached already is not charged to the cgroup
check "1 ETL: control is killed" etl_control
check "1 ETL: abort stops it before the kill" etl_abort
check "1 ETL: report is complete before the kill" etl_report
echo "1..$number"
