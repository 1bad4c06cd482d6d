# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What the lists of tests inside a guest share. To be sourced; ONLY may hold a pattern that names have to match,
# GUEST_KIND what is special about the machine.

# shellcheck source=tests/scenario/common.bash
. "$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/scenario/common.bash"
CG_TIMEOUT=150
number=0
GUEST_KIND="guest, Linux $(kernel_version), ${GUEST_KIND:-cgroup v2}"

# check NAME FUNCTION: a fresh work directory and, afterwards, no cgroups
check() {
    local result
    [[ $1 =~ ${ONLY:-} ]] || return 0
    number=$((number + 1))
    WORK=$(mktemp -d /tmp/lastwords-test.XXXXXX)
    without_shim
    from=$SECONDS
    if (set -e; "$2") >/tmp/said 2>&1; then result=ok; else result="not ok"; fi
    echo "$result $number $GUEST_KIND: $1 ($((SECONDS - from)) s)"
    [ "$result" = ok ] || sed 's/^/# /' /tmp/said | cut -c 1-300 | head -n 300
    cg_remove_all
    rm -rf "$WORK"
}

# `set -e` is off inside a condition, so the steps of a test are chained here by what they return.
steps() {
    local step
    for step in "$@"; do
        $step || return 1
    done
}
