#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scenario 25: the ETL from a cold page cache. The interpreter's libraries are charged to the cgroup, as in any
# container, and near the limit the kernel takes them away again and again: the job crawls before it dies.

load common

setup_file() { etl_data; }
teardown_file() { rm -rf "$ETL_DATA"; }
setup() {
    scenario_setup
    CG_TIMEOUT=420 # left alone it crawls for minutes now and then
    cg_make cold "$ETL_LIMIT"
    [ -w /proc/sys/vm/drop_caches ] || skip "the page cache of this machine cannot be dropped (root is needed)"
    cache_drop_all
}
teardown() { scenario_teardown; }

@test "25 cold ETL: control is killed at last" {
    inside cold $(etl)
    killed cold
}

@test "25 cold ETL: abort comes before the crawl, with a complete report" {
    with_shim action=abort
    inside cold $(etl)
    stopped cold
    judge "line(0) in ('transform.py:load', 'transform.py:enrich')" \
        "event('complete') is not None" \
        "event('action') is not None" \
        "event('action') - reached('margin') <= 1000" \
        "r.memory.explained_bytes >= 0.90 * r.memory.anon_bytes"
}

@test "25 cold ETL: report is complete before the kill" {
    with_shim action=report
    inside cold $(etl)
    killed cold
    judge "line(0) in ('transform.py:load', 'transform.py:enrich')" "event('complete') is not None"
}
