#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 13: a pool of four workers, one of them grows. Everybody agrees on which one.

load common

setup() { scenario_setup; cg_make pool 160M; CG_TIMEOUT=30; }
teardown() { scenario_teardown; }

POOL="4 20 2 60"

# GROWER is its pid; the others end well. While the grower's memory is still coming free the kernel now and then takes
# another one too, on a busy machine: that is its own choice, with and without us.
one_died() {
    local taken=$(($(cg_oom_kills pool) > 1 ? $(cg_oom_kills pool) - 1 : 0))
    GROWER=$(awk '$1 == "grower" {print $2}' "$WORK/stdout")
    expect "exit status" 1 "$status"
    expect "how the grower ended" "worker $GROWER: signal $1" "$(grep "worker $GROWER" "$WORK/stdout")"
    expect "workers that ended well" $((3 - taken)) "$(grep -c 'signal 0' "$WORK/stdout")"
}

# Journals of those that were taken besides are out of the way.
survivors_only() {
    local pid
    for pid in $(awk -v grower="$GROWER" '/signal [1-9]/ && $2 != grower ":" {print $2 + 0}' "$WORK/stdout"); do
        rm -f "$WORK"/*."$pid".*.lw
    done
}

grower_journal() { journals | grep "\.$GROWER\."; }

@test "13 one worker of four grows: control, the OOM killer takes it" {
    inside pool "$PROGRAMS/pool" $POOL
    one_died 9
}

@test "13 one worker of four grows: report, the survivors say which one" {
    with_shim action=report:activate=8M
    inside pool "$PROGRAMS/pool" $POOL
    one_died 9
    expect "journals" 4 "$(journals | wc -l)"
    survivors_only
    judge_all "r.process.pid == $GROWER" "r.verdict.cause in ('site_growth', 'site_spike')" \
        "line(0).endswith(':grow') or line(0).endswith(':hold')" "r.verdict.oom_kill in ('confirmed', 'likely')"
    mkdir "$WORK/grower"
    mv "$(grower_journal)" "$WORK/grower"
    judge_each "r.verdict.cause == 'sibling'" "'pool, pid $GROWER, ' in r.verdict.sentence" \
        "'was taken by the OOM killer' in r.verdict.sentence" "r.verdict.oom_kill == 'no'" \
        "event('complete') is not None" "r.process.exit.code == 0"
}

@test "13 one worker of four grows: abort ends that one alone" {
    with_shim action=abort:activate=8M
    inside pool "$PROGRAMS/pool" $POOL
    one_died 6
    expect "OOM kills" 0 "$(cg_oom_kills pool)"
    judge_all "r.process.pid == $GROWER" "event('action') is not None" "event('complete') is not None" \
        "r.limit.headroom_bytes <= 0.05 * r.limit.bytes"
}

@test "13 one worker of four grows: under run, the post-mortem is about that one" {
    cd "$WORK"
    run "$LASTWORDS_COMMAND" run --limit=160M --activate=8M --dir="$WORK" -- "$PROGRAMS/pool" $POOL
    echo "$output"
    expect "exit status" 1 "$status"
    GROWER=$(awk '$1 == "grower" {print $2}' <<<"$output")
    [[ $output == *"(pid $GROWER) was OOM-killed"* ]]
}
