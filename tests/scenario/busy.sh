#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Scenario 21 again and again: memory runs out while other threads are inside dlopen, malloc, fork, exit.
#
# usage: busy.sh [N [KIND…]]        (10 runs a kind and action; kinds as of tests/scenario/programs/busy.c)
#
# The exit status is 1 when an abort run did not end controlled, a report run was not killed by the kernel, a report is
# incomplete, or a run took longer than its time (`hung`: it had to be ended from outside).
set -eu
# shellcheck source=tests/scenario/common.bash
. "$(cd "$(dirname "$0")" && pwd)/common.bash"

runs=${1:-10}
[ $# -eq 0 ] || shift
kinds=("$@")
[ "${#kinds[@]}" -gt 0 ] || kinds=(dlopen churn fork thread exit all)
cg_available || { echo "busy: $CG_WHY" >&2; exit 1; }
base=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-busy.XXXXXX")
trap 'cg_remove_all; rm -rf "$base"' EXIT
trap 'exit 130' INT TERM
unset LASTWORDS LD_PRELOAD
CG_TIMEOUT=15
wrong=0

printf '%-8s %-7s %5s %8s %8s %8s %8s %9s %9s\n' kind action runs right complete killed hung "median ms" "worst ms"
for kind in "${kinds[@]}"; do
    for action in abort report; do
        right=0 complete=0 kills=0 hung=0
        : >"$base/times"
        for run in $(seq "$runs"); do
            WORK=$base/$kind.$action.$run
            mkdir "$WORK"
            cg_make busy 128M
            with_shim "action=$action:activate=8M"
            inside busy "$PROGRAMS/busy" "$kind" >"$WORK/said"
            found=0
            for journal in $(journals); do
                ! "$LASTWORDS_COMMAND" report --json "$journal" 2>/dev/null | grep -q '"kind": "complete"' || found=1
            done
            [ "$found" -eq 0 ] || complete=$((complete + 1))
            killed=$(cg_oom_kills busy)
            [ "$killed" -eq 0 ] || kills=$((kills + 1))
            case $action.$status in
                abort.134 | report.137) right=$((right + 1)) ;;
                *) echo "busy: $kind $action run $run: exit status $status, $killed kills" >&2 ;;
            esac
            [ "$status" -ne 124 ] || hung=$((hung + 1))
            echo "$elapsed_ms" >>"$base/times"
            cg_remove busy
            rm -rf "$WORK"
        done
        [ "$right" -eq "$runs" ] && [ "$complete" -eq "$runs" ] && [ "$hung" -eq 0 ] || wrong=1
        sort -n "$base/times" >"$base/sorted"
        printf '%-8s %-7s %5s %8s %8s %8s %8s %9s %9s\n' "$kind" "$action" "$runs" "$right" "$complete" "$kills" "$hung" \
            "$(sed -n "$(((runs + 1) / 2))p" "$base/sorted")" "$(tail -n 1 "$base/sorted")"
    done
done
exit $wrong
