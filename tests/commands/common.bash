# SPDX-License-Identifier: MIT
# What the tests of the commands share besides: made journals with exact numbers, and those of real runs.

. "$(dirname "${BASH_SOURCE[0]}")/../support/work.bash"

commands_setup() {
    work_setup
    COMPOSE=$REPO/build/tests/html/compose
    PROGRAMS=$REPO/build/tests/programs
    PYTHON=/usr/bin/python3
    [ -e "$COMPOSE" ] || { echo "the build is missing" >&2; return 1; }
}

commands_teardown() { work_teardown; }

# The journal of a real run: real_journal FILE COMMAND…
real_journal() {
    local file=$1
    shift
    mkdir real
    env LD_PRELOAD="$SHIM" LASTWORDS="dir=$WORK/real:keep=always:activate=8M" "$@" >/dev/null 2>real.err 3>&- || true
    mv real/*.lw "$file"
    rmdir real
}
