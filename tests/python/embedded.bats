#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Interpreters in other places than usual: inside a program, in a virtual environment, with switches of their own.

load ../support/same.bash
load interpreters.bash

# shows_line COMMAND…: runs it with hoard.py; the line that it names is the one that the report names
shows_line() {
    rm -f ./*.lw
    env LD_PRELOAD="$SHIM" LASTWORDS="dir=$WORK:keep=always:sample=64K" \
        "$@" "$BATS_TEST_DIRNAME/hoard.py" >said 2>err || true
    "$REPO/build/lastwords" report --json ./*.lw >report.json
    /usr/bin/python3 - <<'PY'
import json
report = json.load(open("report.json"))
line, function, path = open("said").read().split()
assert report["capabilities"]["python"]["available"], report["capabilities"]["python"]
frames = [frame for site in report["sites"] for frame in site["stack"]
          if site["committed_bytes"] >= 40 << 20 and frame["kind"] == "python"]
print(frames)
assert any(frame["function"] == function and frame["file"] == path and frame["line"] == int(line) for frame in frames)
PY
}

@test "embedded: loaded by a program, its symbols for nobody else" {
    local library n=0
    "${CC:-gcc}" -O1 -g -o embed "$BATS_TEST_DIRNAME/embed.c" -ldl
    for library in /usr/lib/*-linux-gnu/libpython3.{8,9,1[0-4]}.so.1.0 ~/.pyenv/versions/3.{8,9,1[0-4]}.*/lib/libpython3.*.so.1.0; do
        [ -e "$library" ] || continue
        n=$((n + 1))
        echo "$library"
        shows_line ./embed "$library"
    done
    [ "$n" -gt 0 ] || skip "no libpython3 is installed"
    echo "# embedded: $n libraries" >&3
}

@test "embedded: a virtual environment of each version" {
    local python
    for python in $(interpreters); do
        echo "$python"
        rm -rf room
        "$python" -m venv --without-pip --symlinks room 2>err || { echo "# no virtual environment of $python here" >&3; continue; }
        shows_line room/bin/python
    done
}

@test "embedded: switches that change how an interpreter runs" {
    local python
    for python in $(interpreters | sed -n '1p; 1!{$p}'); do # Debian's, and the newest that is here
        echo "$python"
        shows_line "$python" -X importtime -X faulthandler
        shows_line "$python" -X dev -X tracemalloc -W ignore
        shows_line "$python" -I -S -E -OO
    done
}
