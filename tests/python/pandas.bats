#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Parts of pandas' own tests, as Debian ships them, with everything sampled: the same results as without.
# PANDAS_TESTS="reshape groupby/test_groupby.py …" runs others.

load ../support/same.bash

HOME_OF_TESTS=/usr/lib/python3/dist-packages/pandas/tests

@test "pandas: its own tests have the same results" {
    [ -d "$HOME_OF_TESTS" ] || skip "python3-pandas comes without its tests here"
    local part files=() setting
    for part in ${PANDAS_TESTS:-reshape/merge/test_merge_ordered.py groupby/test_size.py io/parser/common/test_chunksize.py}; do
        files+=("$HOME_OF_TESTS/$part")
    done
    judge() { sed -E 's/ in [0-9.]+s.*//' "$1" | grep -aE '^(FAILED|ERROR)|passed|failed'; }
    tests=(/usr/bin/python3 -B -m pytest -q -p no:cacheprovider -W ignore --rootdir "$WORK" "${files[@]}")
    PATIENCE=3000 run_as alone - "${tests[@]}"
    for setting in python=auto python=objects; do
        PATIENCE=3000 run_as "working" "activate=1:sample=4K:$setting" "${tests[@]}"
        diff <(judge alone.out) <(judge working.out)
        diff alone.status working.status
    done
    sed 's/^/# /' <(judge alone.out) | tail -n 1 >&3
    grep -q passed alone.out || { cat alone.out alone.err; false; }
}
