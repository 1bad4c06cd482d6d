#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each process of size has a journal of its own, with its parent's pid and with what it got itself: a forked child does
# not answer for what it was born with, and the parent not for its child.

load ../support/same.bash

# family WAY: the program `family`, parent 50 MiB, child 60 MiB
family() {
    run_as it keep=always:sample=16K "$DOORS/family" "$1"
    cat it.out it.err
    [ "$(cat it.status)" = 0 ]
    read -r parent child <it.out
    # What the parent had before the activation size was passed (32 MiB) is older than its records.
    python3 "$REPO/tests/doors/family.py" "$REPO/build/lastwords" "$WORK" "$parent:${2:-19}" "$child:${3:-29}"
}

@test "family: fork" { family fork; }
@test "family: _Fork, which no handler sees" { family _Fork; }
@test "family: clone, which no handler sees" { family clone; }
@test "family: vfork and exec" { family vfork; }
@test "family: posix_spawn" { family spawn; }

multiprocessing() {
    cat >"$WORK/family.py" <<'PY'
import multiprocessing, os, sys, time

def grow(n):
    kept = [bytearray(1 << 20) for _ in range(60)]
    time.sleep(1.3)
    return os.getpid()

if __name__ == "__main__":
    kept = [bytearray(1 << 20) for _ in range(50)]
    time.sleep(0.3)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        children = pool.map(grow, range(2), 1)
        pool.close()
        pool.join()
    print(os.getpid(), *sorted(set(children)))
PY
    run_as it keep=always /usr/bin/python3 family.py "$1"
    cat it.out it.err
    [ "$(cat it.status)" = 0 ]
    python3 - "$REPO/build/lastwords" it.out <<'PY'
import glob, json, subprocess, sys
pids = [int(pid) for pid in open(sys.argv[2]).read().split()]
reports = [json.loads(subprocess.run([sys.argv[1], "report", "--json", path], capture_output=True, check=True).stdout)
           for path in glob.glob("*.lw")]
found = {report["process"]["pid"]: report for report in reports}
assert len(found) == len(reports), "two journals of one process"
for pid in pids:
    assert pid in found, f"no journal of {pid}"
for pid in pids[1:]:
    lines = [line for line in found[pid]["lines"] if line["function"] == "grow"]
    peak = found[pid]["memory"]["peak_rss_bytes"]
    print(pid, found[pid]["process"]["ppid"], lines[:1], peak)
    assert lines or any("grow" in str(site["stack"]) for site in found[pid]["sites"]), f"no line of {pid}"
PY
}
@test "family: multiprocessing by fork" { multiprocessing fork; }
@test "family: multiprocessing by spawn" { multiprocessing spawn; }
@test "family: multiprocessing by forkserver" { multiprocessing forkserver; }
