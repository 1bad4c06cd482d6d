# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the bats files share. To be sourced.
#
#   work_setup              a work directory $WORK, which becomes the current one; $REPO, $SHIM, $COMMAND
#   work_teardown           removes it
#   says STATUS ARGUMENT…   the command ends with this status and says something on standard error; leaves out and err
#   refute COMMAND…         it fails. (A bare "!" would not fail the test.)
#   needs PROGRAM           skips the test where it is not installed

work_setup() {
    unset LASTWORDS LD_PRELOAD NO_COLOR
    REPO=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    SHIM=$REPO/build/liblastwords.so
    COMMAND=$REPO/build/lastwords
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-test.XXXXXX")
    [ -e "$SHIM" ] && [ -e "$COMMAND" ] || { echo "the build is missing" >&2; return 1; }
    cd "$WORK"
}

work_teardown() {
    cd /
    chmod -R u+w "$WORK"
    rm -rf "$WORK"
}

says() {
    local wanted=$1
    shift
    status=0
    timeout 20 "$COMMAND" "$@" >out 2>err </dev/null 3>&- || status=$?
    echo "exit status $status"
    head -c 1000 err
    [ "$status" -eq "$wanted" ] && [ -s err ]
}

refute() {
    if "$@"; then
        echo "did not expect: $*"
        return 1
    fi
}

needs() { command -v "$1" >/dev/null || skip "$1 is not installed"; }
