#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Python stacks, held against what the interpreter says of itself: Debian's python3 always, and every other CPython
# from 3.8 on that pyenv keeps here. How many there were is printed.

load ../support/same.bash

witness() { echo "$REPO/build/tests/python/witness.so"; }

interpreters() {
    echo /usr/bin/python3
    local found
    for found in ~/.pyenv/versions/3.{8,9,10,11,12,13,14}.*/bin/python3; do
        [ ! -x "$found" ] || echo "$found"
    done
}

# each SCRIPT ARGUMENT…: with every interpreter; one line each
each() {
    local interpreter script=$1 wrong=0 n=0
    shift
    for interpreter in $(interpreters); do
        n=$((n + 1))
        # The library's thread-local storage has its place at the start of a program; here it comes later, as a plugin.
        GLIBC_TUNABLES=glibc.rtld.optional_static_tls=8192 timeout -s KILL 200 "$interpreter" -W ignore "$BATS_TEST_DIRNAME/$script" "$(witness)" "$@" >out 2>&1 || {
            echo "$interpreter: status $?"
            wrong=1
        }
        cat out
        sed "s/^/# /" out >&3
    done
    echo "# $script: $n versions" >&3
    return $wrong
}

@test "python: 3,000 comparisons a version with the interpreter's own frames" { each compare.py; }

@test "python: walks out of interrupts that land anywhere" { each storm.py "${STORM_SECONDS:-3}" 10000; }
