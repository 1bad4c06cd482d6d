#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Scenario 3 as a table: the fastest fill, by limit, size of pages and threads, N runs each (20).
#
# usage: fill_table.sh [N [OPTIONS]]       OPTIONS: further settings of the library, e.g. touch=off
#
#   LIMITS     MiB, "256 2048" unless told
#   THROUGH    a command that runs it, e.g. "setpriv --bounding-set -sys_nice"
set -u
cd "$(dirname "$0")/../.."
# shellcheck source=tests/scenario/common.bash
. tests/scenario/common.bash
N=${1:-20}
OPTIONS=${2:+:$2}
cg_available || { echo "$CG_WHY" >&2; exit 1; }
trap cg_remove_all EXIT

headroom_of_limit() {
    "$LASTWORDS_COMMAND" report --json --no-symbols "$1" |
        "$PYTHON" -c 'import json, sys; l = json.load(sys.stdin)["limit"]; print(100 * l["headroom_bytes"] / l["bytes"])'
}

# row LIMIT_MIB THREADS [huge]
row() {
    local run stopped=0 shares=()
    for run in $(seq "$N"); do
        WORK=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-fill.XXXXXX")
        cg_make fill "$1M"
        with_shim "action=abort:verbose=0$OPTIONS"
        cg_run fill ${THROUGH:-} "$PROGRAMS/fill" "$2" $((4 * $1)) ${3:-} >/dev/null 2>&1
        if [ $? = 134 ] && [ "$(cg_oom_kills fill)" = 0 ]; then
            stopped=$((stopped + 1))
            shares+=("$(headroom_of_limit "$(journals)")")
        fi
        cg_remove fill
        rm -rf "$WORK"
    done
    printf '| %s MiB | %s | %s | %s of %s | %s |\n' "$1" "${3:-4 KiB}" "$2" "$stopped" "$N" \
        "$(printf '%s\n' "${shares[@]:-0}" | sort -g | awk '{v[NR] = $1} END {printf "%.2f %% (%.2f %%)", v[int((NR + 1) / 2)], v[NR]}')"
}

echo "| limit | pages | threads | stopped before the kill | headroom, median (most) |"
echo "|---|---|---|---|---|"
for limit in ${LIMITS:-256 2048}; do
    for pages in "" huge; do
        for threads in 1 8 32 128; do
            row $limit $threads $pages
        done
    done
done
