#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the preload costs: the ETL without a limit, alone and preloaded in turn, pinned to one processor.
#
# usage: overhead.sh [PAIRS [ROWS [LASTWORDS]]]        (15 pairs of 1000000 rows, default options)
#
# Prints the median of the pairs' ratios. The exit status is 1 when the two differ in their output or in the database
# they make, when anything is written to standard error, or when a journal is left behind.
set -eu
# shellcheck source=tests/scenario/common.bash
. "$(cd "$(dirname "$0")" && pwd)/common.bash"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-overhead.XXXXXX")
trap 'rm -rf "$WORK" "${ETL_DATA:-}"' EXIT
trap 'exit 130' INT TERM
etl_data "${2:-$ETL_ROWS}"
etl_warm

"$PYTHON" - "${1:-15}" "$SHIM" "$WORK" "${3:-}" $(etl) <<'PYTHON'
import glob, hashlib, os, sqlite3, statistics, sys, time

pairs, shim, work, setting, *command = sys.argv[1:]
database = command[-1]
# The last processor: interrupts prefer the first.
processor = max(os.sched_getaffinity(0))


def run(preloaded):
    environment = {key: value for key, value in os.environ.items() if key not in ("LD_PRELOAD", "LASTWORDS")}
    if preloaded:
        environment.update(LD_PRELOAD=shim, LASTWORDS="dir=" + work + (":" + setting if setting else ""))
    if os.path.exists(database):
        os.unlink(database)
    out, err = os.path.join(work, "out"), os.path.join(work, "err")
    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        for path, descriptor in ((out, 1), (err, 2)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
        os.sched_setaffinity(0, {processor})
        os.execve(command[0], command, environment)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    dump = hashlib.sha256("\n".join(sorted(sqlite3.connect(database).iterdump())).encode()).hexdigest()
    result = (status, open(out).read(), open(err).read(), dump)
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, result


run(False)  # whatever is slow the first time
wall, cpu, peak, wrong = [], [], [], 0
for pair in range(int(pairs)):
    # Turn about, so that a drift of the machine hits both alike.
    order = (False, True) if pair % 2 == 0 else (True, False)
    measured = {preloaded: run(preloaded) for preloaded in order}
    alone, preloaded = measured[False], measured[True]
    wall.append(preloaded[0] / alone[0])
    cpu.append(preloaded[1] / alone[1])
    peak.append(preloaded[2] - alone[2])
    left = glob.glob(os.path.join(work, "*.lw"))
    if alone[3] != preloaded[3] or left:
        wrong += 1
        print(f"pair {pair + 1}: alone {alone[3]}, preloaded {preloaded[3]}, left behind {left}")
    print(f"pair {pair + 1:2}: alone {alone[0]:.3f} s, preloaded {preloaded[0]:.3f} s, ratio {wall[-1]:.4f}; "
          f"processor time {alone[1]:.3f} s, {preloaded[1]:.3f} s, ratio {cpu[-1]:.4f}", flush=True)


def spread(values):
    if len(values) < 4:
        return f"from {min(values):.4f} to {max(values):.4f}"
    low, _, high = statistics.quantiles(values, n=4)
    return f"middle half {low:.4f} to {high:.4f}"


print(f"wall clock: median ratio {statistics.median(wall):.4f} ({spread(wall)})")
print(f"processor time: median ratio {statistics.median(cpu):.4f} ({spread(cpu)})")
print(f"peak resident memory: {statistics.median(peak):+.1f} MiB")
print("output, database, standard error, exit status: " + ("identical, no journal left" if not wrong else f"{wrong} pairs differ"))
sys.exit(1 if wrong else 0)
PYTHON
