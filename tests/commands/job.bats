#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A pool of forked workers, as one job: each process in a line, nothing counted twice.

load common

setup() {
    commands_setup
    mkdir jobs
    cat >pool.py <<'PY'
import os, time

def hold(n):
    return [bytearray(1 << 20) for _ in range(n)]

before = hold(120)
children = []
for number in range(2):
    pid = os.fork()
    if pid == 0:
        mine = hold(60 + 20 * number)
        time.sleep(3)
        os.kill(os.getpid(), 9)
    children.append(pid)
for pid in children:
    os.waitpid(pid, 0)
time.sleep(1)
os.kill(os.getpid(), 9)
PY
    LD_PRELOAD=$SHIM LASTWORDS="dir=$WORK/jobs:keep=always:activate=8M" $PYTHON pool.py >/dev/null 2>&1 3>&- || true
}
teardown() { commands_teardown; }

@test "job: a directory is one job, and what was inherited is not counted again" {
    ls -l jobs
    "$COMMAND" report --json jobs >out
    $PYTHON - "$REPO/report/voices/report.schema.json" out <<'PY'
import json, sys, jsonschema
schema, report = (json.load(open(path)) for path in sys.argv[1:])
jsonschema.validate(report, schema)
job, MIB = report["job"], 1 << 20
processes = {p["pid"]: p for p in job["processes"]}
for p in job["processes"]:
    print({key: value // MIB if key.endswith("bytes") else value for key, value in p.items()})
print({key: value // MIB for key, value in job["total"].items()})
assert len(processes) == 3
children = [p for p in job["processes"] if p["ppid"] in processes]
assert len(children) == 2
for child, wanted in zip(sorted(children, key=lambda p: p["own_bytes"]), (60, 80)):
    assert wanted - 8 <= child["own_bytes"] / MIB <= wanted + 12, "own"
    assert child["resident_bytes"] / MIB > wanted + 120, "resident holds what was inherited"
    assert child["inherited_bytes"] / MIB > 90
for line in job["lines"][:3]:
    print(line)
line = job["lines"][0]
assert line["processes"] == 3
assert 240 <= line["resident_bytes"] / MIB <= 265 # each child has forgotten 8: it began to record then
total = job["total"]
assert total["resident_bytes"] == total["own_bytes"] + total["shared_bytes"] + total["file_bytes"]
PY
}

@test "job: every process has a line with pid, peak, end and cause, and the total follows" {
    "$COMMAND" report jobs >out
    cat out
    [ "$(grep -cE '^ +[0-9.]+ MiB +[0-9.]+ MiB .*pool.py \(pid [0-9]+\) .*: [a-z_]+$' out)" -eq 3 ]
    grep -qE '^  together   .* in [0-9] process' out
    "$COMMAND" report jobs/*.lw | cmp - <("$COMMAND" report jobs)
}

@test "job: the formats of viewers keep the processes apart" {
    "$COMMAND" report --folded jobs >out
    [ "$(cut -d ';' -f 1 out | grep -cE '^python3(\.[0-9]+)? \(pid [0-9]+\)')" -eq "$(wc -l <out)" ]
    [ "$(cut -d ';' -f 1 out | sort -u | wc -l)" -eq 3 ]
    "$COMMAND" report --pprof -o job.pb.gz jobs
    [ "$(go tool pprof -tags job.pb.gz 2>/dev/null | grep -cE '^ +[0-9.]+.B .*: ')" -ge 1 ]
    "$COMMAND" report --prometheus jobs >out
    [ "$(grep -c '^lastwords_resident_bytes{' out)" -eq 3 ]
    [ "$(grep -c '^# TYPE lastwords_resident_bytes ' out)" -eq 1 ]
}

@test "job: the time of the files does not matter, they are mapped" {
    touch -d "2 hours ago" jobs/*.lw
    "$COMMAND" report --json jobs | $PYTHON -c 'import json, sys; assert len(json.load(sys.stdin)["job"]["processes"]) == 3'
}

@test "job: of two the one that ended last, whatever the time of the files" {
    mkdir two
    for number in 1 2; do
        LD_PRELOAD=$SHIM LASTWORDS="dir=$WORK/two:keep=always:activate=8M" \
            $PYTHON -c 'import os; held = bytearray(20 << 20); os.kill(os.getpid(), 9)' 3>&- || true
        ls two/*.lw >now.$number
    done
    later=$(comm -13 now.1 now.2)
    [ -n "$later" ]
    touch -d "2 hours ago" "$later"
    "$COMMAND" report --json two | $PYTHON -c 'import json, sys; r = json.load(sys.stdin); print(r["process"]["pid"])' >pid
    [[ $later == *".$(cat pid)."* ]]
}
