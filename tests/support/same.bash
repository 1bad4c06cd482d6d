# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# The same program alone and under the preload. To be sourced by a bats file.
#
#   same COMMAND…           runs it alone, with the preload (dormant as by default) and with everything at work from the
#                           first byte on; fails when output, errors or status differ or a journal is left behind
#   run_as NAME SETTING COMMAND…   one of these runs ("-": alone); leaves NAME.out, NAME.err, NAME.status in $WORK
#   KILLED=1                somebody is killed by a signal: journals may stay
#   BEHIND=LIB              another preload, behind ours; BEFORE=LIB before ours. Alone it is preloaded as well.
#   WORKING=SETTING         for the third run: another one than activate=1:sample=4K
#   DORMANT=SETTING         for the second run: another one than action=abort
#   PATIENCE=SECONDS        for each run, 120 unless told

. "$(dirname "${BASH_SOURCE[0]}")/work.bash"

setup() {
    work_setup
    DOORS=$REPO/build/tests/doors
}

teardown() { work_teardown; }

# run_as NAME LASTWORDS|- COMMAND…: leaves NAME.out, NAME.err, NAME.status
run_as() {
    local name=$1 setting=$2 status=0
    shift 2
    local preload="${BEFORE:+$BEFORE:}$SHIM${BEHIND:+:$BEHIND}" others="${BEFORE:-}${BEHIND:-}"
    # Who hangs is killed: a process that lost its main thread would not hear a politer signal.
    if [ "$setting" = - ]; then
        timeout -s KILL "${PATIENCE:-120}" env ${others:+LD_PRELOAD="$others"} "$@" \
            >"$name.out" 2>"$name.err" </dev/null 3>&- || status=$?
    else
        timeout -s KILL "${PATIENCE:-120}" env LD_PRELOAD="$preload" LASTWORDS="dir=$WORK:$setting" "$@" \
            >"$name.out" 2>"$name.err" </dev/null 3>&- || status=$?
    fi
    echo "$status" >"$name.status"
}

# same COMMAND…: alone, with the preload, and with the preload at work
same() {
    local name part wrong=0
    run_as alone - "$@"
    run_as dormant "${DORMANT:-action=abort}" "$@"
    run_as working "${WORKING:-action=abort:activate=1:sample=4K}" "$@"
    for name in dormant working; do
        for part in status out err; do
            if ! cmp -s "alone.$part" "$name.$part"; then
                echo "$name: $part differs (< alone, > with the preload):"
                diff -a "alone.$part" "$name.$part" | head -n 20 | cut -c 1-300 || true
                wrong=1
            fi
        done
    done
    # Who is killed by a signal cannot tidy up, and its journal may be wanted: those are for the caller to judge.
    if [ "${KILLED:-0}" = 0 ] && compgen -G '*.lw' >/dev/null; then
        echo "journals left behind:" *.lw
        wrong=1
    fi
    return $wrong
}
