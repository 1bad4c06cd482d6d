#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The scenarios again and again, as a table: how many kills were missed, how many runs were ended that would have lived,
# is the cause right, how much of the limit was left, how long before the end was the report complete?
#
# usage: table.sh [N [PATTERN]]        (N runs of each with action=abort and N with action=report, 10 unless told; only
#                                       the rows whose name matches)
#
# One row a line at the end of this file. The exit status is 1 when a kill was missed, a run was ended wrongly, or a
# cause is wrong. What else has to be true of each scenario is tested by the files beside this one.
set -eu
# shellcheck source=tests/scenario/common.bash
. "$(cd "$(dirname "$0")" && pwd)/common.bash"

runs=${1:-10}
pattern=${2:-}
cg_available || { echo "table: $CG_WHY" >&2; exit 1; }
base=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-table.XXXXXX")
WORK=$base
SWAP=
clean_up() {
    cg_remove_all
    swap_off
    rm -rf "$base" "${ETL_DATA:-$base}"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
count=0

# one ROW MODE EXPECTED: runs "$@" from the fifth on; notes what came of it
one() {
    local name=$1 mode=$2 limit=$3 options=$4 swap=$5 report
    shift 5
    count=$((count + 1))
    WORK=$base/$count
    mkdir "$WORK"
    cg_make "$count" "$limit"
    [ "$swap" = - ] || cg_swap "$count" "$swap"
    with_shim "action=$mode:keep=always$options"
    CG_TIMEOUT=120 inside "$count" "$@" >"$WORK/said"
    ended_ms=$(date +%s%3N)
    report=$WORK/report.json
    # Of several processes the one that has most to tell comes first.
    "$LASTWORDS_COMMAND" report --json "$WORK" >"$report" 2>/dev/null || true
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$mode" "$status" "$(cg_oom_kills "$count")" "$report" "$ended_ms" >>"$base/runs"
    cg_remove "$count"
    rm -f "$WORK"/*.lw "$WORK"/out.db
}

# row NAME dies|lives CAUSES LIMIT OPTIONS SWAP COMMAND…; CAUSES with commas, OPTIONS like :activate=8M or "", SWAP or -
row() {
    local name=$1 kind=$2 causes=$3 run
    shift 3
    [[ $name =~ $pattern ]] || return 0
    printf '%s\t%s\t%s\n' "$name" "$kind" "$causes" >>"$base/rows"
    for run in $(seq "$runs"); do
        one "$name" abort "$@"
        [ "$kind" = lives ] || one "$name" report "$@"
    done
    echo "table: $name" >&2
}

# A row that needs the page cache of its input cold, or a file.
cold() { cache_drop "$base/file"; }

summary() {
    "$PYTHON" - "$base" "$CG_KIND" "$(uname -r)" <<'PYTHON'
import collections, datetime, json, statistics, sys

base, kind, release = sys.argv[1:4]
rows = [line.rstrip("\n").split("\t") for line in open(base + "/rows")]
runs = collections.defaultdict(list)
for line in open(base + "/runs"):
    name, mode, status, kills, path, ended_ms = line.rstrip("\n").split("\t")
    try:
        report = json.load(open(path))
    except (OSError, ValueError):
        report = None
    runs[name].append((mode, int(status), int(kills), report, int(ended_ms)))

def at(report, kind, words=""):
    return next((e["t_ms"] for e in report["events"] if e["kind"] == kind and words in e["text"]), None)

def lead_ms(report, ended_ms):
    """From the complete report to the end as seen by this script; a start is known to 10 ms."""
    started = datetime.datetime.strptime(report["process"]["started_at"], "%Y-%m-%dT%H:%M:%S.%fZ")
    started_ms = started.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000
    return round(ended_ms - started_ms - at(report, "complete"))

def middle(values, form):
    values = [value for value in values if value is not None]
    return form.format(statistics.median(values), max(values)) if values else ""

print(f"Linux {release}, cgroup {kind}\n")
print("| scenario | runs | missed | false | cause right | headroom at the action, median (worst) | lead time, median (shortest) |")
print("|---|---|---|---|---|---|---|")
bad = 0
for name, expected, causes in rows:
    done = runs[name]
    aborts = [run for run in done if run[0] == "abort"]
    told = [run for run in done if run[3]]
    if expected == "dies":
        # Missed: the kernel was first, or the report was not complete before it.
        missed = sum(run[2] > 0 for run in aborts)
        missed += sum(run[0] == "report" and (not run[3] or at(run[3], "complete") is None) for run in done)
        false = 0
        right = sum(run[3]["verdict"]["cause"] in causes.split(",") for run in told)
        of = len(done)
    else:
        missed = 0
        false = sum(run[1] != 0 or run[3] is not None and at(run[3], "action") is not None and run[3]["process"]["exit"]["signal"] is not None
                    for run in aborts)
        right = sum(run[3]["verdict"]["cause"] in causes.split(",") for run in told)
        of = len(told)
    headroom = [100 * run[3]["limit"]["headroom_bytes"] / run[3]["limit"]["bytes"] for run in aborts
                if expected == "dies" and run[3] and run[3]["limit"]["bytes"]]
    lead = [lead_ms(run[3], run[4]) for run in done
            if expected == "dies" and run[0] == "report" and run[3] and at(run[3], "complete") is not None]
    for mode, status, kills, report, _ in done:
        if report and report["verdict"]["cause"] not in causes.split(","):
            print(f"{name}, {mode}: {report['verdict']['cause']}: {report['verdict']['sentence']}", file=sys.stderr)
    bad += missed + false + (of - right)
    shortest = f"{statistics.median(lead):.0f} ms ({min(lead)} ms)" if lead else ""
    print(f"| {name} | {len(done)} | {missed} | {false} | {right} of {of} | {middle(headroom, '{:.1f} % ({:.1f} %)')} | {shortest} |")
sys.exit(1 if bad else 0)
PYTHON
}

growth="site_growth,site_spike"
head -c $((200 << 20)) /dev/zero >"$base/file"
if [[ "1 ETL" =~ $pattern ]]; then
    etl_data
    etl_warm
    row "1 ETL" dies $growth "$ETL_LIMIT" "" - $PYTHON "$REPO/examples/etl/transform.py" "$ETL_DATA/orders.csv" "$base/out.db"
fi
row "2 leak of small blocks" dies site_growth 128M :activate=8M - "$PROGRAMS/leak" 40
for threads in 1 8 32 128; do
    row "3 fastest fill, $threads threads" dies $growth 256M "" - "$PROGRAMS/fill" $threads 1024
done
row "4 one impossible allocation" lives none,allocation_refused 128M :activate=8M - "$PROGRAMS/impossible"
row "5 reserve ten times the limit" lives none 128M "" - "$PROGRAMS/reserve" 1280 64
row "6 reserved here, touched there" dies $growth 128M "" - "$PROGRAMS/reserve_touch" 256 80
cold
row "7 stream, read" lives none 64M "" - "$PROGRAMS/stream" read "$base/file" 40
row "8 dirty a file mapping" lives none 128M "" - "$PROGRAMS/dirty" "$base/dirty" 128
row "9 memfd" dies shared_memory 128M "" - "$PROGRAMS/charge" memfd 200
row "9 shared mapping" dies shared_memory 128M "" - "$PROGRAMS/charge" shared 200
row "kernel memory, pipes" dies kernel_memory 128M "" - "$PROGRAMS/charge" pipes 200
row "kernel memory, names of files" lives none 128M "" - "$PROGRAMS/charge" names 160 "$base"
row "13 one of four workers grows" dies $growth 160M :activate=8M - "$PROGRAMS/pool" 4 20 2 60
if [[ "15 swap" =~ $pattern ]]; then
    swap_on 256M
    row "15 swap" dies swap_exhausted 96M "" 64M "$PROGRAMS/thrash" 60 8 300
    row "15 swap, it fits" lives none 96M "" 64M "$PROGRAMS/thrash" 60 8 130
    swap_off
fi
for way in read huge mremap heap; do
    row "18 growth by $way, full speed" dies $growth 128M "" - "$PROGRAMS/growth" $way 0
done
row "19 allocator slack" dies allocator_slack 128M :activate=8M - "$PROGRAMS/slack" 96 4 60
row "19 allocator slack, relief helps" lives none 128M :activate=8M - "$PROGRAMS/slack" 96 256 60
row "20 seccomp, no fault counter" dies $growth 128M :activate=8M - "$PROGRAMS/narrow" seccomp
summary
