#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 2: a slow leak of small blocks, one site among several that churn.

load common

setup() { scenario_setup; cg_make leak 128M; }
teardown() { scenario_teardown; }

@test "2 leak in C: control is killed" {
    inside leak "$PROGRAMS/leak" 40
    killed leak
}

@test "2 leak in C: control below the limit lives and leaves nothing with the shim" {
    with_shim action=abort:activate=8M
    inside leak "$PROGRAMS/leak" 40 64
    lived leak
    no_journal
}

# malloc rounds a block of 112 bytes up to 128: an eighth of the memory is nobody's.
@test "2 leak in C: abort names the site that never gives back" {
    with_shim action=abort:activate=8M
    inside leak "$PROGRAMS/leak" 40
    stopped leak
    judge "line(0).endswith(':remember')" \
        "r.verdict.cause == 'site_growth'" \
        "r.limit.headroom_bytes <= 0.05 * r.limit.bytes" \
        "r.lines[0].resident_bytes >= 0.75 * r.memory.anon_bytes" \
        "r.memory.explained_bytes >= 0.85 * r.memory.anon_bytes" \
        "r.lines[0].growth_bytes_per_s > 10 * MIB" \
        "event('complete') is not None" \
        "r.timeline[-1].t_ms >= reached('margin')"
}

@test "2 leak in C: report is complete before the kill" {
    with_shim action=report:activate=8M
    inside leak "$PROGRAMS/leak" 40
    killed leak
    judge "line(0).endswith(':remember')" "r.verdict.cause == 'site_growth'" "event('complete') is not None" \
        "r.verdict.oom_kill in ('confirmed', 'likely')" \
        "any(reached('margin') <= tick.t_ms <= event('complete') for tick in r.timeline)" \
        "all(a.t_ms <= b.t_ms for a, b in zip(r.timeline, r.timeline[1:]))"
}

@test "2 leak in Python: control is killed" {
    "$PYTHON" -c pass
    inside leak "$PYTHON" "$REPO/tests/scenario/programs/leak.py" 40
    killed leak
}

@test "2 leak in Python: abort names the line" {
    with_shim action=abort:activate=8M
    inside leak "$PYTHON" "$REPO/tests/scenario/programs/leak.py" 40
    stopped leak
    judge "line(0) == 'leak.py:remember'" "r.verdict.cause == 'site_growth'" \
        "r.memory.explained_bytes >= 0.90 * r.memory.anon_bytes" "event('complete') is not None"
}
