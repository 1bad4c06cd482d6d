#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The pandas ETL in a memory cgroup that is too small for it: first the post-mortem, then the fixed version.
#
# usage: demo.sh [ROWS] [LIMIT]        (defaults: 1000000 rows, 300M; about half a minute)
set -eu

here=$(cd "$(dirname "$0")" && pwd)
lastwords=$(cd "$here/../.." && pwd)/build/lastwords
# Not the first python3 of PATH: the pandas of the distribution belongs to the python3 of the distribution.
python=${PYTHON:-/usr/bin/python3}
rows=${1:-1000000}
limit=${2:-300M}

[ -x "$lastwords" ] || { echo "demo: build/lastwords is missing: run make first" >&2; exit 1; }
"$python" -c 'import pandas' 2>/dev/null || { echo "demo: $python has no pandas: run make deps" >&2; exit 1; }

work=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-demo.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || step() { printf '\n== %s\n' "$*"; }
show() { printf '$ %s\n' "$*"; }

cd "$work"
step "$rows orders as CSV"
"$python" "$here/generate.py" "$rows" orders.csv reference.csv
ls -lh orders.csv | awk '{print $9 ": " $5}'

step "The job under a limit of $limit, stopped in a controlled way just before the kernel would kill it"
show "lastwords run --limit $limit --action=abort -- python3 transform.py orders.csv out.db"
cp "$here"/transform.py "$here"/transform_chunked.py .
status=0
"$lastwords" run --limit "$limit" --action=abort --dir="$work" -- \
    "$python" transform.py orders.csv out.db || status=$?
echo "exit status $status"
if [ "$status" -eq 0 ]; then
    echo "demo: the job fitted into $limit; nothing to show" >&2
    exit 1
fi

step "From the journal, at any later time, for programs"
journal=$(ls "$work"/lastwords-*.lw | head -n 1)
show "lastwords report --json ${journal##*/}"
"$lastwords" report --json "$journal" | "$python" -c '
import json, sys
report = json.load(sys.stdin)
print(json.dumps({"verdict": report["verdict"], "lines[0]": {**report["lines"][0], "sites": "..."}}, indent=1, ensure_ascii=False))'

step "The fixed version (chunks, fewer columns, categories) under the same limit"
show "lastwords run --limit $limit --action=abort -- python3 transform_chunked.py orders.csv fixed.db"
"$lastwords" run --limit "$limit" --action=abort --dir="$work" -- "$python" transform_chunked.py orders.csv fixed.db

step "The same tables as the first version makes without a limit?"
"$python" transform.py orders.csv whole.db >/dev/null
"$python" - whole.db fixed.db <<'PYTHON'
import sqlite3, sys
whole, fixed = (sorted(sqlite3.connect(name).iterdump()) for name in sys.argv[1:])
sys.exit("the results differ") if whole != fixed else print(f"yes: {len(whole)} statements in both dumps")
PYTHON
