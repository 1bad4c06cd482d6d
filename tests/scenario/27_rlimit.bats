#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Limits at which allocations fail and nobody is killed: they are told apart from those that kill.

load common

setup() { scenario_setup; cg_make rlimit 512M; }
teardown() { scenario_teardown; }

asks() { inside rlimit prlimit "$1" "$PYTHON" "$REPO/tests/scenario/programs/refuse.py" uncaught; }

@test "27 RLIMIT_AS: control ends by itself" {
    asks --as=400000000
    expect "exit status" 1 "$status"
    expect "OOM kills" 0 "$(cg_oom_kills rlimit)"
}

named() {
    with_shim keep=always
    asks "$1"
    expect "exit status" 1 "$status"
    judge "r.verdict.cause == 'allocation_refused'" "r.verdict.oom_kill == 'no'" "'$2' in r.verdict.sentence" \
        "'refuse.py:14 work' in r.verdict.sentence" \
        "any(level.kind == '$3' and not level.kills for level in r.limit.levels)" "r.limit.kind != '$3'"
}

@test "27 RLIMIT_AS: named, with the line that asked" { named --as=400000000 RLIMIT_AS rlimit_as; }
@test "27 RLIMIT_DATA: named, with the line that asked" { named --data=300000000 RLIMIT_DATA rlimit_data; }
