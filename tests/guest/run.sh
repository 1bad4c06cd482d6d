#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The scenarios that need cgroup v2, in three boots of a guest with this distribution's kernel, and the decisive few of
# them in a fourth with a newer one. TAP on standard output.
#
#   GUEST_ONLY      a regular expression: only the tests whose name matches
#   GUEST_KERNEL    a release of Debian: all of them with that kernel, in three boots
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
newer=trixie # 6.12

for part in build/liblastwords.so build/lastwords build/tests/programs/leak; do
    [ -e "$part" ] || { echo "not ok 1 guest: $part is missing"; exit 1; }
done

# The guest sees the checkout read-only, and is slow: what it reads is made here.
data=$PWD/build/guest/data
mkdir -p "$data"
/usr/bin/python3 examples/etl/generate.py 300000 "$data/orders.csv" "$data/reference.csv"
truncate -s $((5 * (48 << 20))) "$data/stream"

# boot NAME SCRIPT [ARGUMENT…]: one guest, one list of tests
boot() {
    local name=$1 status=0
    shift
    "$here/guest.sh" "$@" 2>"$data/errors" || status=$?
    cat "$data/errors" >&2
    case $status in
        0) ;;
        97) echo "ok 1 $name # skip $(tail -n 1 "$data/errors")" ;;
        *)
            echo "not ok $name: the list of tests ended with $status"
            sed 's/^/# /' "$data/errors"
            failed=1
            ;;
    esac
}

# True when the first version is the second or newer.
reaches() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

boot_newer() {
    local version
    version=$(cat build/guest/version 2>/dev/null) || version=
    if reaches "${version:-0}" 6.12; then
        echo "ok 1 guest, a newer kernel # skip the distribution's own is $version"
    else
        GUEST_KERNEL=$newer boot "guest, the kernel of $newer" "$here/newer.sh" "$data" "$data/stream" "${GUEST_ONLY:-}"
    fi
}

failed=0
boot "guest, cgroup v2" "$here/inside.sh" "$data" "$data/stream" "${GUEST_ONLY:-}"
boot "guest, limits" "$here/limits.sh" "${GUEST_ONLY:-}"
[ -n "${GUEST_KERNEL:-}" ] || boot_newer
export GUEST_MEMORY=512 GUEST_OPTIONS=psi=0
boot "guest, 512 MiB" "$here/small.sh" "${GUEST_ONLY:-}"
exit $failed
