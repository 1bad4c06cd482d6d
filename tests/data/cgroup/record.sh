#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Records the trees of this directory anew: v1 from this machine where it has it, v1 and v2 from guests with the kernels
# named. Needs root and a build; the guests take some minutes.
#
# usage: record.sh [host|distribution|RELEASE]…        (RELEASE of Debian as for tests/guest/guest.sh; all that stand
#                                                      here are: host distribution trixie)
#        VERSIONS=v2 TREES="docker systemd" record.sh distribution        some of them alone
#
# One directory for each kernel. expected.py then writes what has to be read from them into expected.h.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- host distribution trixie
input=$repo/build/guest/data/input
mkdir -p "${input%/*}"
[ -e "$input" ] || head -c $((128 << 20)) /dev/zero >"$input"

# split KERNEL <STREAM: one file for each tree
split() {
    local into=$here/$1
    tr -d '\r' >"$work/stream"
    if ! grep -q '^#### end' "$work/stream"; then
        cat "$work/stream" >&2
        echo "record: the trees of $1 are not complete" >&2
        exit 1
    fi
    sed '1,/^#### end/d' "$work/stream" >&2
    mkdir -p "$into"
    sed '/^#### end/,$d' "$work/stream" |
        awk -v into="$into" '/^#### / {if (file) close(file); file = into "/" $2 ".tree"; printf "" >file; next} {print >>file}'
    echo "record: $1: $(find "$into" -name '*.tree' | wc -l) trees" >&2
}

in_guest() {
    local version
    for version in ${VERSIONS:-v2 v1}; do
        # shellcheck disable=SC2086
        GUEST_KERNEL=$1 "$repo/tests/guest/guest.sh" "$here/trees.sh" "$version" "$repo/build/tests/programs" "$input" ${TREES:-} |
            split "$(cut -d. -f1,2 "$repo/build/guest/$1/version")"
    done
}

for machine in "$@"; do
    case $machine in
        host) "$here/trees.sh" v1 "$repo/build/tests/programs" "$input" | split "$(uname -r | cut -d. -f1,2)" ;;
        distribution) in_guest "" ;;
        *) in_guest "$machine" ;;
    esac
done
/usr/bin/python3 "$here/expected.py" "$here" >"$here/expected.h"
