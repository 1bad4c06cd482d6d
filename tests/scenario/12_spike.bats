#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 12: a transient peak to 97 % of the limit, then freed.

load common

setup() {
    scenario_setup
    cg_make spike 256M
    SPIKE="$PROGRAMS/spike $(cg_usage_file spike) $(((256 << 20) / 100 * 97)) 1000"
}
teardown() { scenario_teardown; }

was_high() {
    [ "$(cg_peak spike)" = unknown ] || [ "$(cg_peak spike)" -ge $(((256 << 20) / 100 * 96)) ] ||
        { echo "the peak was only $(cg_peak spike)"; return 1; }
}

@test "12 peak of 97 %: control lives" {
    inside spike $SPIKE
    lived spike
    was_high
}

@test "12 peak of 97 %: not aborted, the peak is recorded" {
    with_shim action=abort:keep=always
    inside spike $SPIKE
    lived spike
    was_high
    expect "stdout" "spike: done" "$output"
    judge "r.verdict.cause == 'none'" "event('action') is None" \
        "r.memory.peak_rss_bytes > 0.90 * 256 * MIB" \
        "site_of('peak_memory').peak_resident_bytes > 0.88 * 256 * MIB" \
        "min(tick.headroom_bytes for tick in r.timeline) < 0.05 * 256 * MIB" \
        "r.timeline[-1].headroom_bytes > 0.5 * 256 * MIB"
}
