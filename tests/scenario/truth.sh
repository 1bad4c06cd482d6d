#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The ground truth again and again: are the estimates biased, and how much is explained?
#
# usage: truth.sh [N [SAMPLE [huge]]]        (10 runs with sample=auto unless told)
#
# Prints the table of the last run, then for each function the mean error and, for small blocks, the mean and the
# spread of the error in standard errors: the mean should be within 1/sqrt(N) or so of 0, the spread about 1.
set -eu
# shellcheck source=tests/scenario/common.bash
. "$(cd "$(dirname "$0")" && pwd)/common.bash"

runs=${1:-10}
base=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-truth.XXXXXX")
trap 'truth_end; rm -rf "$base"' EXIT
trap 'exit 130' INT TERM
unset LASTWORDS LD_PRELOAD

for run in $(seq "$runs"); do
    WORK=$base/$run
    mkdir "$WORK"
    truth_run "${2:-auto}" 0 "${3:-}" >"$WORK/said" || echo "truth: run $run is beyond what is allowed" >&2
    grep '^wrong' "$WORK/said" >&2 || true
    rm -f "$WORK"/*.lw "$WORK/file"
done
sed '/^when it has ended/,$d' "$WORK/said"

"$PYTHON" - "$base"/*/said <<'PYTHON'
import re, statistics, sys

errors, scores, explained, sums = {}, {}, [], []
for path in sys.argv[1:]:
    for text in open(path).read().split("when it has ended:")[0].splitlines():
        row = re.match(r"(\w+) +(small|large|mapping|stack|shared|file) +\S+ +\S+ +([-+.\d]+) % +\S+ % +\S+ % +(\d+)", text)
        if row:
            errors.setdefault(row[1], []).append(float(row[3]))
            if row[2] == "small":
                scores.setdefault(row[1], []).append(float(row[3]) / 100 * int(row[4]) ** 0.5)
        total = re.search(r"MiB: ([-+.\d]+) %; explained ([.\d]+) %", text)
        if total:
            sums.append(abs(float(total[1])))
            explained.append(float(total[2]))
print(f"\n{'function':22} {'mean error':>10} {'worst':>9} {'mean z':>7} {'spread':>7}")
for function, values in errors.items():
    z = scores.get(function)
    print(f"{function:22} {statistics.mean(values):+8.2f} % {max(values, key=abs):+7.2f} %" +
          (f" {statistics.mean(z):+7.2f} {statistics.pstdev(z):7.2f}" if z else ""))
print(f"explained: median {statistics.median(explained):.2f} %, worst {min(explained):.2f} %; "
      f"sum against RssAnon: median {statistics.median(sums):.2f} %, worst {max(sums):.2f} %")
PYTHON
