# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the scenario tests share. A test makes its cgroup with cg_make, runs with `inside` and judges with `judge`.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${TEST_BUILD:-$REPO/build} # TEST_BUILD: another build of the same checkout
SHIM=$BUILD/liblastwords.so
LASTWORDS_COMMAND=$BUILD/lastwords
PROGRAMS=$BUILD/tests/programs
PYTHON=/usr/bin/python3 # the python3 that the distribution's pandas belongs to
ETL_ROWS=1000000        # needs 740 MiB, of which read_csv some 450
ETL_LIMIT=300M
# shellcheck source=tests/support/cgroup.bash
. "$REPO/tests/support/cgroup.bash"

# The kernel's own version where the distribution tells it apart from that of its interfaces.
kernel_version() {
    local version
    version=$(uname -v | sed -n 's/.* Debian \([0-9.]*[0-9]\).*/\1/p')
    echo "${version:-$(uname -r | sed 's/-.*//')}"
}

# A directory for the test's journals and files, on a real file system: page cache must be page cache.
scenario_setup() {
    unset LASTWORDS LD_PRELOAD
    cg_available || skip "$CG_WHY"
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-test.XXXXXX")
    TEST_PRELOAD= TEST_LASTWORDS=
}

scenario_teardown() {
    cg_remove_all
    [ -z "${WORK:-}" ] || rm -rf "$WORK"
}

# with_shim [KEY=VALUE[:KEY=VALUE…]]: the next `inside` runs preloaded; journals go to $WORK
with_shim() {
    [ -e "$SHIM" ] || { echo "$SHIM is missing" >&2; return 1; }
    export TEST_PRELOAD=$SHIM TEST_LASTWORDS=dir=$WORK${1:+:$1}
}

without_shim() { TEST_PRELOAD= TEST_LASTWORDS=; }

# inside GROUP COMMAND…: like cg_run, but never fails; leaves $status, $output and $elapsed_ms. Standard error and
# output are kept in $WORK as well.
inside() {
    local from_ms
    from_ms=$(date +%s%3N)
    status=0
    cg_run "$@" >"$WORK/stdout" 2>"$WORK/stderr" || status=$?
    elapsed_ms=$(($(date +%s%3N) - from_ms))
    output=$(cat "$WORK/stdout")
    # Shown by bats when the test fails.
    echo "exit status $status after $elapsed_ms ms; OOM kills $(cg_oom_kills "$1"), peak $(cg_peak "$1")"
    head -n 40 "$WORK/stdout" "$WORK/stderr" | cut -c 1-200
}

# beside GROUP COMMAND…: starts it in the background and waits until it says that it holds its memory. Its output is in
# $WORK/beside; beside_end waits for its end and leaves $beside_status.
beside() {
    local tries
    (
        trap - EXIT
        cg_run "$@" >"$WORK/beside" 2>"$WORK/beside.err" 3>&-
    ) &
    BESIDE=$!
    for tries in $(seq 400); do
        ! grep -q holding "$WORK/beside" 2>/dev/null || return 0
        sleep 0.05
    done
    echo "it never held its memory: $(cat "$WORK/beside" "$WORK/beside.err")"
    return 1
}

beside_end() {
    beside_status=0
    wait "$BESIDE" || beside_status=$?
    cat "$WORK/beside" "$WORK/beside.err"
}

# The pid of the one process called so in a group.
pid_in() {
    local pid
    while read -r pid; do
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" != "$2" ] || echo "$pid"
    done <"$(cg_path "$1")/cgroup.procs"
}

# swap_on SIZE: swap in compressed memory, else in a file of $WORK; swap_off takes it away again. It is the machine's, but
# groups of cg_make have none of it unless cg_swap says so.
swap_on() {
    SWAP=
    local bytes
    bytes=$(cg_bytes "$1")
    if [ -w /sys/block/zram0/disksize ] && [ "$(cat /sys/block/zram0/disksize)" = 0 ] &&
        echo "$bytes" >/sys/block/zram0/disksize; then
        [ -e /dev/zram0 ] || mknod /dev/zram0 b $(tr : ' ' </sys/block/zram0/dev)
        SWAP=/dev/zram0
    else
        SWAP=$WORK/swap
        head -c "$bytes" /dev/zero >"$SWAP"
        chmod 600 "$SWAP"
    fi
    mkswap "$SWAP" >/dev/null && swapon "$SWAP"
}

swap_off() {
    [ -n "${SWAP:-}" ] || return 0
    swapoff "$SWAP"
    [ "$SWAP" != /dev/zram0 ] || echo 1 >/sys/block/zram0/reset
    SWAP=
}

journals() { find "$WORK" -maxdepth 1 -name '*.lw'; }

# expect NAME WANTED GOT
expect() {
    [ "$2" = "$3" ] || { echo "$1: expected $2, got $3"; return 1; }
}

killed() {
    expect "exit status" 137 "$status" && expect "OOM kills" 1 "$(cg_oom_kills "$1")"
}

stopped() {
    expect "exit status" 134 "$status" && expect "OOM kills" 0 "$(cg_oom_kills "$1")"
}

lived() {
    expect "exit status" 0 "$status" && expect "OOM kills" 0 "$(cg_oom_kills "$1")"
}

no_journal() { expect "journals left behind" "" "$(journals)"; }

# judge EXPRESSION…: every Python expression must be true of the one journal's machine-readable report
judge() {
    local found
    found=$(journals)
    [ "$(printf '%s\n' "$found" | grep -c .)" = 1 ] || { echo "expected one journal, found: ${found:-none}"; return 1; }
    "$PYTHON" "$REPO/tests/scenario/judge.py" "$LASTWORDS_COMMAND" "$found" "$@"
}

# judge_each EXPRESSION…: likewise for every journal by itself
judge_each() {
    local journal
    [ -n "$(journals)" ] || { echo "there is no journal"; return 1; }
    for journal in $(journals); do
        "$PYTHON" "$REPO/tests/scenario/judge.py" "$LASTWORDS_COMMAND" "$journal" "$@" || return 1
    done
}

# judge_all EXPRESSION…: of the journals merged into one view of the job
judge_all() { "$PYTHON" "$REPO/tests/scenario/judge.py" "$LASTWORDS_COMMAND" "$WORK" "$@"; }

# The process beside ($beside_status) lives on, unless the kernel itself took it besides the one that grew, as it does now
# and then on a busy machine while the first one's memory is still coming free.
innocent_lived() {
    [ "$beside_status" = 137 ] && [ "$(cg_oom_kills "${1:-sibling}")" -gt 1 ] && return 0
    expect "exit status of the innocent" 0 "$beside_status"
}

# The ETL's input, made once per test file.
etl_data() {
    ETL_DATA=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-etl.XXXXXX")
    export ETL_DATA
    "$PYTHON" "$REPO/examples/etl/generate.py" "${1:-$ETL_ROWS}" "$ETL_DATA/orders.csv" "$ETL_DATA/reference.csv"
}

etl() { echo "$PYTHON" "$REPO/examples/etl/transform.py" "$ETL_DATA/orders.csv" "$WORK/out.db"; }

# Libraries that are cached already are charged to whoever read them first: not to the cgroup of the test.
etl_warm() { "$PYTHON" -c 'import pandas, sqlite3' && cat "$ETL_DATA"/*.csv >/dev/null; }

# truth_run SAMPLE [PERCENT_SMALL [huge]]: the program `truth`, judged while it holds everything and again when it has
# ended. Small blocks are sampled: with six such sites one run in some sixty is beyond three standard errors by chance,
# so a run that is gets a second one, which must not be.
truth_run() {
    truth_once "$@" && return 0
    truth_end
    rm -f "$WORK"/*.lw "$WORK/truth.json" "$WORK/hold"
    echo "beyond what is allowed: once more"
    truth_once "$@"
}

truth_once() {
    local waited rss
    head -c 8388608 /dev/zero >"$WORK/file"
    LD_PRELOAD=$SHIM LASTWORDS="keep=always:activate=1M:dir=$WORK:sample=$1" \
        "$PROGRAMS/truth" "$WORK/truth.json" "$WORK/hold" "$WORK/file" ${3:-} 3>&- &
    TRUTH_PID=$!
    for waited in $(seq 300); do
        [ ! -e "$WORK/truth.json" ] || break
        sleep 0.1
    done
    sleep 2.5 # a scan has been made of it by then
    rss=$(awk '$1 == "RssAnon:" {print $2}' "/proc/$TRUTH_PID/status")
    echo "while it runs:"
    truth_judge "$rss" "${2:-0}" || return 1
    truth_end
    echo "when it has ended:"
    truth_judge "$rss" "${2:-0}"
}

truth_judge() {
    "$PYTHON" "$REPO/tests/scenario/judge_truth.py" "$LASTWORDS_COMMAND" "$(journals)" "$WORK/truth.json" "$1" "$2"
}

truth_end() {
    [ -n "${TRUTH_PID:-}" ] || return 0
    : >"$WORK/hold"
    wait "$TRUTH_PID" || true
    TRUTH_PID=
}
