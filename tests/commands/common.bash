# SPDX-License-Identifier: MIT
# What the tests of the commands share: a work directory, the binaries, and made journals with exact numbers.

commands_setup() {
    unset LASTWORDS LD_PRELOAD NO_COLOR
    REPO=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    SHIM=$REPO/build/liblastwords.so
    COMMAND=$REPO/build/lastwords
    COMPOSE=$REPO/build/tests/html/compose
    PROGRAMS=$REPO/build/tests/programs
    PYTHON=/usr/bin/python3
    WORK=$(mktemp -d "${TMPDIR:-/tmp}/lastwords-test.XXXXXX")
    [ -e "$SHIM" ] && [ -e "$COMMAND" ] && [ -e "$COMPOSE" ] || { echo "the build is missing" >&2; return 1; }
    cd "$WORK"
}

commands_teardown() {
    cd /
    rm -rf "$WORK"
}

# The journal of a real run: real_journal FILE COMMAND…
real_journal() {
    local file=$1
    shift
    mkdir real
    env LD_PRELOAD="$SHIM" LASTWORDS="dir=$WORK/real:keep=always:activate=8M" "$@" >/dev/null 2>real.err 3>&- || true
    mv real/*.lw "$file"
    rmdir real
}

# says STATUS ARGUMENT…: the command ends with this status and says something on standard error
says() {
    local wanted=$1
    shift
    status=0
    timeout 20 "$COMMAND" "$@" >out 2>err </dev/null 3>&- || status=$?
    echo "exit status $status"
    head -c 1000 err
    [ "$status" -eq "$wanted" ] && [ -s err ]
}

# refute COMMAND…: it fails. (A bare "!" would not fail the test.)
refute() {
    if "$@"; then
        echo "did not expect: $*"
        return 1
    fi
}
