#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 1: a pandas ETL (read_csv, merge, groupby, to_sql) under a limit below its peak.

load common

setup_file() { etl_data; }
teardown_file() { rm -rf "$ETL_DATA"; }
setup() { scenario_setup; etl_warm; cg_make etl "$ETL_LIMIT"; }
teardown() { scenario_teardown; }

# What every complete report about this job has to say.
told_the_truth() {
    judge "line(0) in ('transform.py:load', 'transform.py:enrich')" \
        "r.lines[0].resident_bytes > 0.3 * r.memory.anon_bytes" \
        "r.verdict.cause in ('site_growth', 'site_spike')" \
        "r.memory.explained_bytes >= 0.90 * r.memory.anon_bytes" \
        "r.limit.bytes == 300 * MIB" \
        "r.limit.kind == 'cgroup_$CG_KIND'" \
        "event('complete') is not None" \
        "len(r.threads) >= 1 and all(thread.stack for thread in r.threads)" \
        "any(frame.kind == 'python' and 'transform.py' in frame.file for frame in r.threads[0].stack)" \
        "any('orders.csv' in advice.text or 'read_csv' in advice.text for advice in r.advice)"
}

@test "1 ETL: control without a limit ends well" {
    run $(etl)
    expect "exit status" 0 "$status"
    expect "stdout" "1000000 orders, 49658 returned, 125294762255 cents" "$output"
}

@test "1 ETL: control under the limit is killed" {
    inside etl $(etl)
    killed etl
}

@test "1 ETL: abort stops it within 3 % of the limit, with a complete report" {
    with_shim action=abort
    inside etl $(etl)
    stopped etl
    told_the_truth
    judge "r.limit.headroom_bytes <= 0.03 * r.limit.bytes" "r.verdict.oom_kill == 'no'" "event('action') is not None"
}

@test "1 ETL: report leaves the kill to the kernel and is complete before it" {
    with_shim action=report
    inside etl $(etl)
    killed etl
    told_the_truth
    judge "reached('margin') <= event('complete')" "r.verdict.oom_kill in ('confirmed', 'likely')"
}

@test "1 ETL: run --limit prints the post-mortem and passes the exit status on" {
    cd "$WORK"
    run "$LASTWORDS_COMMAND" run --limit=300M --action=abort --dir="$WORK" -- $(etl)
    echo "$output"
    expect "exit status" 134 "$status"
    [[ $output == *"transform.py:"* ]]
    [[ $output == *"300 MiB"* ]]
    told_the_truth
    judge "r.process.exit.signal == 6" "r.verdict.oom_kill == 'no'"
}

@test "1 ETL: run --limit without an action sees the kernel's kill" {
    cd "$WORK"
    run "$LASTWORDS_COMMAND" run --limit=300M --dir="$WORK" -- $(etl)
    echo "$output"
    expect "exit status" 137 "$status"
    [[ $output == *"transform.py:"* ]]
    told_the_truth
    judge "r.process.exit.signal == 9" "r.verdict.oom_kill == 'confirmed'"
}

@test "1 ETL: the chunked version fits, and leaves nothing" {
    with_shim action=abort
    inside etl "$PYTHON" "$REPO/examples/etl/transform_chunked.py" "$ETL_DATA/orders.csv" "$WORK/out.db"
    lived etl
    expect "stdout" "1000000 orders, 49658 returned, 125294762255 cents" "$output"
    expect "stderr" "" "$(cat "$WORK/stderr")"
    no_journal
}
