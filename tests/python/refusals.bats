#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Interpreters that are not read: native stacks, and one sentence that says why. None of them need be installed.

load ../support/same.bash

# refused SENTENCE VERSION FLAG…: a program that looks like such an interpreter
refused() {
    local sentence=$1 version=$2
    shift 2
    "${CC:-gcc}" -O1 -g -rdynamic "$@" -o python3.9 "$BATS_TEST_DIRNAME/fake.c"
    FAKE_VERSION=$version LD_PRELOAD=$SHIM LASTWORDS="dir=$WORK:keep=always:python=objects" ./python3.9 >out 2>err
    cat err
    [ "$(cat out)" = "done" ]
    [ ! -s err ]
    "$REPO/build/lastwords" report --json ./*.lw >report.json
    /usr/bin/python3 - "$sentence" <<'PY'
import json, sys
report = json.load(open("report.json"))
python = report["capabilities"]["python"]
print(python)
assert not python["available"] and sys.argv[1] in python["why"], sys.argv[1]
stacks = [[frame["function"] for frame in site["stack"]] for site in report["sites"] if site["committed_bytes"] or site["peak_resident_bytes"]]
print(stacks)
assert any("main" in stack for stack in stacks)
assert all(frame["kind"] != "python" for site in report["sites"] for frame in site["stack"])
PY
}

@test "refusals: free-threaded, by what it exports" {
    refused "free-threaded builds" "3.14.0 (main)" -DBUILD=_Py_MergeZeroLocalRefcount
}
@test "refusals: free-threaded, by what it says" {
    refused "free-threaded builds" "3.13.1 experimental free-threading build (main)"
}
@test "refusals: a debug build" { refused "debug builds" "3.12.1 (main)" -DBUILD=_Py_NegativeRefcount; }
@test "refusals: PyPy" { refused PyPy "" -DFAKE_PYPY -DBUILD=rpython_startup_code; }
@test "refusals: a version of the future" { refused "is not known" "3.15.0a1 (main)"; }
@test "refusals: a version of the past" { refused "is not known" "3.7.16 (default)"; }
@test "refusals: structures that are not as expected" {
    local minor
    for minor in 8 9 10 11 12 13 14; do
        rm -f ./*.lw
        refused "not as expected" "3.$minor.0 (main)"
    done
}

# says NAME SENTENCE: doctor, of a command of that name
says() {
    mkdir -p bin
    cp /bin/true "bin/$1"
    run "$REPO/build/lastwords" doctor -- "$WORK/bin/$1"
    echo "$output"
    [[ "$output" = *"$2"* ]]
}

@test "refusals: doctor says it beforehand" {
    says python3.11 "CPython 3.11: its frames are read"
    says python3.14 "CPython 3.14: its frames are read"
    says python3.13t "free-threaded"
    says python3.12d "debug build"
    says python3.15 "is not known"
    says python3.7 "is not known"
    says pypy3 "PyPy"
}
