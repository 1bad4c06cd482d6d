# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the tables of scenarios share, on the machine itself (table.sh) and in the guest (../guest/rows.sh). To be sourced.
#
#   table_begin [N [PATTERN]]     N runs of each with action=abort and N with action=report, 10 unless told; only the rows
#                                 whose name matches
#   row NAME KIND CAUSES [SETTING=VALUE…] -- COMMAND…
#                                 each prints a line of the table when its runs are done
#                                 (TABLE_KEEP=1: journals and output are kept, below $TMPDIR)
#   table_end                     false when a kill was missed, a run was ended wrongly, a cause is wrong
#
# KIND says what has to come of it:
#   dies        the kernel would kill it: with abort it ends itself before, with report its report is complete before
#   lives       nothing happens to it
#   spared      the kernel kills another one; it lives, and its report names that one
#   ends        with the exit status `ending`, and nobody is killed
#   outside     killed from outside, without any doing of the memory
#   unwatched   killed by the kernel, and the library has said that it does not watch
#   together    all are killed at once, and every journal is complete
# CAUSES: verdicts that are right, with commas; "-": there is no report. SETTINGs:
#   limit=128M options=KEY=VALUE[:…] swap=SIZE modes="abort report" ending=STATUS
#   truth=EXPRESSION of judge.py that has to be true besides      how=FUNCTION that runs it, run_plain unless told
#
# A `how` gets the command, runs it in the group $group and leaves $status; it may leave $kills (those that count, of the
# group $group unless told) and a text in $wrong.

# shellcheck source=tests/scenario/common.bash
. "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/common.bash"

table_begin() {
    runs=${1:-10}
    pattern=${2:-}
    base=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-table.XXXXXX")
    chmod 711 "$base" # some do not run as root, and the tree may lie where only root can read
    cp "$SHIM" "$PROGRAMS/narrow" "$base"
    WORK=$base
    SWAP=
    number=0
    trap table_clean_up EXIT
    trap 'exit 130' INT TERM
    cg_available || { echo "table: $CG_WHY" >&2; exit 1; }
    echo "| scenario | kernel | runs | missed | false | cause right | headroom at the action, median (worst) | lead time, median (shortest) |"
    echo "|---|---|---|---|---|---|---|---|"
    bad=0
}

table_clean_up() {
    cg_remove_all
    swap_off
    [ -n "${TABLE_KEEP:-}" ] || rm -rf "$base" "${ETL_DATA:-$base}"
}

# True when a row is wanted: for what several of them need.
wanted() { [[ $1 =~ $pattern ]]; }

run_plain() { inside "$group" "$@"; }

one() {
    local mode=$1 group kills='' wrong='' ended_ms
    shift
    number=$((number + 1))
    group=$number
    WORK=$base/$number
    mkdir -m 777 "$WORK"
    rm -f "$base/out.db" "$base/cleaned"
    cg_make "$group" "$limit"
    [ -z "$swap" ] || cg_swap "$group" "$swap"
    with_shim "action=$mode:keep=always${options:+:$options}"
    status=0
    "$how" "$@" >"$WORK/said" 2>&1 || wrong="the scenario could not be run"
    ended_ms=$(date +%s%3N)
    : "${kills:=$(cg_oom_kills "$group")}"
    # Of several processes the one that has most to tell comes first.
    "$LASTWORDS_COMMAND" report --json "$WORK" >"$WORK/report.json" 2>/dev/null || true
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$mode" "$status" "$kills" "$WORK/report.json" "$ended_ms" "$wrong" >>"$base/runs"
    without_shim
    cg_remove "$group"
    [ -n "${TABLE_KEEP:-}" ] || find "$WORK" -mindepth 1 ! -name report.json ! -name said -delete
}

row() {
    local name=$1 kind=$2 causes=$3 run mode
    local limit=128M options='' swap='' modes='' ending=0 truth=True how=run_plain
    shift 3
    while [ "$1" != -- ]; do
        local "${1%%=*}=${1#*=}"
        shift
    done
    shift
    wanted "$name" || return 0
    case $kind in
        dies) : "${modes:=abort report}" ;;
        outside | unwatched | lives | spared) : "${modes:=abort}" ;;
        together) : "${modes:=report}" ;;
    esac
    printf '%s\t%s\t%s\t%s\t%s\n' "$name" "$kind" "$causes" "$ending" "$truth" >"$base/row"
    : >"$base/runs"
    for run in $(seq "$runs"); do
        for mode in $modes; do
            one "$mode" "$@"
        done
    done
    "$PYTHON" "$REPO/tests/scenario/table.py" "$base" "$(kernel_version) $CG_KIND" || bad=1
}

table_end() { return $bad; }

# ---- ways to run ----

# Page cache of the machine dropped, so that what it reads and runs is charged to it.
run_cold() {
    cache_drop_all
    inside "$group" "$@"
}

# Its input is read for the first time.
run_stream() {
    cache_drop "$STREAM"
    inside "$group" "$@"
}

# spike is told which file says how much is charged: 97 % of the limit, for so many milliseconds.
run_spike() {
    inside "$group" "$PROGRAMS/spike" "$(cg_usage_file "$group")" $(($(cg_bytes "$limit") / 100 * 97)) "$1"
}

# beside_first OWN_COMMAND… -- OTHER_COMMAND…: starts the own one in $group and leaves the other in ${other_command[@]}.
beside_first() {
    local own=()
    while [ "$1" != -- ]; do
        own+=("$1")
        shift
    done
    other_command=("${@:2}")
    beside "$group" "${own[@]}" || { wrong="it never began"; return 1; }
}

# beside_other OTHER_GROUP OWN_COMMAND… -- OTHER_COMMAND…: ours is watched; the other one, which is not, grows until it
# is killed, and is nobody's false abort.
beside_other() {
    local other=$1
    shift
    beside_first "$@" || return 0
    without_shim
    inside "$other" "${other_command[@]}"
    [ "$status" = 137 ] || wrong="the other one was not killed"
    beside_end
    status=$beside_status
    kills=0
    # Now and then, on a busy machine, the kernel itself takes the innocent too while the first one's memory comes free.
    [ "$status" != 137 ] || kills=1
}
run_sibling() { beside_other "$group" "$@"; }

# The limit is the parent's.
run_below() {
    cg_make "$group/own" 512M
    inside "$group/own" "$@"
    kills=$(($(cg_oom_kills "$group/own")))
}
run_cousin() {
    local parent=$group
    cg_make "$parent/own" 512M
    cg_make "$parent/other" 512M
    group=$parent/own
    beside_other "$parent/other" "$@"
    group=$parent
}

# Both are watched: the one that grows ends itself, the other one lives.
run_both() {
    beside_first "$@" || return 0
    inside "$group" "${other_command[@]}"
    beside_end
    [ "$beside_status" = 0 ] || wrong="the innocent ended with $beside_status"
}

# SIGKILL to `idle` as soon as it holds its memory.
run_outside() {
    beside "$group" "$@" || { wrong="it never began"; return; }
    kill -KILL "$(pid_in "$group" idle)" || wrong="it could not be killed"
    beside_end
    status=$beside_status
}

# park: holds 150 MiB for as many seconds, beside what is run.
run_beside_holder() {
    local seconds=$1 tries
    shift
    (without_shim && trap - EXIT && cg_run "$group" "$PROGRAMS/hold" "$HOLDER_MIB" "$seconds" "$WORK/ready") &
    for ((tries = 0; tries < 400; tries++)); do
        [ ! -e "$WORK/ready" ] || break
        sleep 0.05
    done
    inside "$group" "$@"
}

# 16: everybody is killed at once.
run_together() {
    echo 1 >"$(cg_path "$group")/memory.oom.group"
    inside "$group" "$@"
    local journal
    for journal in $(journals); do
        "$LASTWORDS_COMMAND" report --json "$journal" | grep -q '"kind": "complete"' || wrong="a report is not complete"
    done
    [ "$(journals | wc -l)" -ge 3 ] || wrong="a journal is missing"
}

# Throttled at 59 of 64 MiB and the like: MEMORY.HIGH is the first word.
run_high() {
    cg_bytes "$1" >"$(cg_path "$group")/memory.high"
    shift
    inside "$group" "$@"
}

# The library has to say that it does not watch.
run_unwatched() {
    inside "$group" "$@"
    grep -q "this process is not watched" "$WORK/stderr" || wrong="not said"
}

# The journal's directory cannot be written to: SIZE or ro first, as the options of its mount.
run_elsewhere() {
    local place=$WORK/place
    mkdir "$place"
    mount -t tmpfs -o "$1" none "$place"
    shift
    TEST_LASTWORDS=${TEST_LASTWORDS/dir=$WORK/dir=$place}
    TMPDIR=$WORK inside "$group" "$@"
    umount "$place"
}

# Its journal is unlinked while it runs: the last words are on standard error.
run_unlinked() {
    NARROW_DIR=$WORK inside "$group" "$@"
    grep -q "was about to be OOM-killed" "$WORK/stderr" || wrong="no last words"
}
