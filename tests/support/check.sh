#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds, runs the tests and counts.
#
# usage: check.sh [unit|house|fuzz|doors|python|programs|html|scenario|guest]…        (no argument: all of them, in this order)
#                 programs-long only when named: longer than anybody waits for
#
# Every shelf speaks TAP (Test Anything Protocol): "ok 1 name", "not ok 2 name", "ok 3 name # skip why". The last line
# of all is "N passed, N failed, N skipped"; the exit status is 1 when something failed or nothing ran.
set -eu

cd "$(dirname "$0")/../.."
shelves=("$@")
[ $# -gt 0 ] || shelves=(unit house fuzz doors python programs html scenario guest)
unset LASTWORDS LD_PRELOAD
# The job server of a calling make is not ours.
unset MAKEFLAGS MFLAGS MAKELEVEL

passed=0 failed=0 skipped=0
work=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-check.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
: >"$work/failures"

finish() {
    if [ -s "$work/failures" ]; then
        printf '\n== What failed\n'
        cat "$work/failures"
    fi
    printf '\n'
    [ $((passed + failed)) -gt 0 ] || echo "nothing ran"
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}

# count NAME STATUS: adds up the TAP of the last run; a run that ends badly without naming a test is a failure itself
count() {
    local name=$1 status=$2 bad skips good
    skips=$(grep -ciE '^ok .*# skip' "$work/tap" || true)
    good=$(grep -cE '^ok( |$)' "$work/tap" || true)
    bad=$(grep -cE '^not ok( |$)' "$work/tap" || true)
    if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }; then
        # Runners without TAP say it by their exit status alone.
        if [ "$status" -eq 0 ]; then
            good=1
        else
            bad=1
            { echo "not ok $name: exit status $status"; tail -n 40 "$work/tap" | sed 's/^/# /'; } >>"$work/failures"
        fi
    elif [ "$bad" -gt 0 ]; then
        awk -v name="$name" '/^not ok/ {shown = 1; print name ": " $0; next} /^(ok|1\.\.)/ {shown = 0} shown' \
            "$work/tap" >>"$work/failures"
    fi
    passed=$((passed + good - skips))
    failed=$((failed + bad))
    skipped=$((skipped + skips))
}

# run_tap NAME COMMAND…
run_tap() {
    local name=$1 status=0
    shift
    "$@" 2>&1 </dev/null | tee "$work/tap" || true
    status=${PIPESTATUS[0]}
    count "$name" "$status"
}

shelf_unit() {
    local binary
    for binary in build/tests/unit/*; do
        [ -f "$binary" ] && [ -x "$binary" ] || continue
        run_tap "${binary##*/}" env CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$binary"
    done
}

shelf_house() { run_tap house tests/support/house.sh; }

shelf_fuzz() { [ ! -e tests/fuzz/run.sh ] || run_tap fuzz bash tests/fuzz/run.sh; }

run_bats() {
    local file
    for file in "$@"; do
        [ ! -e "$file" ] || run_tap "$file" bats --tap "$file"
    done
}

shelf_programs() { run_bats tests/programs/programs.bats tests/programs/jemalloc.bats tests/bad_input/*.bats tests/commands/*.bats; }

shelf_html() {
    run_bats tests/html/*.bats
    run_tap page /usr/bin/python3 tests/html/page.py
}

shelf_doors() { run_bats tests/doors/*.bats; }

shelf_python() { run_bats tests/python/*.bats; }

shelf_programs-long() { run_bats tests/programs/long.bats; }

shelf_scenario() { run_bats tests/scenario/*.bats; }

shelf_guest() { run_tap guest tests/guest/run.sh; }

targets=(all programs)
for shelf in "${shelves[@]}"; do
    case $shelf in
        unit) targets+=(unit) ;;
        house | fuzz | doors | python | programs | programs-long | html | scenario | guest) ;;
        *)
            echo "usage: check.sh [unit|house|fuzz|doors|python|programs|html|scenario|guest]…" >&2
            exit 2
            ;;
    esac
done

printf '== build\n'
status=0
make --no-print-directory -j2 "${targets[@]}" >"$work/tap" 2>&1 || status=$?
# A quiet build is a good build; warnings are worth seeing.
grep -E 'warning:|error:|Error ' "$work/tap" || true
if [ "$status" -ne 0 ]; then
    count build "$status"
    finish
fi

for shelf in "${shelves[@]}"; do
    printf '\n== %s\n' "$shelf"
    from=$SECONDS
    "shelf_$shelf"
    echo "# $shelf: $((SECONDS - from)) s"
done
finish
