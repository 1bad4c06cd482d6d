#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# python=objects: small objects are charged to the line that made them, and nobody notices.

load ../support/same.bash
load interpreters.bash

WORKING=action=abort:activate=1:sample=4K:python=objects

# truth INTERPRETER [ARGUMENT]: objects.py there; its report against what it says
truth() {
    rm -f ./*.lw
    env LD_PRELOAD="$SHIM" LASTWORDS="dir=$WORK:python=objects:sample=16K" "${ENVIRONMENT[@]}" \
        "$1" "$BATS_TEST_DIRNAME/objects.py" "${@:2}" >truth.out 2>truth.err || true
    "$REPO/build/lastwords" report --json ./*.lw >report.json
    /usr/bin/python3 "$BATS_TEST_DIRNAME/judge_objects.py" report.json truth.out ${JUDGE:-}
}

@test "objects: 300,000 dicts and 300,000 tuples, each at the line that made them, nothing twice" {
    local python n=0
    for python in $(interpreters); do
        n=$((n + 1))
        echo "$python"
        truth "$python"
    done
    echo "# objects: $n versions" >&3
}

@test "objects: given back, nothing is left of them" { JUDGE=freed truth /usr/bin/python3 free; }

@test "objects: the same under tracemalloc" { ENVIRONMENT=(PYTHONTRACEMALLOC=1) && JUDGE=traced truth /usr/bin/python3; }

@test "objects: where objects come out of malloc they are seen there, once" {
    rm -f ./*.lw
    env LD_PRELOAD="$SHIM" LASTWORDS="dir=$WORK:python=objects:sample=16K" PYTHONMALLOC=malloc \
        /usr/bin/python3 "$BATS_TEST_DIRNAME/objects.py" >truth.out 2>truth.err || true
    "$REPO/build/lastwords" report --json ./*.lw >report.json
    run /usr/bin/python3 "$BATS_TEST_DIRNAME/judge_objects.py" report.json truth.out
    echo "$output"
    [[ "$output" = "not available: "*PYTHONMALLOC* ]]
    [ "${#lines[@]}" -eq 1 ]
}

lives() {
    local python
    for python in $(interpreters | sed -n '1p; 1!{$p}'); do # Debian's, and the newest that is here
        echo "$python"
        same env "${ENVIRONMENT[@]}" "$python" -W ignore "$BATS_TEST_DIRNAME/lives.py" "$1"
    done
}

@test "objects: fork in the middle of it" { lives fork; }
@test "objects: threads" { lives threads; }
@test "objects: subinterpreters, some with a lock of their own" { lives sub; }
@test "objects: tracemalloc comes and goes" { lives tracemalloc; }
@test "objects: an interpreter that ends under its threads" { lives finalise; }
@test "objects: guard bytes around each block" { ENVIRONMENT=(PYTHONMALLOC=debug) && lives threads; }
@test "objects: development mode" { ENVIRONMENT=(PYTHONDEVMODE=1) && lives tracemalloc; }
@test "objects: the objects of malloc" { ENVIRONMENT=(PYTHONMALLOC=malloc) && lives threads; }
