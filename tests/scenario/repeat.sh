#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The ETL scenario again and again: how reliably, how late, how well explained?
#
# usage: repeat.sh [N [MODE…]]        (N runs per mode, 10 unless told; modes report and abort; half of the runs cold)
#
# Cold means that the page cache is dropped first, so that the interpreter's libraries are charged to the cgroup. The
# exit status is 1 when an abort run was not stopped, a report run has no complete report, or a first line is wrong.
set -eu
# shellcheck source=tests/scenario/common.bash
. "$(cd "$(dirname "$0")" && pwd)/common.bash"

runs=${1:-10}
[ $# -eq 0 ] || shift
modes=("$@")
[ "${#modes[@]}" -gt 0 ] || modes=(report abort)
cg_available || { echo "repeat: $CG_WHY" >&2; exit 1; }

WORK=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-repeat.XXXXXX")
etl_data
base=$WORK
trap 'cg_remove_all; rm -rf "$base" "$ETL_DATA"' EXIT
trap 'exit 130' INT TERM

table=$base/table
for mode in "${modes[@]}"; do
    for run in $(seq "$runs"); do
        cache=warm
        [ $((run % 2)) -eq 1 ] || cache=cold
        WORK=$base/$mode.$run
        mkdir "$WORK"
        name=$mode-$run
        cg_make "$name" "$ETL_LIMIT"
        if [ "$cache" = cold ]; then cache_drop_all; else etl_warm; fi
        with_shim "action=$mode"
        inside "$name" $(etl) >"$WORK/said"
        journal=$(journals | head -n 1)
        report=$WORK/report.json
        [ -z "$journal" ] || "$LASTWORDS_COMMAND" report --json "$journal" >"$report" || true
        echo "$mode $cache $run $status $(cg_oom_kills "$name") $elapsed_ms $report" >>"$table"
        cg_remove "$name"
        rm -f "$WORK"/*.lw "$WORK"/out.db
        echo "repeat: $mode $cache, run $run of $runs: exit status $status" >&2
    done
done

"$PYTHON" - "$table" <<'PYTHON'
import json, statistics, sys

ROW = "{:7} {:5} {:>3}  {:10} {:>8} {:>9} {:>9} {:>9} {:>9} {:>7}  {}"
print(ROW.format("mode", "cache", "run", "end", "complete", "margin", "lead", "headroom", "explained", "seconds", "first line"))
groups, wrong = {}, 0
for text in open(sys.argv[1]):
    mode, cache, run, status, kills, elapsed, path = text.split()
    end = {"134": "controlled", "137": "killed" if kills != "0" else "SIGKILL"}.get(status, "exit " + status)
    try:
        r = json.load(open(path))
    except (OSError, ValueError):
        print(ROW.format(mode, cache, run, end, "no report", "", "", "", "", f"{int(elapsed) / 1000:.1f}", ""))
        wrong += 1
        continue
    def at(kind):
        return next((event["t_ms"] for event in r["events"] if event["kind"] == kind), None)
    complete, action = at("complete"), at("action")
    margin = next((event["t_ms"] for event in r["events"] if event["kind"] == "stage" and "margin" in event["text"]), None)
    # From the complete report to the end of the process, by the wall clock of the harness (start-up included).
    lead = int(elapsed) - complete if complete is not None else None
    headroom = 100 * r["limit"]["headroom_bytes"] / r["limit"]["bytes"] if r["limit"].get("bytes") else None
    explained = 100 * r["memory"]["explained_bytes"] / max(1, r["memory"]["anon_bytes"])
    line = r["lines"][0] if r["lines"] else {"file": "", "function": "none", "line": 0}
    first = f"{(line['file'] or '').rsplit('/', 1)[-1]}:{line['line']} {line['function']}"
    right = first.startswith("transform.py:") and line["function"] in ("load", "enrich")
    wrong += (mode == "abort" and end != "controlled") or complete is None or not right
    groups.setdefault((mode, cache), []).append((end, complete is not None, lead, headroom, explained, right, int(elapsed)))
    show = lambda value, unit: "-" if value is None else f"{value:.0f} ms" if unit == "ms" else f"{value:.2f} %"
    print(ROW.format(mode, cache, run, end, "yes" if complete is not None else "NO", show(margin, "ms"), show(lead, "ms"),
                     show(headroom, "%"), show(explained, "%"), f"{int(elapsed) / 1000:.1f}",
                     first + ("" if right else "   WRONG")))
print()
for (mode, cache), rows in groups.items():
    middle = lambda values: statistics.median([v for v in values if v is not None] or [float("nan")])
    print(f"{mode}, {cache}: {len(rows)} runs, controlled {sum(r[0] == 'controlled' for r in rows)}, "
          f"killed {sum(r[0] == 'killed' for r in rows)}, complete {sum(r[1] for r in rows)}, "
          f"first line right {sum(r[5] for r in rows)}; medians: headroom {middle(r[3] for r in rows):.2f} % "
          f"(worst {max((r[3] for r in rows if r[3] is not None), default=float('nan')):.2f} %), "
          f"explained {middle(r[4] for r in rows):.1f} % (worst {min(r[4] for r in rows):.1f} %), "
          f"lead {middle(r[2] for r in rows):.0f} ms, {middle(r[6] for r in rows) / 1000:.1f} s")
sys.exit(1 if wrong else 0)
PYTHON
